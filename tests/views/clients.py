"""Browsers and programs, as far as their requests tell them apart."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from numverify.models import VerificationAttempt
from tests.fakes import Script

PHONE = "+99012345678"
NEXT = "/account/"
_TOKEN = "t" * 32


class Browser:
    """A browser that navigates: cookies, ``Sec-Fetch-*``, CSRF token, HTML wanted."""

    def __init__(self, user: Any = None, **headers: str) -> None:
        fetch = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
        accept = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
        self.client = Client(enforce_csrf_checks=True, headers=accept | fetch | headers)
        self.client.cookies["csrftoken"] = _TOKEN
        if user is not None:
            self.client.force_login(user)

    def get(self, path: str, query: Any = None, **headers: str) -> Any:
        return self.client.get(path, query, headers=headers or None)

    def submit(self, path: str, **fields: Any) -> Any:
        return self.client.post(path, {"csrfmiddlewaretoken": _TOKEN, **fields})

    def post_json(self, path: str, body: Any, **headers: str) -> Any:
        return post_json(self.client, path, body, **{"x-csrftoken": _TOKEN}, **headers)

    def start(self, **fields: str) -> VerificationAttempt:
        response = self.submit("/login", **{"phone": PHONE, **fields})
        assert response.status_code == 303, response.content
        return VerificationAttempt.objects.get(public_id=response["Location"].rpartition("/")[2])


def program() -> Client:
    """curl, the tutorial's client, a native app: no cookies, no ``Sec-Fetch-*``."""
    return Client(enforce_csrf_checks=True)


def post_json(client: Client, path: str, body: Any, **headers: str) -> Any:
    raw = body if isinstance(body, bytes | str) else json.dumps(body)
    return client.post(path, raw, content_type="application/json", headers=headers or None)


def start_without_session(client: Client, **fields: Any) -> dict[str, Any]:
    response = post_json(client, "/login", {"phone": PHONE, **fields})
    assert response.status_code == 200, response.content
    started: dict[str, Any] = response.json()
    return started


def row(public_id: Any) -> VerificationAttempt:
    return VerificationAttempt.objects.get(public_id=public_id)


def error_of(response: Any) -> tuple[int, str]:
    """Status and stable code of a JSON error, whose shape is checked."""
    body = response.json()
    assert set(body) == {"error", "detail"}
    assert body["detail"]
    return response.status_code, body["error"]


def back(client: Any, script: Script, **headers: str) -> Any:
    """The callback of the attempt that was started last."""
    return client.get(
        "/callback", {"state": script.last_state, "code": "abc"}, headers=headers or None
    )


def status_of(attempt: VerificationAttempt) -> tuple[str, str]:
    attempt.refresh_from_db()
    return attempt.status, attempt.reason
