"""Random values and their digests: what may be stored of a secret.

High-entropy secrets are stored as SHA-256; what can be enumerated (phone numbers,
typed codes) or tells who a browser is only as an HMAC under the site's own keys.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.utils.encoding import force_bytes

from .conf import conf

#: Twenty characters of 64: 120 bits, the length the wire asks for.
STATE = re.compile(r"[A-Za-z0-9_-]{20,64}")
#: Crockford's base 32: no I, L, O, U, so that people can read it out.
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CROCKFORD_ALIASES = str.maketrans("OIL", "011", "- ")
_TYPED_LENGTH = 8


def new_state() -> str:
    return secrets.token_urlsafe(15)


def new_secret() -> str:
    """A 256-bit secret for a program to keep."""
    return secrets.token_urlsafe(32)


def new_typed_code() -> str:
    """Forty bits that a person types within minutes, with five tries: ``K7QP-3M9D``."""
    return grouped("".join(secrets.choice(CROCKFORD) for _ in range(_TYPED_LENGTH)))


def grouped(text: str) -> str:
    """``"K7QP3M9D"`` as people read it: ``"K7QP-3M9D"``."""
    return f"{text[:4]}-{text[4:]}"


def from_typed(text: str) -> str:
    """A typed code or reference without the ways in which people write it."""
    return text.strip().upper().translate(_CROCKFORD_ALIASES)


def crockford(number: int, length: int) -> str:
    return "".join(CROCKFORD[number >> 5 * place & 31] for place in reversed(range(length)))


def digest(secret: str) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(_bytes(secret)).hexdigest()


def _bytes(text: str) -> bytes:
    # JSON can carry lone surrogates, which plain UTF-8 refuses by an exception.
    return text.encode(errors="surrogatepass")


def matches(stored: str, presented: str) -> bool:
    """Constant-time; an empty stored value matches nothing."""
    return bool(stored) and hmac.compare_digest(stored.encode(), presented.encode())


def _key(secret: str, label: str) -> bytes:
    # One key for each use: an HMAC made for one purpose never serves another.
    return hmac.digest(force_bytes(secret), f"numverify.{label}".encode(), "sha256")


def keyed(label: str, text: str) -> tuple[str, str]:
    """``(key id, hex HMAC-SHA-256)`` of ``text`` by the first key, for use ``label``."""
    key_id, secret = next(iter(conf.hmac_keys.items()))
    return key_id, _hmac(secret, label, text)


def keyed_all(label: str, text: str) -> list[str]:
    """The HMACs by all keys, the signing one first."""
    return [_hmac(secret, label, text) for secret in conf.hmac_keys.values()]


def signing_keys(label: str) -> list[str]:
    """A key for use ``label`` from each of the site's, for signers; the first signs."""
    return [_key(secret, f"sign.{label}").hex() for secret in conf.hmac_keys.values()]


def _hmac(secret: str, label: str, text: str) -> str:
    return hmac.digest(_key(secret, label), _bytes(text), "sha256").hex()


def _box(label: str) -> MultiFernet:
    keys = (base64.urlsafe_b64encode(_key(secret, label)) for secret in conf.hmac_keys.values())
    return MultiFernet([Fernet(key) for key in keys])


def seal(text: str, label: str = "seal") -> str:
    """Encrypt for use ``label`` what must wait in a session, a cache (they end up in
    databases) or a URL."""
    return _box(label).encrypt(text.encode()).decode()


def unseal(sealed: str, max_age: float, label: str = "seal") -> str | None:
    """The text, or None if it is not ours or older than ``max_age`` seconds."""
    try:
        return _box(label).decrypt(sealed.encode(), ttl=int(max_age)).decode()
    except (InvalidToken, UnicodeError):
        return None
