"""A client that speaks the wire, and can be told to speak it wrongly."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import requests
from cryptography.hazmat.primitives import serialization

APPLICATION_ID = "2c8f2d4e-6b5a-4a3c-9d1e-0f1e2d3c4b5a"
REDIRECT_URI = "http://backend.example/callback"
SCOPE = "dpv:FraudPreventionAndDetection#number-verification-verify-read"
ENABLEMENT = "/v0.1/network-enablement"
TOKEN = "/oauth2/token"
VERIFY = "/camara/number-verification/v031/verify"
STATE = "S" * 20
EVEN, ODD, ERROR = "+99012345678", "+9902345601", "+99012345699"
TIMEOUT = 10


@cache
def loaded(private_key: str) -> Any:
    """Parsing a key costs as much as a hundred signatures."""
    return serialization.load_pem_private_key(private_key.encode(), password=None)


class Clock:
    """Time that tests move."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Wire:
    base_url: str
    private_key: str = field(repr=False)
    clock: Clock
    session: requests.Session = field(default_factory=requests.Session)

    def claims(self, **changed: Any) -> dict[str, Any]:
        now = int(self.clock())
        claims: dict[str, Any] = {
            "application_id": APPLICATION_ID,
            "iat": now - 60,
            "exp": now + 240,
            "jti": str(uuid.uuid4()),
        }
        claims.update(changed)
        return {name: value for name, value in claims.items() if value is not None}

    def jwt(self, **changed: Any) -> str:
        return jwt.encode(self.claims(**changed), loaded(self.private_key), algorithm="RS256")

    def bearer(self, token: str | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.jwt() if token is None else token}"}

    def post(self, path: str, **options: Any) -> requests.Response:
        return self.session.post(
            self.base_url + path, timeout=TIMEOUT, allow_redirects=False, **options
        )

    def get(self, url: str) -> requests.Response:
        url = url if url.startswith("http") else self.base_url + url
        return self.session.get(url, timeout=TIMEOUT, allow_redirects=False)

    def enable(self, phone: str = EVEN, *, headers: Any = None, **body: Any) -> requests.Response:
        content = {"phone_number": phone, "scopes": [SCOPE], "state": STATE, **body}
        return self.post(ENABLEMENT, json=content, headers={**self.bearer(), **(headers or {})})

    def auth_url(self, phone: str = EVEN, **body: Any) -> str:
        url = self.enable(phone, **body).json()["scopes"][SCOPE]["auth_url"]
        assert isinstance(url, str)
        return url

    def arrive(self, auth_url: str) -> dict[str, str]:
        """Follow the hops as the phone does; the parameters at the redirect URI."""
        hop = self.get(auth_url)
        assert hop.status_code == 302
        assert hop.headers["Location"].startswith(self.base_url)
        location = self.get(hop.headers["Location"]).headers["Location"]
        assert location.partition("?")[0] == REDIRECT_URI
        return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}

    def code(self, phone: str = EVEN) -> str:
        return self.arrive(self.auth_url(phone))["code"]

    def exchange(self, code: str, *, headers: Any = None, **changed: Any) -> requests.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
        form = {name: value for name, value in {**form, **changed}.items() if value is not None}
        return self.post(TOKEN, data=form, headers={**self.bearer(), **(headers or {})})

    def token(self, phone: str = EVEN) -> str:
        token = self.exchange(self.code(phone)).json()["access_token"]
        assert isinstance(token, str)
        return token

    def verify(self, token: str, body: Any, **headers: str) -> requests.Response:
        return self.post(VERIFY, json=body, headers={**self.bearer(token), **headers})
