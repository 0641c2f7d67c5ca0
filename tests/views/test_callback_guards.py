"""``/callback``: shapes, methods, time and ``error=``; a refusal changes nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from tests.fakes import Script

from .clients import Browser, back, error_of, program, row, start_without_session, status_of

pytestmark = pytest.mark.django_db
LATE = timedelta(seconds=301)


# -- the shape of the parameters --------------------------------------------------------


GOOD = "A" * 20


@pytest.mark.parametrize(
    "query",
    [
        "",
        "code=abc",
        f"state={GOOD}",
        f"state={GOOD}&code=",
        f"state={GOOD}&code=abc&error=access_denied",
        f"state={GOOD}&state={GOOD}&code=abc",
        f"state={GOOD}&code=abc&code=abc",
        f"state={GOOD}&error=a&error=a",
        f"state={GOOD}&code=&error=",
        f"state={GOOD}&code=a%20b",
        f"state={GOOD}&code=a%0d%0ab",
        f"state={GOOD}&code=%00",
        f"state={GOOD}&code=%C3%A9",
        f"state={GOOD}&code={'x' * 2049}",
        "state=short&code=abc",
        f"state={'A' * 65}&code=abc",
        f"state={GOOD}%00&code=abc",
        f"state={GOOD}%20&code=abc",
        f"state={GOOD}%0A&code=abc",
        f"state={GOOD}%ED%A0%80&code=abc",
        f"state={GOOD}%F0%9F%98%80&code=abc",
        f"state={GOOD}%FF&code=abc",
        f"STATE={GOOD}&code=abc",
        f"state[]={GOOD}&code=abc",
        "error=access_denied",
        "state=short&error=access_denied",
    ],
)
@pytest.mark.parametrize("accept", ["*/*", "text/html"])
def test_what_no_authorization_server_sends_is_refused_without_a_query(
    script: Script, query: str, accept: str, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        response = program().get(f"/callback?{query}", headers={"accept": accept})
    assert response.status_code == 400
    assert b"invalid_callback" in response.content
    assert script.finished == []


def test_repeated_parameters_do_not_claim(browser: Browser, script: Script) -> None:
    attempt = browser.start()
    state = script.last_state
    for query in (f"state={state}&state={state}&code=a", f"state={state}&code=a&error=b"):
        assert browser.get(f"/callback?{query}").status_code == 400
    assert status_of(attempt) == ("pending", "")


def test_too_many_parameters(script: Script) -> None:
    query = "&".join(f"a{n}=1" for n in range(1001))
    assert error_of(program().get(f"/callback?{query}")) == (413, "too_large")


def test_parameters_nobody_knows_are_ignored(browser: Browser, script: Script) -> None:
    browser.start()
    query = {
        "state": script.last_state,
        "code": "abc",
        "iss": "https://op.example",
        "x": ["1", "2"],
    }
    assert browser.get("/callback", query).status_code == 303


def test_a_state_that_nobody_issued(script: Script) -> None:
    client = program()
    start_without_session(client)
    for state in ("B" * 20, script.last_state.swapcase(), script.last_state + "A"):
        response = client.get("/callback", {"state": state, "code": "abc"})
        assert error_of(response) == (400, "unknown_state")
        assert client.get("/callback", {"state": state, "error": "x"}).status_code == 400
    assert script.finished == []


# -- methods and look-ahead -------------------------------------------------------------


@pytest.mark.parametrize("method", ["head", "post", "put", "patch", "delete", "options", "trace"])
def test_other_methods_claim_nothing(browser: Browser, script: Script, method: str) -> None:
    attempt = browser.start()
    query = f"/callback?state={script.last_state}&code=abc"
    response = getattr(browser.client, method)(query)
    assert (response.status_code, response["Allow"]) == (405, "GET")
    assert status_of(attempt) == ("pending", "")
    assert back(browser.client, script).status_code == 303


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sec-purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("purpose", "prefetch"),
        ("x-moz", "prefetch"),
        ("purpose", "Prefetch"),
    ],
)
def test_looking_ahead_claims_nothing(
    browser: Browser, script: Script, name: str, value: str
) -> None:
    attempt = browser.start()
    response = back(browser.client, script, **{name: value})
    assert (response.status_code, response.content) == (204, b"")
    assert status_of(attempt) == ("pending", "")
    assert back(browser.client, script).status_code == 303


# -- time -------------------------------------------------------------------------------


def test_a_late_callback_of_the_bound_browser(browser: Browser, script: Script) -> None:
    with time_machine.travel("2026-11-23T12:00:00Z", tick=False) as clock:
        attempt = browser.start()
        clock.shift(LATE)
        response = back(browser.client, script)
        assert (response.status_code, response["Location"]) == (
            303,
            f"/attempts/{attempt.public_id}",
        )
        assert status_of(attempt) == ("expired", "no_callback")
    assert script.finished == []


@pytest.mark.parametrize("query", [{"code": "abc"}, {"error": "access_denied"}])
def test_a_late_callback_of_a_program(script: Script, query: dict[str, str]) -> None:
    client = program()
    with time_machine.travel("2026-11-23T12:00:00Z", tick=False) as clock:
        started = start_without_session(client)
        clock.shift(LATE)
        for _ in range(2):
            response = client.get("/callback", {"state": script.last_state, **query})
            assert error_of(response) == (410, "expired")
        assert status_of(row(started["id"])) == ("expired", "no_callback")
    assert script.finished == []


def test_a_late_callback_of_a_stranger_ends_nothing(browser: Browser, script: Script) -> None:
    with time_machine.travel("2026-11-23T12:00:00Z", tick=False) as clock:
        attempt = browser.start()
        clock.shift(LATE)
        assert back(program(), script).status_code == 403
        assert status_of(attempt) == ("pending", "")


def test_the_last_moment_is_in_time(browser: Browser, script: Script) -> None:
    with time_machine.travel("2026-11-23T12:00:00Z", tick=False) as clock:
        attempt = browser.start()
        clock.shift(timedelta(seconds=299))
        back(browser.client, script)
        assert status_of(attempt) == ("verified", "")


# -- error= -----------------------------------------------------------------------------


def refuse(client: Any, script: Script, error: str = "access_denied", **more: str) -> Any:
    query = {"state": script.last_state, "error": error, "error_description": "x", **more}
    return client.get("/callback", query)


def test_a_bound_error_ends_the_attempt(browser: Browser, script: Script) -> None:
    attempt = browser.start()
    response = refuse(browser.client, script)
    assert (response.status_code, response["Location"]) == (303, f"/attempts/{attempt.public_id}")
    assert status_of(attempt) == ("failed", "access_denied")
    assert refuse(browser.client, script).status_code == 303


@pytest.mark.parametrize(("error", "status"), [("access_denied", 403), ("server_error", 502)])
def test_a_device_brings_an_error(script: Script, error: str, status: int) -> None:
    client = program()
    started = start_without_session(client)
    assert refuse(client, script, error).status_code == status
    assert status_of(row(started["id"]))[0] == "failed"
    assert error_of(refuse(client, script, error)) == (409, "already_used")


def test_a_browser_may_bring_the_error_of_a_programs_attempt(script: Script) -> None:
    # Knowing the state binds an error: there is no code in the answer to read.
    started = start_without_session(program())
    assert refuse(Browser().client, script).status_code == 403
    assert status_of(row(started["id"])) == ("failed", "access_denied")


def test_a_strangers_error_changes_nothing(browser: Browser, script: Script) -> None:
    attempt = browser.start()
    assert refuse(Client(), script).status_code == 403
    assert refuse(Browser().client, script).status_code == 403
    assert status_of(attempt) == ("pending", "")


def test_an_error_after_the_answer_changes_nothing(browser: Browser, script: Script) -> None:
    attempt = browser.start()
    back(browser.client, script)
    assert refuse(browser.client, script).status_code == 303
    assert status_of(attempt) == ("verified", "")


@pytest.mark.parametrize(
    "payload", ["<script>alert(1)</script>", "a\r\nSet-Cookie: a=b", "\x1b[31mred", "x" * 5000]
)
def test_words_of_the_error_are_never_shown_or_logged(
    browser: Browser, script: Script, payload: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0, "numverify")
    attempt = browser.start()
    response = refuse(browser.client, script, payload, error_description=payload)
    page = browser.get(response["Location"]).content.decode()
    assert payload not in page + caplog.text + str(response.headers)
    assert status_of(attempt) == ("failed", "unknown")
    assert payload not in attempt.detail
