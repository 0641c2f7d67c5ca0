"""The kit walks the real flow: pages, JSON, another phone, native apps; faults by number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from numverify.models import Status, VerificationAttempt
from numverify.testing import (
    CANNOT_TELL,
    NOT_VERIFIED,
    VERIFIED,
    Walk,
    assert_failed,
    assert_not_verified,
    assert_verification_required,
    assert_verified,
)
from numverify.virtual_operator.rules import Call, fault_number
from numverify.virtual_operator.server import VirtualOperator

pytestmark = pytest.mark.urls("tests.testing.urls")
Verify = Callable[..., Walk]


@pytest.fixture
def client(alice: User) -> Client:
    """Alice's browser; it enforces what real ones are held to."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    return client


def test_the_three_lines(
    client: Client, alice: User, enrol: Callable[..., Any], verify_number: Verify
) -> None:
    enrol(alice)
    gate = client.get("/transfer/")
    assert_verification_required(gate, next="/transfer/")
    walk = verify_number(client, after=gate)
    assert_verified(walk)
    assert walk.verified
    assert (walk.response.status_code, walk.response["Location"]) == (303, "/transfer/")
    assert client.get("/transfer/").content == b"transferred"


def test_it_is_the_real_flow(
    client: Client, verify_number: Verify, numverify_operator: VirtualOperator
) -> None:
    walk = verify_number(client, VERIFIED)
    assert numverify_operator.counts == {"enablement": 1, "auth": 1, "token": 1, "verify": 1}
    assert {served.correlator for served in numverify_operator.served if served.call != "auth"} == {
        walk.attempt.correlator
    }
    assert walk.attempt.verify_ms is not None


@pytest.mark.parametrize(
    ("number", "expect"),
    [
        (VERIFIED, assert_verified),
        (NOT_VERIFIED, assert_not_verified),
        (CANNOT_TELL, lambda walk: assert_failed(walk, "operator_error")),
        (fault_number(Call.AUTH, 403), lambda walk: assert_failed(walk, "access_denied")),
        (fault_number(Call.VERIFY, 403), lambda walk: assert_failed(walk, "not_mobile_network")),
        (fault_number(Call.ENABLEMENT, 503), lambda walk: assert_failed(walk, "upstream_error")),
        ("+447700900123", lambda walk: assert_failed(walk, "not_supported")),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_the_number_decides(
    client: Client, verify_number: Verify, number: str, expect: Any, as_json: bool
) -> None:
    if as_json:
        client.get("/numverify/login")  # a single-page app has the site's token
    walk = verify_number(client, number, as_json=as_json)
    assert walk.attempt.binding == "session"
    assert walk.attempt.channel == ("api" if as_json else "web")
    expect(walk)


def test_a_phone_that_does_not_come_back(client: Client, verify_number: Verify) -> None:
    walk = verify_number(client, fault_number(Call.AUTH, 404))
    assert walk.attempt.status == Status.PENDING
    assert walk.response.status_code == 200


@pytest.mark.parametrize("number", [VERIFIED, NOT_VERIFIED, CANNOT_TELL])
def test_another_phone_and_its_code(client: Client, verify_number: Verify, number: str) -> None:
    walk = verify_number(client, number, binding="completion", next="/open/")
    assert walk.attempt.binding == "completion"
    if number == VERIFIED:
        assert_verified(walk)
        assert walk.response["Location"] == "/open/"
    else:
        assert walk.attempt.status == ("not_verified" if number == NOT_VERIFIED else "failed")


@pytest.mark.parametrize("number", [VERIFIED, NOT_VERIFIED])
def test_a_native_app_brings_both_halves(
    db: None, verify_number: Verify, number: str, numverify_settings: dict[str, Any]
) -> None:
    walk = verify_number(Client(), number, as_json=True)
    assert walk.attempt.binding == "completion"
    assert walk.attempt.user is None
    assert walk.verified is (number == VERIFIED)
    assert ("completion_code" in walk.response.json()) is False


@pytest.fixture
def numverify_settings() -> dict[str, Any]:
    return {"ALLOW_ANONYMOUS_START": True, "LIMITS": {"phone": None, "user": (2, 600)}}


def test_limits_can_be_tested(client: Client, verify_number: Verify) -> None:
    for _ in range(2):
        verify_number(client, VERIFIED)
    with pytest.raises(AssertionError, match="HTTP 429"):
        verify_number(client, VERIFIED)


def test_a_start_that_is_refused_says_so(
    verify_number: Verify, client: Client, configure: Any
) -> None:
    configure(ALLOW_ANONYMOUS_START=False)
    with pytest.raises(AssertionError, match="HTTP 403, csrf_failed"):
        verify_number(client, VERIFIED, as_json=True)
    with pytest.raises(AssertionError, match=r"HTTP 30[23] to /numverify/numbers/add"):
        verify_number(client, purpose="step_up")
    with pytest.raises(AssertionError, match="HTTP 302 to /accounts/login/"):
        verify_number(Client())
    assert VerificationAttempt.objects.count() == 0


def test_an_enrolled_number_cannot_be_talked_over(
    client: Client, alice: User, enrol: Callable[..., Any], verify_number: Verify
) -> None:
    enrol(alice, VERIFIED)
    with pytest.raises(AssertionError, match="enrolled number was asked for") as caught:
        verify_number(client, NOT_VERIFIED)
    assert VERIFIED not in str(caught.value)


def test_a_payment_is_proven_with_what_it_is_bound_to(
    client: Client, alice: User, enrol: Callable[..., Any], verify_number: Verify
) -> None:
    enrol(alice)
    gate = client.get("/pay/?amount=5")
    assert_verification_required(gate)
    assert_verified(verify_number(client, after=gate))
    assert client.get("/pay/?amount=5").content == b"paid 5"
    assert_verification_required(client.get("/pay/?amount=500"))


def test_programs_go_on_from_json(
    client: Client, alice: User, enrol: Callable[..., Any], verify_number: Verify
) -> None:
    enrol(alice)
    refusal = client.get("/transfer/", headers={"accept": "application/json"})
    assert_verification_required(refusal)
    assert_verified(verify_number(client, after=refusal))
    assert client.get("/transfer/").status_code == 200


def test_after_an_answer_that_leads_nowhere(client: Client, verify_number: Verify) -> None:
    with pytest.raises(AssertionError, match="leads to no verification: HTTP 200"):
        verify_number(client, after=client.get("/open/"))


def test_follow_goes_on_from_any_start(
    client: Client, follow_numverify: Callable[..., Any], numverify_settings: Any
) -> None:
    page = client.get("/numverify/login")
    token = page.context["csrf_token"]
    begun = client.post(
        "/numverify/login", {"phone": VERIFIED, "csrfmiddlewaretoken": str(token), "next": "/open/"}
    )
    assert follow_numverify(client, begun)["Location"] == "/open/"
    assert_verified(VerificationAttempt.objects.get())


def test_a_site_that_is_https_only(
    client: Client, settings: Any, request: pytest.FixtureRequest
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", *settings.MIDDLEWARE]
    verify_number = request.getfixturevalue("verify_number")
    assert_verified(verify_number(client, VERIFIED, next="/open/"))
