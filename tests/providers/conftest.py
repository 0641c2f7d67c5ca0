"""Fixtures of the provider tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from numverify.providers import breaker, pool, route
from numverify.providers.deadline import Deadline
from numverify.providers.transport import Answer, Message, Transport
from numverify.providers.vonage import signing

from .certificates import Authority

CORRELATOR = "0c4b6f0e-9f1d-4a3e-8a52-6f3d1f0f2a11"


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """No test inherits another's connections, open breakers, routes or JWTs."""
    forget()
    yield
    forget()


def forget() -> None:
    for adapter in pool.adapters.values():
        adapter.close()
    for registry in (pool.adapters, breaker.breakers, route.routes, signing.signers):
        registry.clear()


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.new(tmp_path_factory.mktemp("ca"))


def pem_of(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture(scope="session")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def other_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def pem(key: rsa.RSAPrivateKey) -> str:
    return pem_of(key)


@pytest.fixture
def pem_path(pem: str, tmp_path: Path) -> Path:
    path = tmp_path / "private.key"
    path.write_text(pem)
    return path


def transport(
    base_url: str,
    *,
    proxy: str | None = None,
    ca_bundle: str | None = None,
    connect_timeout: float = 5,
    read_timeout: float = 5,
    pool_size: int = 10,
) -> Transport:
    return Transport(
        route=route.route_for(base_url, proxy=proxy, ca_bundle=ca_bundle),
        pool_size=pool_size,
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
    )


def send(through: Transport, url: str, *, body: bytes = b"{}", seconds: float = 5) -> Answer:
    message = Message(url, {"Authorization": "Bearer secret-token"}, body)
    return through.send(message, call="start", correlator=CORRELATOR, deadline=Deadline(seconds))
