"""The application JWT, checked as the real service does: RS256 and nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from .keys import load_public_key

if TYPE_CHECKING:
    from jwt.types import Options

MAX_SECONDS = 24 * 60 * 60
_SIGNATURE_ONLY: Options = {
    "verify_signature": True,
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


class JwtRefused(Exception):
    """The JWT is not accepted; the message is one fixed sentence."""


class JwtCheck:
    """Checks application JWTs.

    Args:
        application_id: the ``application_id`` that a JWT must carry.
        public_keys: PEM texts; during a rotation several are live.
        clock: seconds since the epoch.
        leeway_seconds: how far ``iat`` may lie in the future.

    Raises:
        ValueError: no key, or one that is not RSA of 2048 bits or more.
    """

    def __init__(
        self,
        application_id: str,
        public_keys: Sequence[str],
        *,
        clock: Callable[[], float],
        leeway_seconds: float,
    ) -> None:
        if not public_keys:
            raise ValueError("The Virtual Operator needs a public key.")
        self._application_id = application_id
        self._keys = [load_public_key(pem) for pem in public_keys]
        self._clock = clock
        self._leeway = leeway_seconds

    def check(self, token: str) -> None:
        """Raises JwtRefused unless one of the keys signed it and its claims hold."""
        if not token:
            raise JwtRefused("A Bearer JWT is required.")
        claims = self._signed_claims(token)
        self._check_times(_instant(claims, "iat"), _instant(claims, "exp"))
        if claims.get("application_id") != self._application_id:
            raise JwtRefused("The JWT is not of this application.")
        jti = claims.get("jti")
        if not isinstance(jti, str) or not jti:
            raise JwtRefused("The JWT has no jti.")

    def _check_times(self, iat: float, exp: float) -> None:
        now = self._clock()
        if exp <= now:
            raise JwtRefused("The JWT has expired.")
        if iat > now + self._leeway:
            raise JwtRefused("The JWT was issued in the future.")
        if exp - iat > MAX_SECONDS:
            raise JwtRefused("The JWT lives longer than 24 hours.")

    def _signed_claims(self, token: str) -> Mapping[str, Any]:
        for key in self._keys:
            claims = _verified(token, key)
            if claims is not None:
                return claims
        raise JwtRefused("The JWT's signature is not valid.")


def _verified(token: str, key: RSAPublicKey) -> dict[str, Any] | None:
    """The claims, or None if another key signed them.

    The algorithm is fixed: ``none``, and HS256 with the public key as its secret, are
    the classic ways past a check. Times are checked by the caller, on its own clock.
    """
    try:
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=["RS256"], options=_SIGNATURE_ONLY
        )
    except jwt.InvalidSignatureError:
        return None
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise JwtRefused("The JWT is malformed, or not signed with RS256.") from None
    return claims


def _instant(claims: Mapping[str, Any], name: str) -> float:
    """A NumericDate. NaN would pass every comparison, and true is an int in Python."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise JwtRefused(f"The JWT has no proper {name}.")
    return value
