"""``/callback`` of a browser: who may bring it, and faults of the site on the way."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError

from numverify import flow
from numverify.exceptions import Reason
from numverify.models import Status, VerificationAttempt
from numverify.querysets import AttemptQuerySet
from tests.fakes import Script, no_answer

from .clients import NEXT, Browser, back, error_of, program, row, start_without_session, status_of

pytestmark = pytest.mark.django_db


# -- the browser that began it ----------------------------------------------------------


def test_the_browser_that_began_it_ends_on_the_attempts_page(
    browser: Browser, script: Script
) -> None:
    attempt = browser.start()
    response = back(browser.client, script)
    assert (response.status_code, response["Location"]) == (303, f"/attempts/{attempt.public_id}")
    assert status_of(attempt) == ("verified", "")
    assert attempt.result is True
    assert (attempt.token_ms, attempt.verify_ms) == (20, 30)


def test_a_success_goes_on_to_next(browser: Browser, script: Script) -> None:
    browser.start(next=NEXT)
    assert back(browser.client, script)["Location"] == NEXT


@pytest.mark.parametrize("verified", [False, no_answer()])
def test_without_success_nobody_goes_on_to_next(
    browser: Browser, script: Script, verified: Any
) -> None:
    script.verified = verified
    attempt = browser.start(next=NEXT)
    assert back(browser.client, script)["Location"] == f"/attempts/{attempt.public_id}"


def test_next_is_looked_at_again_when_it_is_used(browser: Browser, script: Script) -> None:
    attempt = browser.start()
    VerificationAttempt.objects.update(next="https://evil.example/")
    assert back(browser.client, script)["Location"] == f"/attempts/{attempt.public_id}"


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html", "text/html;q=0"])
def test_a_bound_callback_is_a_redirect_whatever_is_accepted(
    browser: Browser, script: Script, accept: str
) -> None:
    browser.start()
    assert back(browser.client, script, accept=accept).status_code == 303
    assert back(browser.client, script, accept=accept).status_code == 303


def test_a_bound_repeat_spends_nothing(browser: Browser, script: Script) -> None:
    attempt = browser.start()
    answers = [back(browser.client, script) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [303, 303, 303]
    assert len(script.finished) == 1
    assert status_of(attempt) == ("verified", "")


def test_a_bound_repeat_of_a_success_goes_to_the_attempt_not_to_next(
    browser: Browser, script: Script
) -> None:
    attempt = browser.start(next=NEXT)
    back(browser.client, script)
    assert back(browser.client, script)["Location"] == f"/attempts/{attempt.public_id}"


def test_the_number_asked_about_is_the_rows(browser: Browser, script: Script) -> None:
    browser.start()
    browser.get("/callback", {"state": script.last_state, "code": "abc", "phone": "+99000000000"})
    assert script.finished == [("+99012345678", "abc")]


@pytest.mark.parametrize("reason", list(Reason))
def test_whatever_the_network_could_not_say_is_a_redirect(
    browser: Browser, script: Script, reason: Reason
) -> None:
    script.verified = no_answer(reason)
    attempt = browser.start()
    response = back(browser.client, script)
    assert response.status_code == 303
    assert status_of(attempt) == ("failed", reason)
    assert browser.get(response["Location"]).status_code == 200


# -- anybody else -----------------------------------------------------------------------


@pytest.mark.parametrize("cookie", [False, True])
def test_another_browser_is_refused_and_changes_nothing(script: Script, cookie: bool) -> None:
    mine, other = Browser(), Browser()
    attempt = mine.start()
    state = script.last_state
    if cookie:
        other.start()
    response = other.get("/callback", {"state": state, "code": "abc"})
    assert response.status_code == 403
    assert b"other_browser" in response.content
    assert status_of(attempt) == ("pending", "")
    assert script.finished == []
    assert mine.get("/callback", {"state": state, "code": "abc"}).status_code == 303
    assert status_of(attempt) == ("verified", "")


def test_a_program_cannot_bring_a_browsers_callback(browser: Browser, script: Script) -> None:
    attempt = browser.start()
    assert error_of(back(program(), script)) == (403, "other_browser")
    assert status_of(attempt) == ("pending", "")


def test_another_user_in_the_same_browser_is_refused(alice: User, script: Script) -> None:
    browser = Browser(alice)
    attempt = browser.start()
    nonce = browser.client.session["numverify_nonce"]
    browser.client.force_login(User.objects.create_user("bob"))
    session = browser.client.session
    session["numverify_nonce"] = nonce
    session.save()
    assert back(browser.client, script).status_code == 403
    assert status_of(attempt) == ("pending", "")


def test_logging_out_before_the_callback_unbinds(alice: User, script: Script) -> None:
    browser = Browser(alice)
    attempt = browser.start()
    browser.client.logout()
    assert back(browser.client, script).status_code == 403
    assert status_of(attempt) == ("pending", "")


def test_an_attempt_of_another_environment_is_unknown(script: Script, configure: Any) -> None:
    client = program()
    started = start_without_session(client)
    configure(ENVIRONMENT="playground")
    assert error_of(back(client, script)) == (400, "unknown_state")
    assert status_of(row(started["id"])) == ("pending", "")


# -- faults of the site -----------------------------------------------------------------


@pytest.mark.parametrize("accept", ["*/*", "text/html"])
def test_a_locked_database_claims_nothing(browser: Browser, script: Script, accept: str) -> None:
    attempt = browser.start()
    locked = OperationalError("database is locked +99012345678")
    with patch.object(AttemptQuerySet, "claim", side_effect=locked):
        response = back(browser.client, script, accept=accept)
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert b"try_again" in response.content
    assert b"locked" not in response.content
    assert status_of(attempt) == ("pending", "")
    assert back(browser.client, script).status_code == 303


def test_a_write_that_fails_after_the_answer_verifies_nobody(
    browser: Browser, script: Script
) -> None:
    attempt = browser.start()
    with patch.object(AttemptQuerySet, "move", side_effect=OperationalError):
        assert back(browser.client, script).status_code == 503
    assert status_of(attempt) == ("claimed", "")
    assert attempt.result is None


def test_a_wrong_environment_setting_is_no_500(script: Script, configure: Any) -> None:
    client = program()
    start_without_session(client)
    configure(ENVIRONMENT="prod")
    assert error_of(back(client, script)) == (503, "server_configuration")


def test_cancelled_while_the_network_was_asked_stays_claimed_and_settles(
    browser: Browser, script: Script
) -> None:
    attempt = browser.start()
    script.during_finish = lambda: browser.submit(f"/attempts/{attempt.public_id}")
    back(browser.client, script)
    assert status_of(attempt) == ("verified", "")


def test_a_late_worker_reports_what_is_stored(browser: Browser, script: Script) -> None:
    attempt = browser.start(next=NEXT)

    def swept() -> None:
        VerificationAttempt.objects.update(status=Status.FAILED, reason=Reason.ABANDONED)

    script.during_finish = swept
    response = back(browser.client, script)
    assert (response.status_code, response["Location"]) == (303, f"/attempts/{attempt.public_id}")
    assert status_of(attempt) == ("failed", "abandoned")


def test_a_late_worker_gives_no_code(script: Script) -> None:
    client = program()
    start_without_session(client)
    script.during_finish = lambda: (
        flow.sweep()
        or VerificationAttempt.objects.update(status=Status.FAILED, reason=Reason.ABANDONED)
    )
    assert error_of(back(client, script)) == (504, "abandoned")


def test_only_the_request_that_settles_elevates(
    alice: User, script: Script, enrolled: None
) -> None:
    browser = Browser(alice)
    browser.start(purpose="step_up")

    def settled_by_another() -> None:
        VerificationAttempt.objects.update(status=Status.VERIFIED, result=True)

    script.during_finish = settled_by_another
    assert back(browser.client, script).status_code == 303
    assert browser.get("/protected").status_code == 403


def test_erased_while_the_network_was_asked(browser: Browser, script: Script) -> None:
    browser.start()
    script.during_finish = lambda: VerificationAttempt.objects.all().delete()
    assert back(browser.client, script).status_code == 404
