"""``POST /login`` with JSON: bodies, fields, bindings, and who may start."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import override_settings

from numverify.exceptions import ProviderError, Reason
from numverify.models import VerificationAttempt
from tests.fakes import Script

from .clients import (
    NEXT,
    PHONE,
    Browser,
    error_of,
    post_json,
    program,
    row,
    start_without_session,
)

pytestmark = pytest.mark.django_db


def login(body: Any, **headers: str) -> Any:
    return post_json(program(), "/login", body, **headers)


# -- answers ----------------------------------------------------------------------------


def test_a_caller_without_session(script: Script) -> None:
    client = program()
    started = start_without_session(client)
    assert set(started) == {
        "id",
        "status",
        "binding",
        "auth_url",
        "url",
        "expires_at",
        "attempt_secret",
    }
    assert started["url"] == started["auth_url"]
    assert started["auth_url"].endswith(script.last_state)
    assert (started["status"], started["binding"]) == ("pending", "completion")
    assert len(started["attempt_secret"]) == 43
    attempt = row(started["id"])
    assert attempt.channel == "api"
    assert attempt.expires_at.isoformat() == started["expires_at"]
    assert started["attempt_secret"] not in str(vars(attempt))


def test_a_caller_without_session_gets_no_cookie_and_makes_no_session(script: Script) -> None:
    client = program()
    started = start_without_session(client)
    client.get("/callback", {"state": script.last_state, "code": "abc"})
    for body in ({}, {"phone": "1"}, b"[", {"phone": PHONE, "binding": "session"}):
        post_json(client, "/login", body)
        post_json(client, "/complete", body)
    client.get(f"/attempts/{started['id']}")
    client.get(f"/attempts/{started['id']}", headers={"numverify-attempt-secret": "x"})
    client.post(f"/attempts/{started['id']}", headers={"numverify-attempt-secret": "x"})
    assert not client.cookies
    assert Session.objects.count() == 0


def test_a_single_page_app(browser: Browser, script: Script) -> None:
    started = browser.post_json("/login", {"phone": PHONE, "next": NEXT}).json()
    assert set(started) == {"id", "status", "binding", "auth_url", "url", "expires_at"}
    assert started["binding"] == "session"
    assert row(started["id"]).next == NEXT
    callback = browser.get("/callback", {"state": script.last_state, "code": "abc"})
    assert (callback.status_code, callback["Location"]) == (303, NEXT)
    polled = browser.get(f"/attempts/{started['id']}", accept="application/json").json()
    assert (polled["status"], polled["result"]) == ("verified", True)


def test_a_desktop_gets_a_handover_link_and_no_secret(browser: Browser, script: Script) -> None:
    started = browser.post_json("/login", {"phone": PHONE, "binding": "completion"}).json()
    assert "attempt_secret" not in started
    assert started["handover_url"].startswith("http://testserver/handover/")


def test_binding_session_needs_a_session(script: Script) -> None:
    assert error_of(login({"phone": PHONE, "binding": "session"})) == (400, "invalid_binding")
    assert script.started == []


# -- who may start ----------------------------------------------------------------------


def test_anonymous_starts_are_off_by_default(script: Script, configure: Any) -> None:
    configure(ALLOW_ANONYMOUS_START=False)
    assert error_of(login({"phone": PHONE})) == (401, "authentication_required")
    assert script.started == []
    assert VerificationAttempt.objects.count() == 0


def test_nobody_steps_up_anonymously(script: Script) -> None:
    response = login({"phone": PHONE, "purpose": "step_up"})
    assert error_of(response) == (401, "authentication_required")
    assert script.started == []


def test_a_step_up_needs_a_confirmed_number(alice: User, script: Script) -> None:
    response = Browser(alice).post_json("/login", {"phone": PHONE, "purpose": "step_up"})
    assert error_of(response) == (403, "not_enrolled")
    assert script.started == []


@pytest.mark.parametrize("phone", ["+99000000000", "", "rubbish", None])
@pytest.mark.parametrize("purpose", ["check", "step_up"])
def test_a_number_is_ignored_where_one_is_confirmed(
    alice: User, script: Script, enrolled: None, phone: str | None, purpose: str
) -> None:
    body = {"phone": phone, "purpose": purpose}
    assert Browser(alice).post_json("/login", body).status_code == 200
    assert [number for number, _ in script.started] == [PHONE]


def test_a_confirmed_number_that_is_none_is_the_sites_fault(
    alice: User, script: Script, configure: Any
) -> None:
    configure(ENROLLED_NUMBER=lambda user: "0171 rubbish")
    response = Browser(alice).post_json("/login", {"phone": PHONE})
    assert error_of(response) == (503, "server_configuration")
    assert script.started == []


@override_settings(
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]
)
def test_under_the_login_required_middleware(script: Script) -> None:
    client = program()
    started = start_without_session(client)
    assert client.get("/callback").status_code == 400
    assert client.get(f"/attempts/{started['id']}").status_code == 404
    assert post_json(client, "/complete", {}).status_code == 400
    assert client.get("/handover/x").status_code == 404
    assert client.get("/login").status_code == 200
    assert client.get("/protected").status_code == 302


# -- consent and limits -----------------------------------------------------------------

GERMAN = "+4915112345678"


@pytest.mark.parametrize("consent", [None, False, "true", 1, [True]])
def test_a_german_number_needs_consent(script: Script, configure: Any, consent: Any) -> None:
    configure(CONSENT_TEXT="Please agree.")
    response = login({"phone": GERMAN, "consent": consent})
    assert error_of(response) == (403, "consent_required")
    assert script.started == []
    assert VerificationAttempt.objects.count() == 0


def test_with_consent_it_starts_and_is_kept(script: Script, configure: Any) -> None:
    configure(CONSENT_TEXT="Please agree.")
    started = login({"phone": GERMAN, "consent": True}).json()
    attempt = row(started["id"])
    assert attempt.consented_at is not None
    assert len(attempt.consent_version) == 64


def test_without_a_text_nobody_can_have_agreed(script: Script) -> None:
    assert error_of(login({"phone": GERMAN, "consent": True})) == (403, "consent_required")
    assert script.started == []


def test_too_many_starts(script: Script, configure: Any) -> None:
    configure(LIMITS={"anonymous_phone": (2, 600)})
    answers = [login({"phone": PHONE}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    assert error_of(answers[2]) == (429, "too_many_attempts")
    assert 0 < int(answers[2]["Retry-After"]) <= 601
    assert len(script.started) == 2


# -- bodies -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b" ",
        b"{",
        b"[]",
        b'["phone"]',
        b'"phone"',
        b"null",
        b"1",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\x00}\x00",
        b"\xff",
        b'{"phone": NaN}',
        b'{"x": NaN}',
        b'{"x": Infinity}',
        b'{"x": 1e999}',
        b'{"x": "\\ud800"}',
        b'{"\\udfff": 1}',
        b"[" * 8000,
        b'{"x": ' * 1300,
        b'{"x": ' + b"1" * 5000 + b"}",
        b"{'phone': '+99012345678'}",
    ],
)
def test_what_is_no_json_object(script: Script, body: bytes) -> None:
    assert error_of(login(body)) == (400, "invalid_json")
    assert error_of(post_json(program(), "/complete", body)) == (400, "invalid_json")


@pytest.mark.parametrize("body", [b"[" * 100_000, b" " * 8193, b'{"x": "' + b"a" * 9000 + b'"}'])
def test_what_is_too_large(script: Script, body: bytes) -> None:
    assert error_of(login(body)) == (413, "too_large")
    assert error_of(post_json(program(), "/complete", body)) == (413, "too_large")


def test_the_largest_body(script: Script) -> None:
    body = json.dumps({"phone": PHONE}).encode()
    assert login(body + b" " * (8192 - len(body))).status_code == 200


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"phone": ""}, "required"),
        ({"phone": None}, "required"),
        ({"phone": "12345"}, "invalid_phone"),
        ({"phone": "+0"}, "invalid_phone"),
        ({"phone": "+990" + "1" * 40}, "invalid_phone"),
        ({"phone": PHONE + "\x00"}, "invalid_phone"),
        ({"phone": 99012345678}, "invalid_phone"),
        ({"phone": [PHONE]}, "invalid_phone"),
        ({"phone": {"a": 1}}, "invalid_phone"),
        ({"phone": True}, "invalid_phone"),
        ({"next": 1}, "invalid_next"),
        ({"next": "https://evil.example/"}, "invalid_next"),
        ({"next": "//evil.example"}, "invalid_next"),
        ({"next": "javascript:alert(1)"}, "invalid_next"),
        ({"next": "/" + "a" * 2000}, "invalid_next"),
        ({"next": "/\x00"}, "invalid_next"),
        ({"purpose": "login"}, "invalid_purpose"),
        ({"purpose": "passwordless"}, "invalid_purpose"),
        ({"purpose": True}, "invalid_purpose"),
        ({"binding": "none"}, "invalid_binding"),
        ({"binding": ["session"]}, "invalid_binding"),
    ],
)
def test_fields(script: Script, fields: dict[str, Any], code: str) -> None:
    assert error_of(login({"phone": PHONE, **fields})) == (400, code)
    assert script.started == []
    assert VerificationAttempt.objects.count() == 0


def test_the_number_is_not_repeated_in_the_error(script: Script) -> None:
    assert b"12345678" not in login({"phone": "12345678"}).content


def test_unknown_fields_are_ignored(script: Script) -> None:
    assert login({"phone": PHONE, "foo": {"bar": []}, "next": None}).status_code == 200


@pytest.mark.parametrize("type_", ["text/plain", "application/xml", "", "application/jsonp"])
def test_other_media_types(script: Script, type_: str) -> None:
    body = json.dumps({"phone": PHONE}).encode()
    for path in ("/login", "/complete"):
        response = program().generic("POST", path, body, content_type=type_)
        assert error_of(response) == (415, "unsupported_media_type")
    assert script.started == []


def test_json_with_a_charset(script: Script) -> None:
    body = json.dumps({"phone": PHONE})
    response = program().post("/login", body, content_type="application/json; charset=utf-8")
    assert response.status_code == 200


# -- failed starts ----------------------------------------------------------------------

STATUSES = {
    Reason.UPSTREAM_UNREACHABLE: 503,
    Reason.UPSTREAM_TIMEOUT: 504,
    Reason.UPSTREAM_ERROR: 503,
    Reason.UPSTREAM_PAUSED: 503,
    Reason.BAD_UPSTREAM: 502,
    Reason.RATE_LIMITED: 503,
    Reason.UNKNOWN: 502,
}
ENUMERABLE = (
    Reason.NOT_SUPPORTED,
    Reason.FORBIDDEN,
    Reason.REQUEST,
    Reason.BALANCE,
    Reason.CREDENTIALS,
)


@pytest.mark.parametrize(("reason", "status"), STATUSES.items())
def test_a_start_that_failed(script: Script, reason: Reason, status: int) -> None:
    script.start_error = ProviderError(reason)
    assert error_of(login({"phone": PHONE})) == (status, reason)
    attempt = VerificationAttempt.objects.get()
    assert (attempt.status, attempt.reason) == ("failed", reason)


def test_the_services_retry_after_is_handed_on(script: Script) -> None:
    script.start_error = ProviderError(Reason.RATE_LIMITED, retry_after=7)
    assert login({"phone": PHONE})["Retry-After"] == "7"


def test_strangers_cannot_tell_whose_number_it_is(script: Script) -> None:
    answers = set()
    for number, reason in enumerate(ENUMERABLE):
        script.start_error = ProviderError(reason, retry_after=number, detail="HTTP 403")
        response = login({"phone": f"+9901234567{number}"})
        answers.add((response.status_code, response.content, str(sorted(response.items()))))
    assert len(answers) == 1
    assert answers.pop()[0] == 503


def test_strangers_cannot_tell_it_by_polling_either(browser: Browser, script: Script) -> None:
    answers, pages = set(), set()
    for reason in ENUMERABLE:
        script.start_error = ProviderError(reason)
        attempt = browser.start()
        path = f"/attempts/{attempt.public_id}"
        polled = browser.get(path, accept="application/json").json()
        answers.add((polled["reason"], polled["detail"], polled["status"]))
        page = browser.get(path).content.decode()
        pages.add(page.replace(attempt.reference_display, "").replace(str(attempt.public_id), ""))
    assert len(answers) == len(pages) == 1
    assert answers.pop()[0] == "not_available"


def test_a_user_is_told_what_is_wrong(alice: User, script: Script) -> None:
    script.start_error = ProviderError(Reason.NOT_SUPPORTED)
    browser = Browser(alice)
    response = browser.post_json("/login", {"phone": PHONE})
    assert error_of(response) == (503, "not_supported")
    attempt = browser.start()
    polled = browser.get(f"/attempts/{attempt.public_id}", accept="application/json").json()
    assert polled["reason"] == "not_supported"
