"""Who may start an attempt, for which number: nothing is sent to anybody before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User

from numverify import admission, flow, tokens
from numverify.exceptions import (
    AuthenticationRequired,
    ConfigurationError,
    ConsentRequired,
    InvalidPhoneNumber,
    LimitExceeded,
    NotEnrolled,
    Unavailable,
)
from numverify.models import Channel, Purpose, Status, VerificationAttempt

from .fakes import Script

pytestmark = pytest.mark.django_db
NUMBER, OTHER = "+99012345678", "+99087654320"
STRANGER = flow.Party(nonce="n", client_ip="192.0.2.1")


@pytest.fixture
def ada() -> User:
    return get_user_model().objects.create_user("ada")


@pytest.fixture
def party(ada: User) -> flow.Party:
    return flow.Party(user=ada, nonce="n", client_ip="192.0.2.1")


@pytest.fixture
def enrolled(configure: Any) -> None:
    configure(ENROLLED_NUMBER=lambda user: NUMBER if user.username == "ada" else None)


def assert_nothing_happened(script: Script) -> None:
    assert script.started == []
    assert not VerificationAttempt.objects.exists()


# -- who -----------------------------------------------------------------------------
def test_a_user_may_start(script: Script, order: flow.Order, party: flow.Party) -> None:
    begun = admission.start(replace(order, phone="+990 1234-5678"), party)
    assert begun.attempt.status == Status.PENDING
    assert begun.attempt.phone == NUMBER
    assert begun.attempt.user == party.user
    assert [number for number, _ in script.started] == [NUMBER]


def test_strangers_start_only_where_the_site_lets_them(
    script: Script, order: flow.Order, configure: Any
) -> None:
    configure(ALLOW_ANONYMOUS_START=False)
    with pytest.raises(AuthenticationRequired):
        admission.start(order, STRANGER)
    assert_nothing_happened(script)
    configure(ALLOW_ANONYMOUS_START=True)
    assert admission.start(order, STRANGER).attempt.user is None


def test_strangers_never_step_up(script: Script, order: flow.Order) -> None:
    for channel in Channel:
        with pytest.raises(AuthenticationRequired):
            admission.start(replace(order, purpose=Purpose.STEP_UP, channel=channel), STRANGER)
    assert_nothing_happened(script)


def test_the_sites_own_commands_need_no_user(
    script: Script, order: flow.Order, configure: Any
) -> None:
    configure(ALLOW_ANONYMOUS_START=False)
    begun = admission.start(replace(order, channel=Channel.COMMAND), flow.Party())
    assert begun.attempt.status == Status.PENDING


# -- which number (T4) ---------------------------------------------------------------
@pytest.mark.usefixtures("enrolled")
@pytest.mark.parametrize("purpose", [Purpose.CHECK, Purpose.STEP_UP, Purpose.LOGIN])
@pytest.mark.parametrize("asked", ["", OTHER, "junk"])
def test_an_enrolled_number_is_the_one_that_is_checked(
    script: Script, order: flow.Order, party: flow.Party, purpose: Purpose, asked: str
) -> None:
    begun = admission.start(replace(order, phone=asked, purpose=purpose), party)
    assert begun.attempt.phone == NUMBER
    assert script.started[0][0] == NUMBER


def test_a_step_up_needs_an_enrolled_number(
    script: Script, order: flow.Order, party: flow.Party
) -> None:
    with pytest.raises(NotEnrolled):
        admission.start(replace(order, purpose=Purpose.STEP_UP), party)
    assert_nothing_happened(script)


def test_a_broken_enrolled_number_is_not_replaced_by_another(
    script: Script, order: flow.Order, party: flow.Party, configure: Any
) -> None:
    configure(ENROLLED_NUMBER=lambda user: "0301234")
    with pytest.raises(ConfigurationError):
        admission.start(replace(order, phone=OTHER), party)
    assert_nothing_happened(script)


@pytest.mark.parametrize(("asked", "code"), [("", "required"), ("12", "invalid_phone")])
def test_without_one_the_request_must_name_it(
    script: Script, order: flow.Order, party: flow.Party, asked: str, code: str
) -> None:
    with pytest.raises(InvalidPhoneNumber) as raised:
        admission.start(replace(order, phone=asked), party)
    assert raised.value.code == code
    assert_nothing_happened(script)


# -- consent -------------------------------------------------------------------------
@pytest.mark.parametrize(("text", "consent"), [("", True), ("", False), ("We ask ...", False)])
def test_no_german_number_leaves_before_its_holder_agreed(
    script: Script, order: flow.Order, configure: Any, text: str, *, consent: bool
) -> None:
    configure(CONSENT_TEXT=text, LIMITS={"anonymous_phone": (1, 600)})
    german = replace(order, phone="+49 30 1234567")
    for _ in range(20):
        with pytest.raises(ConsentRequired):
            admission.start(german, STRANGER, consent=consent)
    assert_nothing_happened(script)
    configure(CONSENT_TEXT="We ask ...")
    admission.start(german, STRANGER, consent=True)  # the refused ones counted nowhere


def test_the_version_of_the_text_is_kept(script: Script, order: flow.Order, configure: Any) -> None:
    configure(CONSENT_TEXT="We ask ...")
    german = replace(order, phone="+49301234567")
    attempt = admission.start(german, STRANGER, consent=True).attempt
    assert attempt.consent_version == tokens.digest("We ask ...")
    assert attempt.consented_at == attempt.created_at


def test_other_countries_are_not_asked(script: Script, order: flow.Order, configure: Any) -> None:
    configure(CONSENT_TEXT="We ask ...")
    attempt = admission.start(order, STRANGER, consent=True).attempt
    assert (attempt.consent_version, attempt.consented_at) == ("", None)


@pytest.mark.parametrize(
    ("countries", "number", "needed"),
    [
        (("49",), "+49301234567", True),
        (("+49",), "+49301234567", True),
        (("49",), "+4930123456", True),
        (("49",), "+43123456789", False),
        (("4",), "+49301234567", False),
        (("*",), NUMBER, True),
        ((), "+49301234567", False),
    ],
)
def test_which_numbers_need_consent(
    configure: Any, countries: tuple[str, ...], number: str, *, needed: bool
) -> None:
    configure(CONSENT_COUNTRIES=countries)
    assert admission.needs_consent(number) is needed


# -- how often -----------------------------------------------------------------------
def test_limits_come_before_the_network(
    script: Script, order: flow.Order, party: flow.Party, configure: Any
) -> None:
    configure(LIMITS={"phone": (2, 3600)})
    for _ in range(2):
        admission.start(order, party)
    with pytest.raises(LimitExceeded) as raised:
        admission.start(order, party)
    assert raised.value.retry_after
    assert len(script.started) == VerificationAttempt.objects.count() == 2


def test_a_cache_that_is_gone_stops_starts(
    script: Script, order: flow.Order, settings: Any
) -> None:
    settings.CACHES = {"default": {"BACKEND": "tests.test_limits.BrokenCache"}}
    with pytest.raises(Unavailable):
        admission.start(order, STRANGER)
    assert_nothing_happened(script)


@pytest.mark.usefixtures("enrolled")
def test_strangers_do_not_lock_a_holder_out(
    script: Script, order: flow.Order, party: flow.Party
) -> None:
    """T26; accounts that are not the holder's are strangers, too."""
    mallory = get_user_model().objects.create_user("mallory")
    for stranger in (STRANGER, flow.Party(user=mallory, client_ip="192.0.2.2")):
        for _ in range(30):
            try:
                admission.start(replace(order, phone=NUMBER), stranger)
            except LimitExceeded:
                break
        else:
            pytest.fail("strangers are limited")
    begun = admission.start(replace(order, purpose=Purpose.STEP_UP), party)
    assert begun.attempt.status == Status.PENDING
