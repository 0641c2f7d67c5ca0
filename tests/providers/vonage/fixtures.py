"""A service that answers each of the three calls as a test says, over real HTTP."""

from __future__ import annotations

import json
import socket
from collections import Counter
from typing import Any

from numverify.providers.caller import Caller
from numverify.providers.vonage import VonageNumberVerification
from numverify.providers.vonage.client import Client
from numverify.providers.vonage.credentials import Credentials
from numverify.providers.vonage.results import SCOPE
from numverify.providers.vonage.signing import signer_for

from ..conftest import CORRELATOR, transport
from ..servers import Behaviour, Received, Server, answer, http

PHONE = "+99012345678"
STATE = "s7at3-s7at3-s7at3-20"
CODE = "c0de-c0de"
TOKEN = "t0ken-t0ken"
REDIRECT_URI = "https://site.example/callback?x=y"
APPLICATION = "8a6e7e6a-0000-4000-8000-000000000000"
SHORT = {"E": "/v0.1/network-enablement", "X": "/oauth2/token"} | {
    "V": "/camara/number-verification/v031/verify"
}
_NAMES = {path: name for name, path in SHORT.items()}


def reply(value: Any, status: int = 200, **headers: str) -> Behaviour:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return answer(http(status, json.dumps(value).encode(), named))


def granted(url: str) -> dict[str, Any]:
    return {"scopes": {SCOPE: {"auth_url": url}}}


class Service(Server):
    """The three calls; ``calls["X"] = behaviour`` or a list of them, one each time."""

    def __init__(self) -> None:
        super().__init__(self.dispatch)
        self.calls: dict[str, Behaviour | list[Behaviour]] = {
            "E": reply(granted(f"{self.url}/oauth2/auth?state={STATE}")),
            "X": reply({"access_token": TOKEN, "token_type": "bearer", "expires_in": 29}),
            "V": reply({"devicePhoneNumberVerified": True}),
        }

    @staticmethod
    def dispatch(server: Server, conn: socket.socket, request: Received) -> None:
        assert isinstance(server, Service)
        behaviour = server.calls[_NAMES[request.line.split()[1]]]
        if isinstance(behaviour, list):
            behaviour = behaviour.pop(0)
        behaviour(server, conn, request)

    @property
    def seen(self) -> dict[str, int]:
        """How many requests each call got."""
        return dict(Counter(_NAMES[request.line.split()[1]] for request in self.requests))

    def asked(self, name: str) -> list[Received]:
        return [request for request in self.requests if SHORT[name] in request.line]


def provider(
    base_url: str,
    credentials: Credentials,
    *,
    seconds: float = 5,
    failures: int = 0,
    auth_hosts: tuple[str, ...] = (),
    **options: Any,
) -> VonageNumberVerification:
    caller = Caller(base_url, transport(base_url), call_timeout=seconds, breaker=(failures, 30))
    client = Client(
        caller, signer_for(credentials), redirect_uri=credentials.redirect_uri, **options
    )
    return VonageNumberVerification(client, base_url=base_url, auth_hosts=auth_hosts)


def start(by: VonageNumberVerification) -> Any:
    return by.start(PHONE, STATE, correlator=CORRELATOR)


def finish(by: VonageNumberVerification, seconds: float = 10) -> Any:
    return by.finish(PHONE, CODE, correlator=CORRELATOR, seconds=seconds)
