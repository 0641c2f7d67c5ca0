"""CSRF: whoever a strange page could make a browser send on his behalf needs the token."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from numverify.models import VerificationAttempt
from tests.fakes import Script

from .clients import PHONE, Browser, error_of, post_json, program

pytestmark = pytest.mark.django_db
TOKEN = "t" * 32


@pytest.fixture
def victim(alice: User) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    return client


def test_cookie_without_token(victim: Client, script: Script) -> None:
    response = post_json(victim, "/login", {"phone": PHONE})
    assert error_of(response) == (403, "csrf_failed")
    assert script.started == []


def test_cookie_with_token(victim: Client, script: Script) -> None:
    victim.cookies["csrftoken"] = TOKEN
    response = post_json(victim, "/login", {"phone": PHONE}, **{"x-csrftoken": TOKEN})
    assert response.status_code == 200
    assert VerificationAttempt.objects.get().user is not None


def test_cookie_with_a_wrong_token(victim: Client, script: Script) -> None:
    victim.cookies["csrftoken"] = TOKEN
    response = post_json(victim, "/login", {"phone": PHONE}, **{"x-csrftoken": "u" * 32})
    assert error_of(response) == (403, "csrf_failed")


def test_no_cookie(script: Script) -> None:
    assert post_json(program(), "/login", {"phone": PHONE}).status_code == 200


def test_json_in_text_plain(victim: Client, script: Script) -> None:
    response = victim.post("/login", json.dumps({"phone": PHONE}), content_type="text/plain")
    assert error_of(response) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "http://testserver"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "cors"),
        ("sec-fetch-dest", "empty"),
    ],
)
@pytest.mark.parametrize("path", ["/login", "/complete"])
def test_browsers_need_the_token_without_a_cookie_too(
    script: Script, name: str, value: str, path: str
) -> None:
    response = post_json(program(), path, {"phone": PHONE}, **{name: value})
    assert error_of(response) == (403, "csrf_failed")
    assert script.started == []
    assert Session.objects.count() == 0


def test_a_browser_with_the_token_gets_a_session(script: Script) -> None:
    client = program()
    client.cookies["csrftoken"] = TOKEN
    headers = {"x-csrftoken": TOKEN, "sec-fetch-site": "same-origin", "origin": "http://testserver"}
    response = post_json(client, "/login", {"phone": PHONE}, **headers)
    assert (response.status_code, response.json()["binding"]) == (200, "session")
    assert "sessionid" in client.cookies


def test_a_right_token_from_a_strange_origin(script: Script) -> None:
    client = program()
    client.cookies["csrftoken"] = TOKEN
    headers = {"x-csrftoken": TOKEN, "origin": "https://evil.example"}
    assert post_json(client, "/login", {"phone": PHONE}, **headers).status_code == 403


@pytest.mark.parametrize("path", ["/login", "/complete", "/handover/x"])
def test_forms_always_need_the_token(script: Script, path: str) -> None:
    for client in (program(), Browser().client):
        response = client.post(path, {"phone": PHONE})
        assert response.status_code == 403
        assert b"csrf_failed" in response.content
    assert script.started == []


def test_cancelling_needs_the_token(browser: Browser, script: Script) -> None:
    attempt = browser.start()
    path = f"/attempts/{attempt.public_id}"
    assert browser.client.post(path).status_code == 403
    assert browser.client.post(path, content_type="text/plain").status_code == 403
    attempt.refresh_from_db()
    assert attempt.status == "pending"
    assert browser.submit(path).status_code == 303


def test_completing_needs_the_token(browser: Browser, script: Script) -> None:
    started = browser.post_json("/login", {"phone": PHONE, "binding": "completion"}).json()
    body = {"id": started["id"], "completion_code": "A"}
    assert error_of(post_json(browser.client, "/complete", body)) == (403, "csrf_failed")


def test_the_csrf_cookie_in_the_session(settings: Any, script: Script, alice: User) -> None:
    settings.CSRF_USE_SESSIONS = True
    client = Client(enforce_csrf_checks=True, headers={"accept": "text/html"})
    client.force_login(alice)
    token = client.get("/login").context["csrf_token"]
    assert client.post("/login", {"phone": PHONE}).status_code == 403
    form = {"phone": PHONE, "csrfmiddlewaretoken": str(token)}
    assert client.post("/login", form).status_code == 303
