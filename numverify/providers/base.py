"""What the flow needs of a service, whoever it is. Nothing here knows the ORM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ..exceptions import Call, Reason


@dataclass(frozen=True, slots=True)
class Started:
    """The service took the attempt.

    ``auth_url`` is what the phone opens over mobile data: https (loopback excepted)
    on an allowed host. It holds the state: keep it out of logs.
    """

    auth_url: str
    calls: tuple[Call, ...]

    def __repr__(self) -> str:
        return f"Started(calls={self.calls!r})"


@dataclass(frozen=True, slots=True)
class Verification:
    """The network answered.

    Args:
        verified: True only if the answer was JSON ``true``.
        token_seconds: how long the access token was to be used, capped at 300.
    """

    verified: bool
    token_seconds: int
    calls: tuple[Call, ...]


class Provider(Protocol):
    """One service that recognises a SIM.

    Both methods raise :class:`~numverify.exceptions.ProviderError` where they could
    not find out and :class:`~numverify.exceptions.ConfigurationError` where the site
    is set up wrongly. ``correlator`` (UUID text) is sent as ``x-correlator``.
    """

    name: str

    def start(self, phone: str, state: str, *, correlator: str) -> Started:
        """Announce the attempt for an E.164 number and get the URL for the phone."""
        ...

    def finish(self, phone: str, code: str, *, correlator: str, seconds: float) -> Verification:
        """Spend the single-use code, and ask whether the SIM has the number.

        ``seconds`` is the time left for all calls together. Never retried.
        """
        ...

    def refusal(self, error: str) -> Reason:
        """Map the ``error`` word of an authorization response (RFC 6749, 4.1.2.1)."""
        ...
