"""RSA keys in PEM: make one, derive and load the public half."""

from __future__ import annotations

import uuid

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

MIN_BITS = 2048
_PUBLIC_PEM = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def new_private_key() -> str:
    """A fresh key of 2048 bits as PKCS#8 PEM text."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=MIN_BITS)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def public_pem(private_pem: str) -> str:
    """The public half of a private key. Raises ValueError if it is not an RSA key."""
    try:
        key = serialization.load_pem_private_key(private_pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("That is not a private key in PEM, without a password.") from None
    return key.public_key().public_bytes(*_PUBLIC_PEM).decode()


def load_public_key(pem: str) -> rsa.RSAPublicKey:
    """Raises ValueError unless ``pem`` is an RSA public key of 2048 bits or more."""
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("That is not a public key in PEM.") from None
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < MIN_BITS:
        raise ValueError(f"The public key must be RSA of {MIN_BITS} bits or more.")
    return key


def application_id_for(pem: str) -> str:
    """A UUID that stays the same as long as the public key does."""
    key = load_public_key(pem).public_bytes(*_PUBLIC_PEM).decode()
    return str(uuid.uuid5(uuid.NAMESPACE_URL, key))
