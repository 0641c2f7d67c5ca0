"""What every answer has in common: headers, errors, transactions, faults of the site."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import TooManyFilesSent
from django.core.handlers.base import BaseHandler
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpResponse
from django.test import RequestFactory, override_settings

from numverify import flow
from numverify.exceptions import FlowError
from numverify.models import VerificationAttempt
from numverify.views import http
from tests.fakes import Script, no_answer

from .clients import PHONE, Browser, error_of, post_json, program, start_without_session

Answer = Callable[[Browser, Script], Any]


def _callback(browser: Browser, script: Script, **headers: str) -> Any:
    return browser.get("/callback", {"state": script.last_state, "code": "a"}, **headers)


def _settled(browser: Browser, script: Script) -> Any:
    browser.start()
    return _callback(browser, script)


def _unbound(browser: Browser, script: Script) -> Any:
    Browser().start()
    return _callback(browser, script)


def _device(browser: Browser, script: Script) -> Any:
    client = program()
    start_without_session(client)
    return client.get("/callback", {"state": script.last_state, "code": "a"})


def _prefetch(browser: Browser, script: Script) -> Any:
    browser.start()
    return _callback(browser, script, **{"sec-purpose": "prefetch"})


def _upstream(browser: Browser, script: Script) -> Any:
    script.verified = no_answer()
    return _device(browser, script)


def _locked(browser: Browser, script: Script) -> Any:
    with patch.object(flow, "finish", side_effect=OperationalError):
        return _device(browser, script)


ANSWERS: dict[str, tuple[Answer, int]] = {
    "page": (lambda b, s: b.get("/login"), 200),
    "form": (lambda b, s: b.submit("/login", phone=PHONE), 303),
    "form again": (lambda b, s: b.submit("/login", phone=""), 400),
    "json": (lambda b, s: b.post_json("/login", {"phone": PHONE}), 200),
    "json without session": (lambda b, s: post_json(program(), "/login", {"phone": PHONE}), 200),
    "invalid": (lambda b, s: post_json(program(), "/login", "["), 400),
    "csrf": (lambda b, s: b.client.post("/login"), 403),
    "media type": (lambda b, s: b.client.post("/login", "x", content_type="text/plain"), 415),
    "method": (lambda b, s: b.client.delete("/callback"), 405),
    "head": (lambda b, s: b.client.head("/callback"), 405),
    "moved": (lambda b, s: b.get("/login", host="localhost"), 303),
    "attempt": (lambda b, s: b.get(f"/attempts/{b.start().public_id}"), 200),
    "poll": (
        lambda b, s: b.get(f"/attempts/{b.start().public_id}", accept="application/json"),
        200,
    ),
    "not found": (
        lambda b, s: b.get("/attempts/00000000-0000-4000-8000-000000000000", accept="*/*"),
        404,
    ),
    "not found page": (lambda b, s: b.get("/attempts/00000000-0000-4000-8000-000000000000"), 404),
    "complete": (lambda b, s: b.post_json("/complete", {}), 400),
    "handover": (lambda b, s: b.get("/handover/x"), 404),
    "callback": (_settled, 303),
    "unbound": (_unbound, 403),
    "device": (_device, 200),
    "prefetch": (_prefetch, 204),
    "upstream": (_upstream, 504),
    "locked": (_locked, 503),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", ANSWERS)
def test_headers_of_every_answer(browser: Browser, script: Script, name: str) -> None:
    ask, status = ANSWERS[name]
    response = ask(browser, script)
    assert response.status_code == status
    assert response["Cache-Control"] == "no-store"
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert {"Accept", "Cookie"} <= {part.strip() for part in response["Vary"].split(",")}
    assert not [key for key in response.headers if key.lower().startswith("access-control")]


@pytest.mark.django_db
def test_no_preflight_is_answered(script: Script) -> None:
    headers = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    for path in ("/login", "/callback", "/complete"):
        response = program().options(path, headers=headers)
        assert response.status_code == 405
        assert not [key for key in response.headers if key.lower().startswith("access-control")]


# -- transactions -----------------------------------------------------------------------


@contextmanager
def _atomic_requests(on: bool = True) -> Iterator[None]:
    with patch.dict(connection.settings_dict, {"ATOMIC_REQUESTS": on}):
        yield


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("atomic", [False, True])
def test_no_transaction_is_open_while_the_network_is_asked(
    script: Script, atomic: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    def look(*args: Any) -> None:
        seen.append(connection.in_atomic_block)

    script.during_finish = look
    # `append` is how the scripted provider records that it was asked to start.
    script.started = _Watched(look)
    browser = Browser()
    with _atomic_requests(atomic):
        browser.start()
        _callback(browser, script)
        started = start_without_session(program())
        device = program().get("/callback", {"state": script.last_state, "code": "a"})
    assert device.json()["id"] == started["id"]
    assert seen == [False] * 4


class _Watched(list[tuple[str, str]]):
    def __init__(self, look: Callable[[], None]) -> None:
        super().__init__()
        self._look = look

    def append(self, item: tuple[str, str]) -> None:
        self._look()
        super().append(item)


@pytest.mark.django_db(transaction=True)
def test_the_control_sees_a_transaction(script: Script) -> None:
    """ATOMIC_REQUESTS, as patched here, does open one around a view without our guard."""
    seen: list[bool] = []

    def look(request: Any) -> HttpResponse:
        seen.append(connection.in_atomic_block)
        return HttpResponse()

    with _atomic_requests():
        BaseHandler().make_view_atomic(look)(RequestFactory().get("/"))
    assert seen == [True]


# -- faults of the site -----------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
@pytest.mark.parametrize(
    "ask",
    [
        lambda b: b.get("/login"),
        lambda b: b.submit("/login", phone=PHONE),
        lambda b: b.post_json("/login", {"phone": PHONE}),
        lambda b: b.get("/callback", {"state": "A" * 20, "code": "a"}),
        lambda b: b.get("/attempts/00000000-0000-4000-8000-000000000000"),
        lambda b: b.get("/attempts/00000000-0000-4000-8000-000000000000", accept="*/*"),
        lambda b: b.submit("/complete", id=str(uuid.uuid4()), completion_code="x"),
        lambda b: b.post_json("/complete", {"id": str(uuid.uuid4()), "completion_code": "x"}),
        lambda b: b.get("/handover/00000000-0000-4000-8000-000000000000.x"),
    ],
)
def test_a_database_that_is_gone(
    alice: User, script: Script, ask: Callable[[Browser], Any], error: type[Exception]
) -> None:
    browser = Browser(alice)
    with patch("django.db.models.sql.compiler.SQLCompiler.execute_sql", side_effect=error):
        response = ask(browser)
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert b"try_again" in response.content


@pytest.mark.django_db
def test_a_cache_that_is_gone_does_not_undo_a_start(
    browser: Browser, script: Script, settings: Any
) -> None:
    settings.CACHES = {"default": {"BACKEND": "tests.views.caches.BrokenCache"}}
    attempt = browser.start()
    page = browser.get(f"/attempts/{attempt.public_id}")
    assert page.context["auth_url"].endswith(script.last_state)


@pytest.mark.django_db
def test_an_error_page_that_asks_a_dead_database() -> None:
    calls: list[FlowError] = []

    def on_error(request: Any, fault: FlowError) -> HttpResponse:
        calls.append(fault)
        if len(calls) == 1:
            raise OperationalError
        return HttpResponse(status=fault.status)

    view = http.secured("GET", on_error=on_error)(lambda request: HttpResponse())
    request = RequestFactory().post("/")
    request.session = SessionBase()
    assert view(request).status_code == 503
    assert [fault.code for fault in calls] == ["method_not_allowed", "try_again"]


def test_too_many_files() -> None:
    def view(request: Any) -> HttpResponse:
        raise TooManyFilesSent

    def on_error(request: Any, fault: FlowError) -> HttpResponse:
        return HttpResponse(status=fault.status)

    request = RequestFactory().get("/")
    request.session = SessionBase()
    assert http.secured("GET", on_error=on_error)(view)(request).status_code == 413


@pytest.mark.django_db
def test_a_missing_provider_is_the_sites_fault(script: Script, configure: Any) -> None:
    configure(PROVIDER="nobody")
    response = post_json(program(), "/login", {"phone": PHONE})
    assert error_of(response) == (503, "server_configuration")
    assert VerificationAttempt.objects.count() == 0


# -- the session while the network is asked ---------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("engine", ["db", "cached_db", "cache"])
def test_logged_out_while_the_network_was_asked(
    alice: User, script: Script, enrolled: None, engine: str, settings: Any
) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    browser = Browser(alice)
    attempt = browser.start(purpose="step_up")
    old = browser.client.cookies["sessionid"].value

    def log_out() -> None:
        other_tab = Browser()
        other_tab.client.cookies["sessionid"] = old
        other_tab.client.logout()

    script.during_finish = log_out
    response = _callback(browser, script)
    assert response.status_code == 409
    assert b"session_lost" in response.content
    assert "sessionid" not in response.cookies
    attempt.refresh_from_db()
    assert (attempt.status, attempt.result) == ("verified", True)
    assert browser.get("/protected").status_code == 403
    assert "_auth_user_id" not in browser.client.session


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["password", "user", "gone"])
def test_somebody_else_while_the_network_was_asked(
    alice: User, script: Script, enrolled: None, change: str
) -> None:
    browser = Browser(alice)
    browser.start(purpose="step_up")
    bob = User.objects.create_user("bob")

    def meanwhile() -> None:
        session = browser.client.session
        if change == "password":
            alice.set_password("another")
            alice.save()
        elif change == "user":
            session["_auth_user_id"] = str(bob.pk)
            session["_auth_user_hash"] = bob.get_session_auth_hash()
            session.save()
        else:
            alice.delete()

    script.during_finish = meanwhile
    response = _callback(browser, script)
    assert response.status_code == 409
    assert browser.get("/protected").status_code == 403


@pytest.mark.django_db
def test_another_tab_may_write_to_the_session_meanwhile(
    alice: User, script: Script, enrolled: None
) -> None:
    browser = Browser(alice)
    browser.start(purpose="step_up")

    def write() -> None:
        session = browser.client.session
        session["cart"] = [1, 2]
        session.save()

    script.during_finish = write
    assert _callback(browser, script).status_code == 303
    assert browser.client.session["cart"] == [1, 2]
    assert browser.get("/protected").status_code == 200


@pytest.mark.django_db
@override_settings(SESSION_SAVE_EVERY_REQUEST=True)
def test_sessions_saved_at_every_request(alice: User, script: Script, enrolled: None) -> None:
    browser = Browser(alice)
    browser.start(purpose="step_up")
    script.during_finish = browser.client.session.flush
    assert _callback(browser, script).status_code == 409
    assert browser.get("/protected").status_code == 403
