"""The application JWT and the keys that sign it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import jwt
import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from numverify.exceptions import ConfigurationError, ProviderError, Reason
from numverify.providers.vonage import signing
from numverify.providers.vonage.credentials import Credentials
from numverify.providers.vonage.signing import ApplicationJWT, Signer, load_key, signer_for

from ..conftest import pem_of
from .fixtures import APPLICATION, REDIRECT_URI, Service, finish, provider, reply, start

NOW = 1_772_000_000


@pytest.fixture
def parses(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every key that was parsed (41 ms each)."""
    seen: list[bytes] = []

    def parse(pem: bytes, password: bytes | None) -> Any:
        seen.append(pem)
        return load_pem_private_key(pem, password)

    monkeypatch.setattr(signing, "load_pem_private_key", parse)
    signing.parsed.clear()
    return seen


def claims(of: ApplicationJWT, key: rsa.RSAPrivateKey) -> dict[str, Any]:
    decoded: dict[str, Any] = jwt.decode(
        of.token.reveal(), key.public_key(), algorithms=["RS256"], options={"verify_exp": False}
    )
    return decoded


@time_machine.travel(NOW, tick=False)
def test_the_claims(credentials: Credentials, key: rsa.RSAPrivateKey) -> None:
    signed = Signer(credentials).bearer()
    assert jwt.get_unverified_header(signed.token.reveal()) == {"alg": "RS256", "typ": "JWT"}
    found = claims(signed, key)
    assert len(found.pop("jti")) == 36
    assert found == {"application_id": APPLICATION, "iat": NOW - 60, "exp": NOW + 240}
    assert signed.token.reveal() not in repr(signed)


@pytest.mark.parametrize("skew", range(-60, 61, 20))
def test_a_strict_service_accepts_it_whatever_our_clock(
    skew: int, credentials: Credentials, key: rsa.RSAPrivateKey
) -> None:
    with time_machine.travel(NOW + skew, tick=False):
        found = claims(Signer(credentials).bearer(), key)
    assert found["iat"] <= NOW < found["exp"]
    assert found["exp"] - found["iat"] <= 300


@pytest.mark.parametrize(
    ("after", "same"),
    [(0, True), (149, True), (150, False), (151, False), (1000, False), (-1, False)],
)
def test_it_is_renewed_with_less_than_90_seconds_left(
    after: int, same: bool, credentials: Credentials
) -> None:
    signer = Signer(credentials)
    with time_machine.travel(NOW, tick=False):
        first = signer.bearer()
    with time_machine.travel(NOW + after, tick=False):
        assert (signer.bearer() is first) is same
        assert signer.bearer().is_fresh


def test_one_thread_signs_and_all_use_it(
    credentials: Credentials, monkeypatch: pytest.MonkeyPatch, parses: list[bytes]
) -> None:
    signed: list[ApplicationJWT] = []
    real, barrier = signing.sign, threading.Barrier(16)

    def sign(application_id: str, key: rsa.RSAPrivateKey) -> ApplicationJWT:
        signed.append(real(application_id, key))
        return signed[-1]

    monkeypatch.setattr(signing, "sign", sign)
    got: list[ApplicationJWT] = []

    def ask() -> None:
        barrier.wait()
        got.append(signer_for(credentials).bearer())

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(signed) == len(parses) == 1
    assert got == signed * 16


def test_each_application_and_key_has_its_own(
    pem: str, other_key: rsa.RSAPrivateKey, key: rsa.RSAPrivateKey
) -> None:
    mine = Credentials("mine", pem, REDIRECT_URI)
    assert signer_for(mine) is signer_for(Credentials("mine", pem, REDIRECT_URI))
    theirs = Credentials("theirs", pem_of(other_key), REDIRECT_URI)
    assert claims(signer_for(mine).bearer(), key)["application_id"] == "mine"
    assert claims(signer_for(theirs).bearer(), other_key)["application_id"] == "theirs"


# -- keys ----------------------------------------------------------------------------


def test_where_a_key_may_come_from(
    key: rsa.RSAPrivateKey, pem: str, pem_path: Path, parses: list[bytes]
) -> None:
    for source in (pem, pem_path, str(pem_path), lambda: pem, pem.encode, pem + "\n"):
        assert load_key("it", source).private_numbers() == key.private_numbers()
    assert load_key("it", pem.replace("\n", "\\n")).private_numbers() == key.private_numbers()
    assert len(parses) == 2  # the extra line break makes another text


def test_a_function_that_is_new_each_time_costs_no_parse(pem: str, parses: list[bytes]) -> None:
    for _ in range(20):
        signer_for(Credentials(APPLICATION, lambda: pem, REDIRECT_URI)).bearer()
    assert len(parses) == 1


def test_pkcs1_is_a_key(key: rsa.RSAPrivateKey) -> None:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    assert load_key("it", pem.decode()).key_size == 2048


def test_a_rotated_file_needs_no_restart(pem_path: Path, other_key: rsa.RSAPrivateKey) -> None:
    signer = Signer(Credentials(APPLICATION, pem_path, REDIRECT_URI))
    with time_machine.travel(NOW, tick=False):
        signer.bearer()
    pem_path.write_text(pem_of(other_key))
    with time_machine.travel(NOW + 200, tick=False):
        assert claims(signer.bearer(), other_key)


def _small() -> str:
    return pem_of(rsa.generate_private_key(65537, 1024))


def _elliptic() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _encrypted() -> str:
    key = rsa.generate_private_key(65537, 2048)
    encryption = BestAvailableEncryption(b"x")
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (_small, "1024 bits; it needs at least 2048"),
        (_elliptic, "not an RSA key"),
        (_encrypted, "encrypted"),
        (lambda: "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----", "not a priv"),
        (lambda: "s3cret-text", "neither a PEM text nor"),
        (lambda: "s3cret\0text", "neither a PEM text nor"),
        (lambda: b"-----BEGIN \xff", "not a private key"),
    ],
)
def test_keys_of_no_use(make: Any, problem: str) -> None:
    signer = Signer(Credentials("id", make, REDIRECT_URI, setting="VONAGE_PRIVATE_KEY"))
    with pytest.raises(ConfigurationError, match=problem) as caught:
        signer.bearer()
    assert str(caught.value).startswith("NUMVERIFY['VONAGE_PRIVATE_KEY'] ")
    assert "s3cret" not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__}"


def test_check_looks_at_every_key(credentials: Credentials, pem: str) -> None:
    signer_for(credentials).check()
    two = Credentials("id", pem, REDIRECT_URI, (_small,))
    with pytest.raises(ConfigurationError, match=r"\['CREDENTIALS'\] \(fallback 1\) has 1024 bits"):
        Signer(two).check()


def test_credentials_hide_their_key(credentials: Credentials) -> None:
    assert "PRIVATE" not in repr(credentials)
    assert APPLICATION in repr(credentials)


# -- refusals ------------------------------------------------------------------------


def bearers(service: Service, name: str) -> list[str]:
    return [request.headers["authorization"] for request in service.asked(name)]


def test_a_refused_jwt_is_replaced_once(service: Service, credentials: Credentials) -> None:
    """E 401: a new JWT, once."""
    service.calls["E"] = [reply({}, 401), service.calls["E"]]  # type: ignore[list-item]
    started = start(provider(service.url, credentials))
    first, second = bearers(service, "E")
    assert first != second
    assert [call.name for call in started.calls] == ["start"]


def test_a_rotation_uses_the_other_key_and_remembers_it(
    service: Service, pem: str, key: rsa.RSAPrivateKey, other_key: rsa.RSAPrivateKey
) -> None:
    two = Credentials(APPLICATION, pem, REDIRECT_URI, (pem_of(other_key),))
    good = service.calls["E"]
    service.calls["E"] = [reply({}, 401), good, good]  # type: ignore[list-item]
    by = provider(service.url, two)
    start(by)
    start(by)
    finish(by)
    signed = [text.split()[1] for text in bearers(service, "E") + bearers(service, "X")]
    assert jwt.decode(signed[0], key.public_key(), algorithms=["RS256"])
    for token in signed[1:]:
        assert jwt.decode(token, other_key.public_key(), algorithms=["RS256"])
    assert signed[1] == signed[2] == signed[3]


def test_threads_that_are_refused_together_change_the_key_once(
    credentials: Credentials, pem: str, other_key: rsa.RSAPrivateKey
) -> None:
    signer = Signer(Credentials(APPLICATION, pem, REDIRECT_URI, (pem_of(other_key),)))
    refused = signer.bearer()
    for _ in range(4):
        signer.drop_and_try_next_key(refused)
    assert claims(signer.bearer(), other_key)
    current = signer.bearer()
    signer.drop(refused)
    assert signer.bearer() is current


def test_a_refusal_at_the_exchange_drops_the_jwt(
    service: Service, credentials: Credentials
) -> None:
    """X 401: the code is spent, so it fails; the next call signs anew."""
    service.calls["X"] = reply({}, 401)
    by = provider(service.url, credentials)
    for _ in range(2):
        with pytest.raises(ProviderError) as caught:
            finish(by)
        assert caught.value.reason is Reason.CREDENTIALS
    first, second = bearers(service, "X")
    assert first != second
