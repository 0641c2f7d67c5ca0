"""People and programs with cookie jars of their own, at a site that runs over real HTTP.

The Virtual Operator takes whoever opens an auth_url for the holder of its SIM. So in
these scripts an attacker never opens the auth_url of somebody else's number himself.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from django.contrib.auth.models import User
from django.test import Client

from numverify.models import VerificationAttempt
from numverify.virtual_operator.server import VirtualOperator

NUMBER = "+99012345678"  # the SIM of everybody's victim
OWN = "+99055555552"  # the attacker's SIM
_TOKEN = "t" * 32
NAVIGATE = {
    "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Site": "cross-site",
}
JSON = {"Accept": "application/json"}
SECRET = "Numverify-Attempt-Secret"


@dataclass
class Site:
    """The site and the operator behind it."""

    url: str
    operator: VirtualOperator
    stack: ExitStack = field(repr=False)

    def browser(self, user: User | None = None) -> Actor:
        return self._actor(NAVIGATE, user)

    def program(self) -> Actor:
        return self._actor({"Accept": "*/*"}, None)

    def _actor(self, headers: dict[str, str], user: User | None) -> Actor:
        session = self.stack.enter_context(requests.Session())
        session.trust_env = False
        session.headers.update(headers)
        actor = Actor(self, session, is_browser=headers is NAVIGATE)
        if user is not None:
            client = Client()
            client.force_login(user)
            actor.set_cookie("sessionid", client.cookies["sessionid"].value)
        return actor

    @property
    def exchanges(self) -> int:
        return self.operator.counts["token"]


@dataclass
class Actor:
    """One cookie jar."""

    site: Site
    session: requests.Session
    is_browser: bool

    def set_cookie(self, name: str, value: str) -> None:
        self.session.cookies.set(name, value, domain="localhost.local", path="/")

    def get(self, url: str, **headers: str) -> requests.Response:
        """GET without following redirects; ``url`` may be a path of the site."""
        return self._send("GET", url, headers=headers)

    def head(self, url: str) -> requests.Response:
        return self._send("HEAD", url)

    def post(self, path: str, body: dict[str, Any], **headers: str) -> requests.Response:
        """POST JSON; as a browser, with the CSRF token."""
        return self._send("POST", path, json=body, headers=self._csrf() | headers)

    def submit(self, path: str, **fields: str) -> requests.Response:
        return self._send("POST", path, data=fields, headers=self._csrf())

    def _csrf(self) -> dict[str, str]:
        if not self.is_browser:
            return {}
        self.set_cookie("csrftoken", _TOKEN)
        return {"X-CSRFToken": _TOKEN}

    def _send(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        url = self.site.url + url if url.startswith("/") else url
        return self.session.request(method, url, allow_redirects=False, timeout=20, **kwargs)

    def start(self, **fields: str) -> dict[str, Any]:
        """Begin an attempt by JSON: with the session, as a browser; without, as a program."""
        response = self.post("/login", {"phone": NUMBER, **fields}, **JSON)
        assert response.status_code == 200, response.text
        started: dict[str, Any] = response.json()
        return started

    def to_callback(self, auth_url: str) -> str:
        """Follow the operator's redirects, and stop before the site's callback."""
        url = auth_url
        for _ in range(10):
            url = str(self._send("GET", url).headers["Location"])
            if url.startswith(self.site.url):
                return url
        raise AssertionError("the operator never came back")

    def open(self, auth_url: str, **headers: str) -> requests.Response:
        """Open the link as far as the callback's answer."""
        return self.get(self.to_callback(auth_url), **headers)

    def poll(self, started: dict[str, Any]) -> dict[str, Any]:
        secret = {SECRET: started["attempt_secret"]} if "attempt_secret" in started else {}
        body: dict[str, Any] = self.get(f"/attempts/{started['id']}", **JSON, **secret).json()
        return body

    def complete(self, started: dict[str, Any], code: str) -> requests.Response:
        body = {"id": started["id"], "completion_code": code}
        return self.post("/complete", body | {"attempt_secret": started.get("attempt_secret")})

    def is_elevated(self) -> bool:
        return self.get("/protected").status_code == 200


def state_of(started: dict[str, Any]) -> str:
    return parse_qs(urlsplit(str(started["auth_url"])).query)["state"][0]


def code_in(callback_url: str) -> str:
    return parse_qs(urlsplit(callback_url).query)["code"][0]


def row(started: dict[str, Any]) -> VerificationAttempt:
    return VerificationAttempt.objects.get(public_id=started["id"])


def tells_something(response: requests.Response) -> bool:
    """Does an answer hold the boolean or the code?"""
    return "devicePhoneNumberVerified" in response.text or "completion_code" in response.text
