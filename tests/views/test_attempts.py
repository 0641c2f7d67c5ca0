"""``/attempts/<id>`` and ``/complete``: to whom they answer, and what."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from tests.factories import make_attempt
from tests.fakes import Script

from .clients import NEXT, PHONE, Browser, error_of, post_json, program, row, start_without_session

pytestmark = pytest.mark.django_db
SECRET = "numverify-attempt-secret"


def poll(client: Client, started: dict[str, Any], secret: str | None = None) -> Any:
    headers = {SECRET: started["attempt_secret"] if secret is None else secret}
    return client.get(f"/attempts/{started['id']}", headers=headers)


def bring_back(client: Client, script: Script) -> str:
    response = client.get("/callback", {"state": script.last_state, "code": "abc"})
    return str(response.json()["completion_code"])


def complete(client: Client, **fields: Any) -> Any:
    return post_json(client, "/complete", fields)


# -- reading ----------------------------------------------------------------------------


def test_the_secret_reads_the_status(script: Script) -> None:
    client = program()
    started = start_without_session(client)
    body = poll(client, started).json()
    assert set(body) == set(
        "id reference status purpose binding result reason detail expires_at".split()
    )
    assert (body["id"], body["status"], body["result"]) == (started["id"], "pending", None)
    assert (body["purpose"], body["binding"]) == ("check", "completion")
    assert body["reference"] == row(started["id"]).reference_display


def test_a_page_says_how_long_its_reader_has(script: Script, browser: Browser) -> None:
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        where = f"/attempts/{browser.start().public_id}"
        assert 'data-nv-left="300"' in browser.get(where).content.decode()
        clock.shift(210)
        page = browser.get(where).content.decode()
        assert 'data-nv-left="90"' in page
        assert "about 2 minutes" in page
        clock.shift(91)
        assert "data-nv-left" not in browser.get(where).content.decode()


def test_the_result_is_null_until_the_attempt_has_ended(script: Script) -> None:
    client = program()
    started = start_without_session(client)
    code = bring_back(client, script)
    assert row(started["id"]).result is True
    body = poll(client, started).json()
    assert (body["status"], body["result"]) == ("awaiting_completion", None)
    fields = {"id": started["id"], "attempt_secret": started["attempt_secret"]}
    done = complete(client, completion_code=code, **fields).json()
    assert (done["status"], done["result"]) == ("verified", True)
    assert poll(client, started).json() == done


def test_strangers_find_nothing(script: Script, browser: Browser, alice: User) -> None:
    client = program()
    mine = start_without_session(client)
    theirs = browser.start()
    answers = [
        client.get(f"/attempts/{mine['id']}"),
        poll(client, mine, ""),
        poll(client, mine, mine["attempt_secret"].swapcase()),
        poll(client, {**mine, "id": str(uuid.uuid4())}),
        poll(client, {**mine, "id": str(theirs.public_id)}),
        Client(headers={"accept": "application/json"}).get(f"/attempts/{theirs.public_id}"),
    ]
    assert {error_of(answer) for answer in answers} == {(404, "not_found")}
    assert len({answer.content for answer in answers}) == 1
    assert Browser(alice).get(f"/attempts/{theirs.public_id}").status_code == 404


def test_an_attempt_without_a_browser_is_not_everybodys(script: Script) -> None:
    attempt = make_attempt(browser_nonce_hmac="", attempt_secret_hash="")
    client = program()
    assert client.get(f"/attempts/{attempt.public_id}").status_code == 404
    headers = {SECRET: ""}
    assert client.get(f"/attempts/{attempt.public_id}", headers=headers).status_code == 404


@pytest.mark.parametrize("status", ["claimed", "verified", "not_verified", "failed", "expired"])
def test_each_status_has_its_page(browser: Browser, script: Script, status: str) -> None:
    attempt = browser.start(next=NEXT)
    type(attempt).objects.update(status=status, deadline=None)
    page = browser.get(f"/attempts/{attempt.public_id}")
    text = page.content.decode()
    assert page.status_code == 200
    assert page.context["auth_url"] == ""
    assert script.last_state not in text
    assert PHONE not in text
    assert page.context["continue_url"] == (NEXT if status == "verified" else "")
    assert page.context["refresh_seconds"] == (3 if status == "claimed" else 0)


def test_reading_ends_what_is_overdue(browser: Browser, script: Script) -> None:
    with time_machine.travel("2026-11-23T12:00:00Z", tick=False) as clock:
        attempt = browser.start()
        clock.shift(timedelta(seconds=301))
        body = browser.get(f"/attempts/{attempt.public_id}", accept="application/json").json()
    assert (body["status"], body["reason"]) == ("expired", "no_callback")


def test_polling_never_elevates(alice: User, script: Script, enrolled: None) -> None:
    browser = Browser(alice)
    started = browser.post_json("/login", {"purpose": "step_up", "binding": "completion"}).json()
    type(row(started["id"])).objects.update(status="verified", result=True, deadline=None)
    for accept in ("application/json", "text/html"):
        assert browser.get(f"/attempts/{started['id']}", accept=accept).status_code == 200
    assert browser.get("/protected").status_code == 403


def test_a_poll_with_the_key_from_before_sets_no_cookie(
    alice: User, script: Script, enrolled: None
) -> None:
    browser = Browser(alice)
    attempt = browser.start(purpose="step_up")
    old = browser.client.cookies["sessionid"].value
    browser.get("/callback", {"state": script.last_state, "code": "abc"})
    assert browser.client.cookies["sessionid"].value != old
    late = Client(headers={"accept": "application/json"})
    late.cookies["sessionid"] = old
    response = late.get(f"/attempts/{attempt.public_id}")
    assert response.status_code == 404
    assert not response.cookies
    assert browser.get("/protected").status_code == 200


# -- cancelling -------------------------------------------------------------------------


def test_cancelling_by_the_page(browser: Browser, script: Script) -> None:
    attempt = browser.start()
    response = browser.submit(f"/attempts/{attempt.public_id}")
    assert (response.status_code, response["Location"]) == (303, f"/attempts/{attempt.public_id}")
    attempt.refresh_from_db()
    assert (attempt.status, attempt.reason) == ("failed", "cancelled")
    assert browser.get("/callback", {"state": script.last_state, "code": "a"}).status_code == 303
    assert script.finished == []


def test_cancelling_by_the_secret(script: Script) -> None:
    client = program()
    started = start_without_session(client)
    path = f"/attempts/{started['id']}"
    assert client.post(path, headers={SECRET: "wrong"}).status_code == 404
    assert client.post(path).status_code == 404
    assert row(started["id"]).status == "pending"
    response = client.post(path, headers={SECRET: started["attempt_secret"]})
    assert (response.json()["status"], response.json()["reason"]) == ("failed", "cancelled")


@pytest.mark.parametrize("method", ["head", "put", "patch", "delete", "options"])
def test_other_methods(script: Script, method: str) -> None:
    started = start_without_session(program())
    response = getattr(program(), method)(f"/attempts/{started['id']}")
    assert (response.status_code, response["Allow"]) == (405, "GET, POST")
    response = getattr(program(), method)("/complete")
    assert (response.status_code, response["Allow"]) == (405, "POST")


def test_complete_is_no_page(script: Script) -> None:
    assert error_of(program().get("/complete")) == (405, "method_not_allowed")


# -- completing -------------------------------------------------------------------------


def test_both_halves_once(script: Script) -> None:
    client = program()
    started = start_without_session(client)
    fields = {
        "id": started["id"],
        "completion_code": bring_back(client, script),
        "attempt_secret": started["attempt_secret"],
    }
    assert complete(client, **fields).status_code == 200
    assert error_of(complete(client, **fields)) == (409, "already_used")


def test_wrong_halves(script: Script) -> None:
    client = program()
    mine = start_without_session(client)
    my_code = bring_back(client, script)
    other = start_without_session(client)
    other_code = bring_back(client, script)
    right = {
        "id": mine["id"],
        "completion_code": my_code,
        "attempt_secret": mine["attempt_secret"],
    }
    wrong: list[dict[str, Any]] = [
        {"attempt_secret": ""},
        {"attempt_secret": None},
        {"attempt_secret": other["attempt_secret"]},
        {"completion_code": other_code},
        {"completion_code": my_code.swapcase()},
        {"completion_code": mine["attempt_secret"]},
        {"id": other["id"]},
        {"id": str(uuid.uuid4())},
    ]
    for change in wrong:
        assert error_of(complete(client, **{**right, **change})) == (403, "wrong_code"), change
    assert complete(client, **right).status_code == 200


def test_the_fifth_wrong_code_ends_it(script: Script) -> None:
    client = program()
    started = start_without_session(client)
    code = bring_back(client, script)
    fields = {"id": started["id"], "attempt_secret": started["attempt_secret"]}
    answers = [error_of(complete(client, completion_code="x", **fields)) for _ in range(5)]
    assert answers == [(403, "wrong_code")] * 4 + [(403, "too_many_codes")]
    assert error_of(complete(client, completion_code=code, **fields)) == (409, "already_used")
    assert (row(started["id"]).status, row(started["id"]).reason) == ("failed", "too_many_codes")


def test_strangers_spend_no_tries(script: Script) -> None:
    client = program()
    started = start_without_session(client)
    code = bring_back(client, script)
    for _ in range(10):
        complete(client, id=started["id"], completion_code="x", attempt_secret="wrong")
    fields = {"id": started["id"], "attempt_secret": started["attempt_secret"]}
    assert complete(client, completion_code=code, **fields).status_code == 200


def test_too_early_and_too_late(script: Script) -> None:
    client = program()
    with time_machine.travel("2026-11-23T12:00:00Z", tick=False) as clock:
        started = start_without_session(client)
        fields = {"id": started["id"], "attempt_secret": started["attempt_secret"]}
        assert error_of(complete(client, completion_code="x", **fields)) == (409, "not_ready")
        code = bring_back(client, script)
        clock.shift(timedelta(seconds=61))
        assert error_of(complete(client, completion_code=code, **fields)) == (410, "expired")
    assert row(started["id"]).reason == "not_completed"


def test_a_session_attempt_has_no_code(browser: Browser, script: Script) -> None:
    attempt = browser.start()
    body = {"id": str(attempt.public_id), "completion_code": "x"}
    assert error_of(browser.post_json("/complete", body)) == (409, "not_ready")
    browser.get("/callback", {"state": script.last_state, "code": "abc"})
    assert error_of(browser.post_json("/complete", body)) == (409, "already_used")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "invalid_id"),
        ({"id": "1", "completion_code": "x"}, "invalid_id"),
        ({"id": 1, "completion_code": "x"}, "invalid_request"),
        ({"id": str(uuid.uuid4())}, "invalid_completion_code"),
        ({"id": str(uuid.uuid4()), "completion_code": ""}, "invalid_completion_code"),
        ({"id": str(uuid.uuid4()), "completion_code": "x" * 65}, "invalid_completion_code"),
        ({"id": str(uuid.uuid4()), "completion_code": "\x00"}, "invalid_completion_code"),
        ({"id": str(uuid.uuid4()), "completion_code": ["x"]}, "invalid_request"),
        (
            {"id": str(uuid.uuid4()), "completion_code": "x", "attempt_secret": "x" * 65},
            "invalid_attempt_secret",
        ),
    ],
)
def test_fields_of_a_completion(script: Script, fields: dict[str, Any], code: str) -> None:
    assert error_of(complete(program(), **fields)) == (400, code)


def test_completing_elevates_the_initiators_session_alone(
    alice: User, script: Script, enrolled: None
) -> None:
    desktop = Browser(alice)
    body = {"purpose": "step_up", "binding": "completion"}
    started = desktop.post_json("/login", body).json()
    code = bring_back(program(), script)
    assert desktop.get("/protected").status_code == 403
    twin = Browser(alice)
    answer = twin.post_json("/complete", {"id": started["id"], "completion_code": code})
    assert error_of(answer) == (403, "wrong_code")
    old = desktop.client.cookies["sessionid"].value
    answer = desktop.post_json("/complete", {"id": started["id"], "completion_code": code})
    assert answer.json()["status"] == "verified"
    assert desktop.get("/protected").status_code == 200
    assert twin.get("/protected").status_code == 403
    assert not Session.objects.filter(session_key=old).exists()


# -- completing by the page -------------------------------------------------------------


def awaiting(browser: Browser, script: Script, **fields: str) -> tuple[Any, str]:
    attempt = browser.start(binding="completion", **fields)
    return attempt, bring_back(program(), script)


def test_the_code_is_typed(browser: Browser, script: Script) -> None:
    attempt, code = awaiting(browser, script, next=NEXT)
    page = browser.get(f"/attempts/{attempt.public_id}")
    assert page.context["code_form"] is not None
    typed = code.lower().replace("-", " ")
    response = browser.submit("/complete", id=str(attempt.public_id), completion_code=typed)
    assert (response.status_code, response["Location"]) == (303, NEXT)


def test_a_wrong_code_can_be_typed_again(browser: Browser, script: Script) -> None:
    attempt, code = awaiting(browser, script)
    fields = {"id": str(attempt.public_id)}
    response = browser.submit("/complete", completion_code="AAAA-AAAA", **fields)
    assert response.status_code == 403
    assert response.context["code_form"].errors
    response = browser.submit("/complete", completion_code="", **fields)
    assert response.status_code == 400
    assert browser.submit("/complete", completion_code=code, **fields).status_code == 303


def test_after_the_fifth_wrong_code_none_is_asked_for(browser: Browser, script: Script) -> None:
    attempt, _ = awaiting(browser, script)
    fields = {"id": str(attempt.public_id), "completion_code": "AAAA-AAAA"}
    answers = [browser.submit("/complete", **fields) for _ in range(5)]
    assert {answer.status_code for answer in answers} == {403}
    assert answers[-1].context["code_form"] is None
    assert browser.submit("/complete", **fields).status_code == 409


def test_a_stranger_who_types_the_code(browser: Browser, script: Script) -> None:
    attempt, code = awaiting(browser, script)
    fields = {"id": str(attempt.public_id), "completion_code": code}
    assert Browser().submit("/complete", **fields).status_code == 404
    assert Browser().submit("/complete", id="x", completion_code=code).status_code == 403
    attempt.refresh_from_db()
    assert attempt.status == "awaiting_completion"
