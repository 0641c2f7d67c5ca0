"""What the operator has handed out: tickets, codes and tokens, each good for one use."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Grant:
    """One authorization: the number of the SIM at hand, and the request's state."""

    sim: str
    state: str

    def __repr__(self) -> str:
        return "Grant()"


class _Shelf:
    """Secrets with one lifetime; the oldest are dropped first. Not thread-safe."""

    def __init__(self, clock: Callable[[], float], seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._kept: dict[str, tuple[float, Grant]] = {}

    def __contains__(self, secret: str) -> bool:
        return secret in self._kept

    def put(self, grant: Grant) -> str:
        secret = secrets.token_urlsafe(32)
        self._kept[secret] = (self._clock() + self._seconds, grant)
        return secret

    def take(self, secret: str) -> Grant | None:
        """The grant, once, and not after its time."""
        until, grant = self._kept.pop(secret, (0.0, None))
        return grant if until > self._clock() else None

    def sweep(self) -> None:
        now = self._clock()
        for secret, (until, _) in list(self._kept.items()):
            if until > now:
                return
            del self._kept[secret]


class Ledger:
    """Thread-safe store of tickets (between the hops of the phone), codes and tokens.

    Args:
        clock: seconds since the epoch.
        code_seconds: lifetime of tickets and codes.
        token_seconds: lifetime of access tokens.
    """

    def __init__(
        self, *, clock: Callable[[], float], code_seconds: float, token_seconds: float
    ) -> None:
        self._lock = threading.Lock()
        self._shelves = (
            _Shelf(clock, code_seconds),
            _Shelf(clock, code_seconds),
            _Shelf(clock, token_seconds),
        )
        self._tickets, self._codes, self._tokens = self._shelves
        self._token_of: dict[str, str] = {}

    def new_ticket(self, grant: Grant) -> str:
        with self._lock:
            self._sweep()
            return self._tickets.put(grant)

    def take_ticket(self, ticket: str) -> Grant | None:
        with self._lock:
            return self._tickets.take(ticket)

    def new_code(self, grant: Grant) -> str:
        with self._lock:
            return self._codes.put(grant)

    def exchange(self, code: str) -> tuple[str, Grant] | None:
        """An access token for a code, once.

        A second exchange revokes the token of the first: one of the two was not the
        application's (RFC 6749, 4.1.2).
        """
        with self._lock:
            grant = self._codes.take(code)
            if grant is None:
                self._tokens.take(self._token_of.get(code, ""))
                return None
            token = self._token_of[code] = self._tokens.put(grant)
            return token, grant

    def spend(self, token: str) -> Grant | None:
        """The grant of an access token, once: CAMARA's are single-use."""
        with self._lock:
            return self._tokens.take(token)

    def _sweep(self) -> None:
        for shelf in self._shelves:
            shelf.sweep()
        self._token_of = {c: t for c, t in self._token_of.items() if t in self._tokens}
