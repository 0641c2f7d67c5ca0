from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from numverify.virtual_operator import keys
from numverify.virtual_operator.jwts import JwtCheck, JwtRefused

from .wire import APPLICATION_ID, Clock, Wire

HOUR = 3600


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def check(private_keys: tuple[str, str], clock: Clock) -> JwtCheck:
    return JwtCheck(
        APPLICATION_ID, [keys.public_pem(k) for k in private_keys], clock=clock, leeway_seconds=5
    )


@pytest.fixture
def signer(private_keys: tuple[str, str], clock: Clock) -> Wire:
    return Wire("", private_keys[0], clock)


def test_a_good_one_passes(check: JwtCheck, signer: Wire) -> None:
    check.check(signer.jwt())


def test_both_keys_of_a_rotation_are_live(
    check: JwtCheck, private_keys: tuple[str, str], clock: Clock
) -> None:
    check.check(Wire("", private_keys[1], clock).jwt())


def test_a_third_key_is_not(check: JwtCheck, other_key: str, clock: Clock) -> None:
    with pytest.raises(JwtRefused, match="signature"):
        check.check(Wire("", other_key, clock).jwt())


NOW = Clock().now
BAD_CLAIMS: list[tuple[dict[str, Any], str]] = [
    ({"application_id": None}, "application"),
    ({"application_id": "another"}, "application"),
    ({"application_id": [APPLICATION_ID]}, "application"),
    ({"jti": None}, "jti"),
    ({"jti": ""}, "jti"),
    ({"jti": 7}, "jti"),
    ({"exp": None}, "exp"),
    ({"exp": True}, "exp"),
    ({"exp": str(NOW + 60)}, "exp"),
    ({"exp": float("nan")}, "exp"),
    ({"exp": float("inf")}, "exp"),
    ({"exp": NOW}, "expired"),
    ({"exp": NOW - 1}, "expired"),
    ({"iat": None}, "iat"),
    ({"iat": False}, "iat"),
    ({"iat": float("nan")}, "iat"),
    ({"iat": NOW + 6}, "future"),
    ({"iat": NOW - HOUR, "exp": NOW + 23 * HOUR + 1}, "24 hours"),
]


@pytest.mark.parametrize(("changed", "words"), BAD_CLAIMS)
def test_bad_claims(check: JwtCheck, signer: Wire, changed: dict[str, Any], words: str) -> None:
    token = _sign(signer, changed)
    with pytest.raises(JwtRefused, match=words):
        check.check(token)


def _sign(signer: Wire, changed: dict[str, Any]) -> str:
    # PyJWT's encoder has opinions about claims: sign the bytes as they are.
    payload = json.dumps(signer.claims(**changed)).encode()
    return jwt.PyJWS().encode(payload, signer.private_key, algorithm="RS256")


@pytest.mark.parametrize(
    "changed",
    [
        {"iat": NOW + 5},
        {"exp": NOW + 1},
        {"iat": NOW - HOUR, "exp": NOW + 23 * HOUR},
        {"iat": NOW - 60.5},
    ],
)
def test_claims_at_the_edge(check: JwtCheck, signer: Wire, changed: dict[str, Any]) -> None:
    check.check(_sign(signer, changed))


def test_other_algorithms_are_refused(
    check: JwtCheck, signer: Wire, private_keys: tuple[str, str]
) -> None:
    unsigned = jwt.encode(signer.claims(), None, algorithm="none")  # type: ignore[arg-type]
    pss = jwt.encode(signer.claims(), signer.private_key, algorithm="PS256")
    rs512 = jwt.encode(signer.claims(), signer.private_key, algorithm="RS512")
    for token in (unsigned, pss, rs512, _hs256(signer.claims(), keys.public_pem(private_keys[0]))):
        with pytest.raises(JwtRefused):
            check.check(token)


def _hs256(claims: dict[str, Any], public_key: str) -> str:
    """Signed with the public key as HMAC secret; PyJWT itself refuses to make it."""
    import hashlib
    import hmac

    head = _b64(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    signed = head + b"." + _b64(json.dumps(claims).encode())
    return (signed + b"." + _b64(hmac.digest(public_key.encode(), signed, hashlib.sha256))).decode()


def _b64(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


@pytest.mark.parametrize(
    "token",
    ["", "x", "a.b.c", "..", "\u20ac.\u20ac.\u20ac", (_b64(b"[" * 40_000) + b".e30.x").decode()],
)
def test_garbage(check: JwtCheck, token: str) -> None:
    with pytest.raises(JwtRefused):
        check.check(token)


def test_a_tampered_payload(check: JwtCheck, signer: Wire) -> None:
    head, _, signature = signer.jwt().split(".")
    payload = _b64(json.dumps(signer.claims()).encode()).decode()
    with pytest.raises(JwtRefused, match="signature"):
        check.check(f"{head}.{payload}.{signature}")


def _public(key: Any) -> str:
    pem: bytes = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem.decode()


def test_keys_that_cannot_be_used() -> None:
    short = _public(rsa.generate_private_key(public_exponent=65537, key_size=1024))
    for pems in ([], ["nonsense"], [short], [_public(ec.generate_private_key(ec.SECP256R1()))]):
        with pytest.raises(ValueError, match=r"(?i)public key"):
            JwtCheck(APPLICATION_ID, pems, clock=Clock(), leeway_seconds=5)


def test_application_id_follows_the_key(private_keys: tuple[str, str]) -> None:
    first, second = (keys.public_pem(key) for key in private_keys)
    assert keys.application_id_for(first) == keys.application_id_for(first + "\n")
    assert keys.application_id_for(first) != keys.application_id_for(second)
    with pytest.raises(ValueError, match="private key"):
        keys.public_pem(first)
