"""Proofs bound to one transaction: they serve that, once, and nothing else."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import pytest
import time_machine
from asgiref.sync import async_to_sync
from cryptography.fernet import Fernet
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import BadRequest
from django.db import transaction
from django.http import HttpRequest
from django.test import AsyncClient, RequestFactory
from django.utils import timezone

from numverify import binds, signals, stepup, tokens
from numverify.defaults import DEFAULT_LIMITS
from numverify.gates import Gate
from numverify.models import VerificationAttempt

from .fakes import Script
from .gated import asked, is_in, prove, start
from .views.clients import PHONE, Browser, back, error_of

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.gated")]
TEN, NINETY = "/pay/eve/10.00", "/pay/eve/90.00"


@pytest.fixture
def ada(configure: Any, script: Script) -> User:
    configure(ENROLLED_NUMBER=lambda user: PHONE, LIMITS=dict.fromkeys(DEFAULT_LIMITS))
    return get_user_model().objects.create_user("ada", password="one")


@pytest.fixture
def browser(ada: User) -> Browser:
    return Browser(ada)


@pytest.fixture
def proven(browser: Browser, script: Script) -> Browser:
    """A browser that has proven, for ten to Eve."""
    assert prove(browser, script, browser.submit(TEN)) == TEN
    return browser


def last_attempt() -> VerificationAttempt:
    return VerificationAttempt.objects.latest("pk")


# -- one transaction, once -----------------------------------------------------------
def test_a_proof_serves_its_transaction_once(proven: Browser) -> None:
    assert is_in(proven.submit(TEN))
    asked(proven.submit(TEN))


@pytest.mark.parametrize("other", [NINETY, "/pay/mallory/10.00", "/pay/eve/10.000"])
def test_another_payee_or_amount_asks_again(proven: Browser, other: str) -> None:
    asked(proven.submit(other))
    asked(proven.get(other))
    assert is_in(proven.submit(TEN)), "the proof was not spent by the other"


def test_looking_does_not_use_it_up(proven: Browser) -> None:
    """Browsers repeat, prefetch and restore a GET as they like."""
    for _ in range(3):
        assert is_in(proven.get(TEN))
    assert is_in(proven.submit(TEN))
    asked(proven.get(TEN))


def test_another_view_with_the_same_transaction_asks_again(proven: Browser) -> None:
    asked(proven.submit("/refund/eve/10.00"))


def test_views_of_one_name_are_told_apart(browser: Browser, script: Script) -> None:
    """Inherited methods and what factories make share their names."""
    for first, second in (("/same/a", "/same/b"), ("/dispatch/a", "/dispatch/b")):
        prove(browser, script, browser.submit(first))
        asked(browser.submit(second))
        assert is_in(browser.submit(first))


def test_a_bound_proof_opens_nothing_else(proven: Browser) -> None:
    asked(proven.get("/bare"))
    asked(proven.get("/classes/plain"))
    assert proven.get("/tag", {"template": "{{ request|number_verified }}"}).content == b"False"


def test_an_elevation_serves_no_transaction(browser: Browser, script: Script) -> None:
    prove(browser, script, browser.get("/bare"))
    asked(browser.submit(TEN))
    assert is_in(browser.get("/bare"))


def test_two_proofs_side_by_side(proven: Browser, script: Script) -> None:
    """Two tabs: neither takes the other's proof, nor the general one."""
    prove(proven, script, proven.get("/bare"))
    prove(proven, script, proven.submit(NINETY))
    assert is_in(proven.get("/bare"))
    assert is_in(proven.submit(TEN))
    assert is_in(proven.submit(NINETY))
    assert is_in(proven.get("/bare"))


def test_the_session_keeps_the_latest_few(browser: Browser, script: Script) -> None:
    paths = [f"/pay/eve/{amount}" for amount in range(6)]
    for path in paths:
        prove(browser, script, browser.submit(path))
    asked(browser.submit(paths[0]))
    assert all(is_in(browser.submit(path)) for path in paths[1:])


def test_a_text_for_an_async_view(browser: Browser, script: Script) -> None:
    prove(browser, script, browser.submit("/erase"))
    client = AsyncClient()
    client.cookies = browser.client.cookies
    assert is_in(async_to_sync(client.post)("/erase"))
    assert async_to_sync(client.post)("/erase").status_code == 302


def test_what_was_typed_into_a_form(browser: Browser, script: Script) -> None:
    assert is_in(browser.get("/typed"))
    prove(browser, script, browser.submit("/typed", amount="10"))
    asked(browser.submit("/typed", amount="90"))
    assert is_in(browser.submit("/typed", amount="10"))


def test_without_a_transaction_an_unsafe_request_is_refused(browser: Browser) -> None:
    """Or it would be enough to leave the amount out."""
    assert browser.submit("/typed").status_code == 400


@pytest.mark.parametrize(("seconds", "passes"), [(60, True), (60.001, False)])
def test_it_ages(browser: Browser, script: Script, seconds: float, *, passes: bool) -> None:
    path = "/refund/eve/10.00"
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        prove(browser, script, browser.submit(path))
        clock.shift(seconds)
        assert is_in(browser.submit(path)) is passes


def test_a_no_proves_nothing(browser: Browser, script: Script) -> None:
    script.verified = False
    prove(browser, script, browser.submit(TEN))
    asked(browser.submit(TEN))


# -- what ends it --------------------------------------------------------------------
def test_log_out_ends_it(proven: Browser, ada: User) -> None:
    proven.submit("/accounts/leave/")
    proven.client.force_login(ada)
    asked(proven.submit(TEN))


def test_another_user_has_none(proven: Browser) -> None:
    proven.client.force_login(get_user_model().objects.create_user("bob"))
    asked(proven.submit(TEN))


def test_another_number_ends_it(proven: Browser, configure: Any) -> None:
    configure(ENROLLED_NUMBER=lambda user: "+99087654320")
    asked(proven.submit(TEN))


def test_a_new_password_ends_it(proven: Browser, ada: User) -> None:
    session = proven.client.session
    ada.set_password("two")
    ada.save()
    session["_auth_user_hash"] = ada.get_session_auth_hash()
    session.save()
    asked(proven.submit(TEN))


def test_it_can_be_taken_back(proven: Browser, ada: User) -> None:
    request = of_session(proven, ada)
    stepup.drop(request)
    request.session.save()
    asked(proven.submit(TEN))


def test_another_browser_has_none(proven: Browser, ada: User) -> None:
    asked(Browser(ada).submit(TEN))


def test_a_rotation_of_keys_leaves_it_until_the_old_key_goes(
    proven: Browser, configure: Any
) -> None:
    configure(HMAC_KEYS={"test-3": "k3", "test-2": "tests-only-hmac-key-two"})
    assert is_in(proven.get(TEN))
    configure(HMAC_KEYS={"test-3": "k3"})
    asked(proven.get(TEN))


@pytest.mark.parametrize("junk", [None, True, "yes", [], 7])
def test_junk_in_the_session_is_no_proof(browser: Browser, junk: Any) -> None:
    session = browser.client.session
    session["numverify_bound"] = junk
    session.save()
    asked(browser.submit(TEN))


def test_a_row_that_was_erased_proves_nothing(proven: Browser) -> None:
    last_attempt().delete()
    asked(proven.submit(TEN))


# -- at the same moment --------------------------------------------------------------
def of_session(browser: Browser, user: User) -> HttpRequest:
    """A request that has loaded the browser's session."""
    request = RequestFactory().post(TEN)
    request.session = SessionStore(browser.client.session.session_key)
    request.session.items()
    request.user = user
    return request


def test_of_two_requests_at_once_one_is_let_in(proven: Browser, ada: User) -> None:
    """Both have loaded the session before either has used the proof up."""
    gate = Gate(bind="ten", scope="a view")
    proof = tokens.keyed("bind", f'["a view", "{ada.pk}", "ten"]')[1]
    VerificationAttempt.objects.update(bind_digest=proof)
    session = proven.client.session
    session["numverify_bound"] = {proof: next(iter(session["numverify_bound"].values()))}
    session.save()
    racers = [of_session(proven, ada) for _ in range(3)]
    assert [gate.refusal(request) is None for request in racers] == [True, False, False]


def test_the_use_is_written_down(browser: Browser, script: Script) -> None:
    path = "/refund/eve/10.00"
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        prove(browser, script, browser.submit(path))
        clock.shift(61)
        browser.submit(path)
        assert last_attempt().bind_used_at is None, "too old: refused before"
        prove(browser, script, browser.submit(path))
        clock.shift(7)
        browser.submit(path)
        assert last_attempt().bind_used_at == timezone.now()


def test_the_use_counts_if_the_transaction_does(browser: Browser, script: Script) -> None:
    """``ATOMIC_REQUESTS``: what is rolled back has not happened."""
    path = "/fails/eve/10.00"
    prove(browser, script, browser.submit(path))
    for _ in range(2):
        with pytest.raises(RuntimeError, match="was not made"), transaction.atomic():
            browser.submit(path)
    with pytest.raises(RuntimeError, match="was not made"):
        browser.submit(path)
    asked(browser.submit(path))


# -- the way to the start ------------------------------------------------------------
def test_the_page_says_what_is_confirmed(browser: Browser) -> None:
    refused = browser.submit(TEN)
    page = browser.get(refused["Location"]).content.decode()
    assert "Pay 10.00 to &lt;eve&gt;" in page
    assert "<eve>" not in page
    assert "eve" not in asked(refused)["bind"]
    assert "about to confirm" not in browser.get(browser.get("/bare")["Location"]).content.decode()


def test_the_page_says_it_still_beside_an_error(browser: Browser) -> None:
    sealed = asked(browser.submit(TEN))["bind"]
    page = browser.submit("/login", purpose="step_up", bind=sealed, binding="nonsense")
    assert page.status_code == 400
    assert "Pay 10.00 to &lt;eve&gt;" in page.content.decode()


def test_the_row_has_the_digest_and_not_the_transaction(proven: Browser, ada: User) -> None:
    row = last_attempt()
    scope = "tests.gated.pay pay/<str:payee>/<str:amount>"
    told = {"amount": "10.00", "payee": "eve"}
    assert row.bind_digest == binds.digests(told, user=ada, scope=scope)[0]
    assert len(row.bind_digest) == 64
    stored = str(VerificationAttempt.objects.values()) + str(dict(proven.client.session.items()))
    assert "10.00" not in stored.replace(TEN, "")
    assert row.next == TEN


@pytest.mark.parametrize("change", ["cut", "forged", "other", "link"])
def test_a_forged_offer_starts_nothing(browser: Browser, script: Script, change: str) -> None:
    sealed = asked(browser.submit(TEN))["bind"]
    forged = {
        "cut": sealed[:-8],
        "forged": Fernet(Fernet.generate_key()).encrypt(b'["1", "digest", ""]').decode(),
        "other": "nonsense",
        "link": tokens.seal('["1", "digest", ""]'),  # sealed by us, for another use
    }[change]
    response = browser.post_json("/login", {"purpose": "step_up", "bind": forged})
    assert error_of(response) == (400, "invalid_bind")
    assert browser.submit("/login", purpose="step_up", bind=forged).status_code == 400
    assert script.started == []


def test_the_offer_of_another_user_starts_nothing(browser: Browser, script: Script) -> None:
    bob = get_user_model().objects.create_user("bob")
    sealed = asked(Browser(bob).submit(TEN))["bind"]
    page = browser.get("/login", {"purpose": "step_up", "bind": sealed})
    assert "Pay 10.00" not in page.content.decode()
    assert browser.submit("/login", purpose="step_up", bind=sealed).status_code == 400
    assert script.started == []


def test_an_offer_for_a_check_starts_nothing(browser: Browser, script: Script) -> None:
    sealed = asked(browser.submit(TEN))["bind"]
    for purpose in ("check", ""):
        assert browser.submit("/login", purpose=purpose, bind=sealed).status_code == 400
    assert script.started == []


@pytest.mark.parametrize(("seconds", "status"), [(3600, 303), (3602, 400)])
def test_an_offer_lasts_an_hour(browser: Browser, seconds: int, status: int) -> None:
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        sealed = asked(browser.submit(TEN))["bind"]
        clock.shift(seconds)
        response = browser.submit("/login", purpose="step_up", bind=sealed)
        assert response.status_code == status


def test_a_swapped_offer_proves_what_it_says(browser: Browser, script: Script) -> None:
    """Malware changes the amount after the person saw the page of another one."""
    ten, ninety = asked(browser.submit(TEN)), asked(browser.submit(NINETY))
    browser.submit("/login", **ninety | {"bind": ten["bind"]})
    assert back(browser.client, script)["Location"] == NINETY
    asked(browser.submit(NINETY))
    assert is_in(browser.submit(TEN))


def test_without_the_offer_nothing_bound_is_opened(browser: Browser, script: Script) -> None:
    browser.submit("/login", purpose="step_up", next=TEN)
    back(browser.client, script)
    asked(browser.submit(TEN))


def test_by_json(browser: Browser, script: Script) -> None:
    """A single-page app takes the parameter from ``start_url``."""
    refused = browser.client.post(
        TEN, headers={"accept": "application/json", "x-csrftoken": "t" * 32}
    )
    assert refused.status_code == 403
    _, _, sealed = refused.json()["start_url"].partition("bind=")
    started = browser.post_json("/login", {"purpose": "step_up", "bind": unquote(sealed)})
    assert started.status_code == 200, started.content
    back(browser.client, script)
    assert is_in(browser.submit(TEN))


def test_start_again_leads_to_the_view(browser: Browser, script: Script) -> None:
    """Which alone can say what is to be confirmed now."""
    script.verified = False
    start(browser, browser.submit(TEN))
    outcome = browser.get(back(browser.client, script)["Location"])
    assert f'href="{TEN}"' in outcome.content.decode()
    start(browser, browser.get("/bare"))
    outcome = browser.get(back(browser.client, script)["Location"])
    assert 'href="/login?purpose=step_up&amp;next=%2Fbare"' in outcome.content.decode()


def test_others_learn_of_elevations_alone(browser: Browser, script: Script) -> None:
    """What marks a session as verified elsewhere must not do so for one transaction."""
    told = []

    def listen(**kwargs: Any) -> None:
        told.append(kwargs["attempt"])

    signals.session_verified.connect(listen)
    try:
        prove(browser, script, browser.submit(TEN))
        assert told == []
        prove(browser, script, browser.get("/bare"))
        assert told == [last_attempt()]
    finally:
        signals.session_verified.disconnect(listen)


# -- the digest ----------------------------------------------------------------------
def digest(value: Any, user: Any, scope: str = "a view") -> str:
    return binds.digests(value, user=user, scope=scope)[0]


def test_a_digest_is_of_user_view_and_transaction(ada: User) -> None:
    bob = get_user_model().objects.create_user("bob")
    first = digest({"payee": "eve", "amount": 10}, ada)
    assert first == digest({"amount": 10, "payee": "eve"}, ada), "the order says nothing"
    others = [
        digest({"payee": "eve", "amount": 11}, ada),
        digest(["eve", 10], ada),
        digest({"payee": "eve", "amount": 10}, bob),
        digest({"payee": "eve", "amount": 10}, ada, "another view"),
    ]
    assert len({first, *others}) == 5


def test_decimals_count_to_the_last_digit(ada: User) -> None:
    assert digest(Decimal("10.0"), ada) != digest(Decimal("10.01"), ada)


def test_a_digest_needs_the_key(ada: User, configure: Any) -> None:
    """Whoever reads the database must not find amounts by trying them."""
    first = digest("10", ada)
    assert first != tokens.digest(f'["a view", "{ada.pk}", "10"]')
    configure(HMAC_KEYS={"other": "key"})
    assert digest("10", ada) != first


def test_what_json_cannot_say_is_the_sites_mistake(ada: User) -> None:
    with pytest.raises(TypeError):
        digest(object(), ada)


def test_a_bind_that_gives_nothing_is_refused(proven: Browser, ada: User) -> None:
    for request in (of_session(proven, ada), RequestFactory().get("/")):
        request.user = ada
        with pytest.raises(BadRequest):
            Gate(bind=lambda request: None).refusal(request)


def test_an_offer_shows_no_summary_in_its_repr(ada: User) -> None:
    offer = binds.Offer("digest", "Pay 10.00 to Eve")
    assert "Eve" not in repr(offer)
    assert binds.unseal(binds.seal(offer, ada), ada) == offer


def test_a_summary_is_cut_to_what_a_url_takes(ada: User) -> None:
    offer = binds.unseal(binds.seal(binds.Offer("d", "x" * 5000), ada), ada)
    assert offer is not None
    assert len(offer.summary) == 200
