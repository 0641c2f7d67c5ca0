"""The bodies of the three answers, read strictly: what is not as documented is refused."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from ...exceptions import Reason
from ..secret import Secret

SCOPE = "dpv:FraudPreventionAndDetection#number-verification-verify-read"
#: CAMARA: a token for this API is single-use and lives at most 300 s.
MAX_TOKEN_SECONDS = 300
# RFC 6749's access-token without its space: it becomes part of a header.
_TOKEN = re.compile(r"[!-~]{1,16384}")


@dataclass(frozen=True, slots=True)
class Enabled:
    """The URL for the phone, not yet checked. It holds the state."""

    auth_url: Secret


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A single-use token, and for how many seconds it is to be used."""

    token: Secret
    seconds: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the network says of the number."""

    verified: bool


def enabled(body: bytes) -> Enabled | Reason:
    """The answer to Network Enablement: exactly our one scope, granted or refused."""
    scopes = (decode(body) or {}).get("scopes")
    if not isinstance(scopes, dict) or set(scopes) != {SCOPE}:
        return Reason.BAD_UPSTREAM
    scope = scopes[SCOPE]
    if not isinstance(scope, dict):
        return Reason.BAD_UPSTREAM
    if scope.get("error") is not None:
        return Reason.NOT_SUPPORTED
    url = scope.get("auth_url")
    return Enabled(Secret(url)) if isinstance(url, str) else Reason.BAD_UPSTREAM


def access_token(body: bytes, unit_seconds: int) -> AccessToken | Reason:
    """The answer to the code exchange. ``unit_seconds``: seconds in one ``expires_in``."""
    answer = decode(body) or {}
    token, kind = answer.get("access_token"), answer.get("token_type")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        return Reason.BAD_UPSTREAM
    if not isinstance(kind, str) or kind.lower() != "bearer":
        return Reason.BAD_UPSTREAM
    return AccessToken(Secret(token), token_seconds(answer.get("expires_in"), unit_seconds))


def verdict(body: bytes) -> Verdict | Reason:
    """The answer to the verification. Only JSON ``true`` verifies, only ``false`` denies."""
    answer = (decode(body) or {}).get("devicePhoneNumberVerified")
    return Verdict(answer) if isinstance(answer, bool) else Reason.BAD_UPSTREAM


def token_seconds(expires_in: Any, unit_seconds: int) -> int:
    """Seconds for which to use a token: what it says, 300 at most or if it says nothing.

    The token is used at once, whatever this says: the unit of ``expires_in`` is
    disputed, and 1e12 minutes overflow a datetime.
    """
    number = isinstance(expires_in, int | float) and not isinstance(expires_in, bool)
    if not number or expires_in <= 0 or expires_in >= MAX_TOKEN_SECONDS:
        return MAX_TOKEN_SECONDS
    return max(1, int(min(expires_in * unit_seconds, MAX_TOKEN_SECONDS)))


def decode(body: bytes) -> dict[str, Any] | None:
    """A JSON object, or None for all else: another type, a repeated key, NaN, a BOM.

    Returns rather than raises: json's error holds the whole text, token included.
    """
    try:
        value = json.loads(
            body.decode(), object_pairs_hook=_without_repeats, parse_constant=_refuse
        )
    except (ValueError, RecursionError):  # 100,000 brackets; integers of 5,000 digits
        return None
    return value if isinstance(value, dict) else None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Two parsers may pick different ones of {"verified": false, "verified": true}.
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("repeated key")
    return found


def _refuse(constant: str) -> None:
    raise ValueError(constant)
