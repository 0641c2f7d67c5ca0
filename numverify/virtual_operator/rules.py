"""Which number plays what: the one table of the Virtual Operator, without any I/O.

A ``+990`` number answers by how it ends, as in Vonage's Playground. Numbers of the form
``+990 911 C NNN`` play faults: ``C`` is the call (1 network enablement, 2 the phone's
authorization request, 3 token, 4 verify) and ``NNN`` the HTTP status to play or, below
100, a fault that no status names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

#: CAMARA's pattern (NumberVerification, ``PhoneNumber``): E.164 with its plus.
E164 = re.compile(r"\+[1-9][0-9]{4,14}")
PREFIX = "+990"  # an unassigned country code: nobody has such a number
# Not 000: numbers that programs count up from zero would run into the block.
FAULT_PREFIX = PREFIX + "911"
RETRY_AFTER_SECONDS = 7


class Call(StrEnum):
    """The four calls of a verification, by the names of the counters."""

    ENABLEMENT = "enablement"
    AUTH = "auth"
    TOKEN = "token"  # noqa: S105
    VERIFY = "verify"

    @property
    def digit(self) -> str:
        return str(list(Call).index(self) + 1)


class Kind(StrEnum):
    """How a fault shows."""

    # an answer of its own
    STATUS = "status"
    REDIRECT = "redirect"
    ERROR_REDIRECT = "error_redirect"
    NO_STATE = "no_state"
    PAGE = "page"
    # the right answer, spoilt
    MALFORMED = "malformed"
    OVERSIZED = "oversized"
    WRONG_TYPES = "wrong_types"
    # the right answer, sent badly
    STALL = "stall"
    DRIP_HEADERS = "drip_headers"
    DRIP_BODY = "drip_body"
    FALSE_LENGTH = "false_length"
    RESET = "reset"

    @property
    def on_wire(self) -> bool:
        """Whether only the server can play it, at the socket."""
        return self in _ON_WIRE


_ON_WIRE = frozenset({Kind.STALL, Kind.DRIP_HEADERS, Kind.DRIP_BODY, Kind.FALSE_LENGTH, Kind.RESET})


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong at one call: ``status`` and the dialect's own ``word`` for it."""

    call: Call
    kind: Kind
    status: int = 200
    word: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a number plays.

    Args:
        plays: one line for people.
        verified: what verify answers for the number itself, when it gets that far.
        scope_error: why enablement refuses the scope inside a 200, if it does.
        fault: what goes wrong on the way, or None.
    """

    plays: str
    verified: bool = True
    scope_error: str = ""
    fault: Fault | None = None

    def fault_at(self, call: Call) -> Fault | None:
        return self.fault if self.fault and self.fault.call is call else None


VERIFIED = Scenario("verified")
NOT_VERIFIED = Scenario("the check ran: not verified (false)", verified=False)
CANNOT_CHECK = Scenario(
    "could not be checked: error redirect, server_error",
    fault=Fault(Call.AUTH, Kind.ERROR_REDIRECT, word="server_error"),
)
BLOCKED = Scenario("blocked by the allowlist, inside a 200", scope_error="Blocked by allowlist.")

#: The plain rule, for people: how a number ends, an example, what it plays.
PLAIN = (
    ("+990… ending in an even digit", "+99012345678", VERIFIED),
    ("+990… ending in an odd digit", "+9902345601", NOT_VERIFIED),
    ("+990… ending in 99", "+99012345699", CANNOT_CHECK),
    ("any other number", "+447700900123", BLOCKED),
)

_BACKEND_CALLS = (Call.ENABLEMENT, Call.TOKEN, Call.VERIFY)

# Call: {HTTP status: (the dialect's word, how it reads)}.
_STATUSES: dict[Call, dict[int, tuple[str, str]]] = {
    Call.ENABLEMENT: {
        400: ("invalid-request", "400, the body is invalid"),
        401: ("unauthorized", "401, the JWT is refused"),
        402: ("low-balance", "402, the account's balance is low"),
        403: ("forbidden", "403, the application is not allowed"),
        429: ("throttled", f"429, Retry-After: {RETRY_AFTER_SECONDS}"),
        500: ("internal-error", "500"),
        503: ("unavailable", "503"),
    },
    Call.TOKEN: {
        400: ("invalid_grant", "400 invalid_grant, the code is refused"),
        401: ("invalid_client", "401 invalid_client, the JWT is refused"),
        429: ("temporarily_unavailable", f"429, Retry-After: {RETRY_AFTER_SECONDS}"),
        500: ("server_error", "500 server_error"),
        503: ("temporarily_unavailable", "503 temporarily_unavailable"),
    },
    Call.VERIFY: {
        400: ("INVALID_ARGUMENT", "400 INVALID_ARGUMENT"),
        401: ("UNAUTHENTICATED", "401 UNAUTHENTICATED, the access token is refused"),
        403: (
            "NUMBER_VERIFICATION.USER_NOT_AUTHENTICATED_BY_MOBILE_NETWORK",
            "403 USER_NOT_AUTHENTICATED_BY_MOBILE_NETWORK, no mobile data",
        ),
        429: ("TOO_MANY_REQUESTS", f"429, Retry-After: {RETRY_AFTER_SECONDS}"),
        500: ("INTERNAL", "500 INTERNAL"),
        503: ("UNAVAILABLE", "503 UNAVAILABLE"),
        504: ("TIMEOUT", "504 TIMEOUT"),
    },
}

# Numbers below 100 mean the same at every call of the backend.
_MISBEHAVIOUR: dict[int, tuple[Kind, str]] = {
    1: (Kind.STALL, "stalls: no byte of an answer for a long time"),
    2: (Kind.DRIP_HEADERS, "drips its headers, byte by byte"),
    3: (Kind.DRIP_BODY, "drips its body, byte by byte"),
    4: (Kind.MALFORMED, "answers malformed JSON"),
    5: (Kind.OVERSIZED, "answers an oversized body (1 MiB of valid JSON)"),
    6: (Kind.WRONG_TYPES, 'answers wrong types ("true" for true)'),
    7: (Kind.FALSE_LENGTH, "promises a longer body than it sends, and closes"),
    8: (Kind.RESET, "resets the connection after it took the request"),
    9: (Kind.REDIRECT, "answers 307 to another URL"),
}

_SPECIAL: dict[tuple[Call, int], Scenario] = {
    (Call.ENABLEMENT, 200): Scenario(
        "unsupported operator: an error inside a 200",
        scope_error="The operator of this number does not support the scope.",
    ),
    (Call.AUTH, 1): Scenario("stalls at the phone", fault=Fault(Call.AUTH, Kind.STALL)),
    (Call.AUTH, 10): Scenario("the SIM is somebody else's: false", verified=False),
    (Call.AUTH, 11): Scenario(
        "error redirect without state: server_error",
        fault=Fault(Call.AUTH, Kind.NO_STATE, word="server_error"),
    ),
    (Call.AUTH, 403): Scenario(
        "consent denied: error redirect, access_denied",
        fault=Fault(Call.AUTH, Kind.ERROR_REDIRECT, word="access_denied"),
    ),
    (Call.AUTH, 404): Scenario(
        "the SIM is not recognised: a page, the phone never comes back",
        fault=Fault(Call.AUTH, Kind.PAGE, 404),
    ),
    (Call.AUTH, 503): Scenario(
        "error redirect, temporarily_unavailable",
        fault=Fault(Call.AUTH, Kind.ERROR_REDIRECT, word="temporarily_unavailable"),
    ),
    (Call.VERIFY, 10): Scenario(
        "403 INVALID_TOKEN_CONTEXT",
        fault=Fault(Call.VERIFY, Kind.STATUS, 403, "NUMBER_VERIFICATION.INVALID_TOKEN_CONTEXT"),
    ),
    (Call.VERIFY, 11): Scenario(
        "403 PERMISSION_DENIED", fault=Fault(Call.VERIFY, Kind.STATUS, 403, "PERMISSION_DENIED")
    ),
}


def fault_number(call: Call, code: int) -> str:
    """The number that plays ``code`` at ``call``: ``(VERIFY, 503)`` is +9909114503."""
    return f"{FAULT_PREFIX}{call.digit}{code:03}"


def _rows() -> Iterator[tuple[str, Scenario]]:
    for (call, code), scenario_ in _SPECIAL.items():
        yield fault_number(call, code), scenario_
    for call, statuses in _STATUSES.items():
        for status, (word, plays) in statuses.items():
            fault = Fault(call, Kind.STATUS, status, word)
            yield fault_number(call, status), Scenario(plays, fault=fault)
    for call in _BACKEND_CALLS:
        for code, (kind, plays) in _MISBEHAVIOUR.items():
            yield fault_number(call, code), Scenario(plays, fault=Fault(call, kind))


#: Every number that plays a fault, in order.
FAULTS: dict[str, Scenario] = dict(sorted(_rows()))


def scenario(phone: str) -> Scenario:
    """What the E.164 number ``phone`` plays. Every number plays something."""
    if phone in FAULTS:
        return FAULTS[phone]
    if not phone.startswith(PREFIX):
        return BLOCKED
    if phone.endswith("99"):
        return CANNOT_CHECK
    return VERIFIED if phone[-1] in "02468" else NOT_VERIFIED
