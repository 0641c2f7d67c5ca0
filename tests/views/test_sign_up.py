"""A number proven before there is an account: once, by the session that proved it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import timezone

from numverify import numbers, sign_up, stepup
from numverify.exceptions import NumberProofRequired
from numverify.models import Purpose, VerificationAttempt
from tests.fakes import Script

from .clients import NEXT, PHONE, Browser, back, row

pytestmark = pytest.mark.django_db
PAGE = "/sign-up"


def begin(browser: Browser, number: str = PHONE) -> VerificationAttempt:
    response = browser.submit(PAGE, phone=number, next=NEXT)
    assert response.status_code == 303, response.content
    return row(response["Location"].rpartition("/")[2])


def form_of_the_site(browser: Browser) -> HttpRequest:
    """What the site's own sign-up view gets from this browser."""
    request = RequestFactory().post("/join")
    request.session = SessionStore(browser.client.session.session_key)
    request.user = AnonymousUser()
    return request


def proven(browser: Browser, script: Script) -> HttpRequest:
    begin(browser)
    assert back(browser.client, script)["Location"] == NEXT
    return form_of_the_site(browser)


def test_the_new_account_gets_the_number_once(browser: Browser, script: Script) -> None:
    assert browser.get(PAGE, {"next": NEXT}).status_code == 200
    request = proven(browser, script)
    assert sign_up.proven_number(request) == sign_up.proven_number(request) == PHONE
    assert PHONE.removeprefix("+") not in str(dict(request.session.items()))
    user, second = (User.objects.create_user(name) for name in ("new", "second"))
    number = sign_up.enrol_proven(request, user)
    assert number is not None
    assert number.is_primary
    assert stepup.enrolled_number(user) == PHONE
    assert sign_up.proven_number(request) is None
    assert sign_up.enrol_proven(request, second) is None
    # The other tab has the entry still, and the row says no.
    assert sign_up.proven_number(form_of_the_site(browser)) is None
    assert sign_up.enrol_proven(form_of_the_site(browser), second) is None
    assert not numbers.of(second).exists()


def test_a_site_with_numbers_of_its_own_takes_it_once(browser: Browser, script: Script) -> None:
    request = proven(browser, script)
    assert sign_up.take(request) == PHONE
    assert sign_up.take(request) is None
    assert sign_up.take(form_of_the_site(browser)) is None


def test_two_tabs_that_sign_up_at_once(browser: Browser, script: Script) -> None:
    tabs = [proven(browser, script), form_of_the_site(browser)]
    users = [User.objects.create_user(name) for name in ("one", "two")]
    assert [sign_up.proven_number(tab) for tab in tabs] == [PHONE, PHONE]
    made = [sign_up.enrol_proven(tab, user) for tab, user in zip(tabs, users, strict=True)]
    assert made[0] is not None
    assert made[1] is None


def test_it_is_nobody_elses(browser: Browser, script: Script) -> None:
    begin(browser)
    other = Browser()
    begin(other, "+99087654320")
    state = script.started[0][1]
    assert other.get("/callback", {"state": state, "code": "abc"}).status_code == 403
    assert sign_up.proven_number(form_of_the_site(other)) is None


def test_an_account_with_a_number_gets_no_other(browser: Browser, script: Script) -> None:
    request = proven(browser, script)
    user = User.objects.create_user("new")
    sign_up.enrol_proven(request, user)
    again = proven(browser, script)
    with pytest.raises(NumberProofRequired):
        sign_up.enrol_proven(again, user)
    assert numbers.of(user).count() == 1
    assert sign_up.proven_number(again) == PHONE


@pytest.mark.parametrize("verified", [False])
def test_without_a_yes_there_is_nothing(browser: Browser, script: Script, verified: bool) -> None:
    script.verified = verified
    attempt = begin(browser)
    page = browser.get(back(browser.client, script)["Location"])
    assert page.context["attempt"].public_id == attempt.public_id
    assert f'href="{PAGE}?next=%2Faccount%2F"' in page.content.decode()
    assert sign_up.proven_number(form_of_the_site(browser)) is None


@pytest.mark.parametrize("purpose", sorted(set(Purpose.values) - {Purpose.SIGN_UP}))
def test_a_proof_for_something_else_is_none(browser: Browser, script: Script, purpose: str) -> None:
    attempt = begin(browser)
    VerificationAttempt.objects.filter(pk=attempt.pk).update(purpose=purpose)
    back(browser.client, script)
    request = form_of_the_site(browser)
    assert sign_up.proven_number(request) is None
    request.session["numverify_sign_up"] = {"attempt": str(attempt.public_id), "at": 2e9}
    with time_machine.travel(2e9, tick=False):
        assert sign_up.proven_number(request) is None


def test_a_proof_goes_stale(browser: Browser, script: Script) -> None:
    request = proven(browser, script)
    with time_machine.travel(timezone.now() + timedelta(seconds=901)):
        assert sign_up.take(request) is None


def test_it_counts_where_it_was_proven(browser: Browser, script: Script, configure: Any) -> None:
    request = proven(browser, script)
    configure(ENVIRONMENT="playground")
    assert sign_up.take(request) is None


def test_the_session_key_moves(browser: Browser, script: Script) -> None:
    begin(browser)
    key = browser.client.session.session_key
    back(browser.client, script)
    assert browser.client.session.session_key != key


def test_users_are_sent_to_their_numbers(alice: User, script: Script) -> None:
    response = Browser(alice).submit(PAGE, phone=PHONE)
    assert (response.status_code, response["Location"]) == (303, "/numbers")
    assert script.started == []


def test_who_logs_in_on_the_way_gets_nothing(browser: Browser, alice: User, script: Script) -> None:
    begin(browser)
    browser.client.force_login(alice)
    assert back(browser.client, script).status_code == 403
    assert "numverify_sign_up" not in browser.client.session


def test_it_needs_anonymous_starts(browser: Browser, script: Script, configure: Any) -> None:
    configure(ALLOW_ANONYMOUS_START=False)
    assert browser.get(PAGE).status_code == 302
    assert browser.submit(PAGE, phone=PHONE).status_code == 302
    assert script.started == []


def test_a_form_of_another_site(browser: Browser, script: Script) -> None:
    assert browser.client.post(PAGE, {"phone": PHONE}).status_code == 403
    assert script.started == []
