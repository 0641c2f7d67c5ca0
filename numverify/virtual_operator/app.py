"""The Virtual Operator as a WSGI application: endpoints, strictness, counters."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from . import authorization, enablement, exchange, pages, verification
from .context import AUTH_PATH, RECOGNISE_PATH, Context
from .faults import ELSEWHERE
from .journal import Journal, Served
from .jwts import JwtCheck
from .ledger import Ledger
from .messages import Refused, Reply, Request, json_reply, page, phrase, problem
from .rules import Call
from .wsgi import request_from

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ENABLEMENT_PATH = "/v0.1/network-enablement"
TOKEN_PATH = "/oauth2/token"  # noqa: S105
VERIFY_PATH = "/camara/number-verification/v031/verify"
COUNTS_PATH = "/virtual-operator/counts"


@dataclass(frozen=True, slots=True)
class _Route:
    method: str
    answer: Callable[[Context, Request], Reply]
    call: Call | None = None


_ROUTES = {
    ENABLEMENT_PATH: _Route("POST", enablement.answer, Call.ENABLEMENT),
    AUTH_PATH: _Route("GET", authorization.answer, Call.AUTH),
    RECOGNISE_PATH: _Route("GET", authorization.recognise),
    TOKEN_PATH: _Route("POST", exchange.answer, Call.TOKEN),
    VERIFY_PATH: _Route("POST", verification.answer, Call.VERIFY),
}


class VirtualOperator:
    """Vonage and the mobile operator for one registered application.

    Args:
        application_id: what the JWTs must carry, and the ``client_id``.
        public_keys: PEM texts of RSA keys; several are live during a rotation.
        redirect_uri: the registered one, compared character for character.
        stall_seconds: how long a stalling number waits before it answers.
        drip_seconds: the pause after each byte of a dripping number.
        code_seconds: lifetime of a code, and of the hop before it.
        token_minutes: lifetime of an access token, and its ``expires_in``.
        leeway_seconds: how far a JWT's ``iat`` may lie in the future.
        clock: seconds since the epoch.

    Raises:
        ValueError: no usable public key, or a redirect URI that is not absolute.
    """

    def __init__(
        self,
        *,
        application_id: str,
        public_keys: Sequence[str],
        redirect_uri: str,
        stall_seconds: float = 30.0,
        drip_seconds: float = 0.5,
        code_seconds: float = 60.0,
        token_minutes: int = 29,
        leeway_seconds: float = 5.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        parts = urlsplit(redirect_uri)
        if not parts.scheme or not parts.netloc or parts.fragment:
            raise ValueError("The redirect URI must be absolute, without a fragment.")
        self.stall_seconds = stall_seconds
        self.drip_seconds = drip_seconds
        self.clock = clock
        self.redirect_uri = redirect_uri
        self.application_id = application_id
        self.journal = Journal()
        self._jwt_check = JwtCheck(
            application_id, public_keys, clock=clock, leeway_seconds=leeway_seconds
        )
        self._code_seconds = code_seconds
        self._token_minutes = token_minutes
        self.reset()

    def reset(self) -> None:
        """Forget all codes and tokens, and count from zero."""
        ledger = Ledger(
            clock=self.clock,
            code_seconds=self._code_seconds,
            token_seconds=self._token_minutes * 60,
        )
        self._context = Context(
            application_id=self.application_id,
            redirect_uri=self.redirect_uri,
            token_minutes=self._token_minutes,
            jwt_check=self._jwt_check,
            ledger=ledger,
        )
        self.journal.clear()

    @property
    def counts(self) -> Counter[str]:
        """Requests so far by ``enablement``, ``auth``, ``token``, ``verify``; a copy."""
        return self.journal.counts

    @property
    def served(self) -> list[Served]:
        """The last 10,000 requests at the four calls, oldest first; a copy."""
        return self.journal.served

    @property
    def connections(self) -> int:
        """TCP connections that its servers accepted."""
        return self.journal.connections

    def answer(self, request: Request) -> Reply:
        """The reply to one request; never raises for what a client sent."""
        route = _ROUTES.get(request.path)
        if route is None:
            reply = self._other(request)
        elif request.method != route.method:
            reply = _not_allowed(route.method)
        else:
            reply = self._at(route, request)
        if request.correlator and request.has_valid_correlator:
            reply = replace(reply, headers=(*reply.headers, ("x-correlator", request.correlator)))
        return reply

    def _at(self, route: _Route, request: Request) -> Reply:
        if route.call:
            self.journal.arrived(route.call.value)
        try:
            reply = route.answer(self._context, request)
        except Refused as refusal:
            reply = refusal.reply
        if route.call:
            request.facts["correlator"] = request.correlator
            self.journal.answered(route.call, reply.status, request.facts)
        return reply

    def _other(self, request: Request) -> Reply:
        if request.path == ELSEWHERE:
            # A bearer that was sent on after a 3xx ends here: tests count it.
            self.journal.arrived("elsewhere")
            return page(404, "Nobody was to follow the redirect to this page.")
        if request.path not in ("/", COUNTS_PATH):
            return problem(404)
        if request.method != "GET":
            return _not_allowed("GET")
        return page(200, pages.text()) if request.path == "/" else self._counts_reply()

    def _counts_reply(self) -> Reply:
        counts = self.counts
        content = {call.value: counts[call.value] for call in Call}
        return json_reply(200, {**content, "connections": self.connections})

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI (PEP 3333), for any server. Faults at the socket need :mod:`.server`."""
        request = request_from(environ)
        reply = request if isinstance(request, Reply) else self.answer(request)
        if reply.on_wire:
            reply = problem(501, detail="This number needs the Virtual Operator's own server.")
        headers = [("Content-Type", reply.content_type), ("Content-Length", str(len(reply.body)))]
        start_response(f"{reply.status} {phrase(reply.status)}", [*headers, *reply.headers])
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else reply.body]


def _not_allowed(method: str) -> Reply:
    reply = problem(405)
    return replace(reply, headers=(*reply.headers, ("Allow", method)))
