"""The application JWT (RS256): the bearer of the first two calls."""

from __future__ import annotations

import hashlib
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from ...exceptions import ConfigurationError
from ..process import PerProcess
from ..secret import Secret
from .credentials import Credentials, PrivateKey

BACKDATED_SECONDS = 60  # our clock may be ahead of theirs
LIFETIME_SECONDS = 300  # exp - iat: the limit of the operators' gateways
RENEW_SECONDS = 90
MIN_KEY_BITS = 2048

parsed: PerProcess[bytes, RSAPrivateKey] = PerProcess()


@dataclass(frozen=True, slots=True)
class ApplicationJWT:
    """A signed JWT and the POSIX times at which it was signed and expires."""

    token: Secret
    signed_at: float
    expires_at: float

    @property
    def is_fresh(self) -> bool:
        # Signed in the future: the clock was set back, and iat may be too late now.
        return self.signed_at <= time.time() < self.expires_at - RENEW_SECONDS


class Signer:
    """Signs for one application, and keeps the JWT until it nears its end.

    Two keys can be live during a rotation: the one that was accepted last is used
    until it is refused. Shared by threads; one of them signs, the others wait.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._application_id = credentials.application_id
        self._keys = _named_keys(credentials)
        self._at = 0
        self._current: ApplicationJWT | None = None
        self._lock = threading.Lock()

    def bearer(self) -> ApplicationJWT:
        """A JWT with at least 90 s left. Raises ConfigurationError: the key is no use."""
        current = self._current
        if current is not None and current.is_fresh:
            return current
        with self._lock:
            if self._current is None or not self._current.is_fresh:
                self._current = sign(self._application_id, self._key())
            return self._current

    def drop(self, refused: ApplicationJWT) -> None:
        """Do not use ``refused`` again."""
        with self._lock:
            if self._current is refused:
                self._current = None

    def drop_and_try_next_key(self, refused: ApplicationJWT) -> None:
        """The same, and sign with the next key; once, however many threads ask."""
        with self._lock:
            if self._current is refused:
                self._current = None
                self._at = (self._at + 1) % len(self._keys)

    def public_key_pem(self) -> str:
        key = self._key().public_key()
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def check(self) -> None:
        """Sign with every key and verify it. Raises ConfigurationError."""
        for name, source in self._keys:
            key = load_key(name, source)
            token = sign(self._application_id, key).token.reveal()
            jwt.decode(token, key.public_key(), algorithms=["RS256"])

    def _key(self) -> RSAPrivateKey:
        return load_key(*self._keys[self._at])


signers: PerProcess[Credentials, Signer] = PerProcess()


def signer_for(credentials: Credentials) -> Signer:
    """The signer of this process for these credentials."""
    return signers.get(credentials, lambda: Signer(credentials))


def sign(application_id: str, key: RSAPrivateKey) -> ApplicationJWT:
    """A new JWT, back-dated by 60 s and valid for 300 s from then."""
    now = time.time()
    issued = int(now) - BACKDATED_SECONDS
    claims = {
        "application_id": application_id,
        "iat": issued,
        "exp": issued + LIFETIME_SECONDS,
        "jti": str(uuid.uuid4()),
    }
    token = Secret(jwt.encode(claims, key, algorithm="RS256"))
    return ApplicationJWT(token, signed_at=now, expires_at=issued + LIFETIME_SECONDS)


def load_key(name: str, source: PrivateKey) -> RSAPrivateKey:
    """The RSA key of a PEM text, file or function; parsed once per process (41 ms).

    Raises ConfigurationError, which says ``name`` and never what was read.
    """
    pem = _read_pem(name, source)
    return parsed.get(hashlib.sha256(pem).digest(), lambda: _parse(name, pem))


def _named_keys(credentials: Credentials) -> tuple[tuple[str, PrivateKey], ...]:
    first = f"NUMVERIFY[{credentials.setting!r}]"
    spare = credentials.private_key_fallbacks
    names = [first, *(f"{first} (fallback {number})" for number in range(1, len(spare) + 1))]
    return tuple(zip(names, (credentials.private_key, *spare), strict=True))


def _read_pem(name: str, source: PrivateKey) -> bytes:
    value = source() if callable(source) else source
    if isinstance(value, Path) or (isinstance(value, str) and "-----BEGIN" not in value):
        value = _read_file(name, Path(value))
    text = value.decode(errors="replace") if isinstance(value, bytes) else value
    # Environment files write a line break as two characters.
    return text.replace("\\n", "\n").encode()


def _read_file(name: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError):
        problem = f"{name} is neither a PEM text nor the path of a readable file."
    raise ConfigurationError(problem)  # not while handling: the error repeats the text


def _parse(name: str, pem: bytes) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise ConfigurationError(f"{name} is encrypted; give the key without one.") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigurationError(f"{name} is not a private key in PEM form.") from error
    if not isinstance(key, RSAPrivateKey):
        raise ConfigurationError(f"{name} is not an RSA key.")
    if key.key_size < MIN_KEY_BITS:
        raise ConfigurationError(f"{name} has {key.key_size} bits; it needs at least 2048.")
    return key
