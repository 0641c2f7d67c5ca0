"""The provider as the flow gets it: from settings, and through a whole attempt."""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from numverify.defaults import VONAGE_API
from numverify.exceptions import Call, ConfigurationError, ProviderError, Reason
from numverify.providers import get_provider
from numverify.providers.base import Provider
from numverify.providers.vonage import Credentials, VonageNumberVerification, check_settings
from numverify.providers.vonage.credentials import credentials_from_settings
from numverify.providers.vonage.results import SCOPE
from numverify.virtual_operator import embedded

from ..conftest import CORRELATOR
from .fixtures import (
    APPLICATION,
    CODE,
    PHONE,
    REDIRECT_URI,
    SHORT,
    STATE,
    TOKEN,
    Service,
    finish,
    provider,
    reply,
    start,
)


def test_the_three_calls_as_documented(
    service: Service, credentials: Credentials, key: rsa.RSAPrivateKey
) -> None:
    by = provider(service.url, credentials)
    started = start(by)
    verification = finish(by)
    assert started.auth_url == f"{service.url}/oauth2/auth?state={STATE}"
    assert (verification.verified, verification.token_seconds) == (True, 300)
    assert [call.name for call in started.calls + verification.calls] == [
        "start",
        "token",
        "verify",
    ]
    enable, exchange, verify = service.requests
    assert [r.line for r in service.requests] == [
        f"POST {path} HTTP/1.1" for path in SHORT.values()
    ]
    assert json.loads(enable.body) == {"phone_number": PHONE, "scopes": [SCOPE], "state": STATE}
    assert enable.headers["content-type"] == "application/json"
    signed = enable.headers["authorization"].removeprefix("Bearer ")
    assert (
        jwt.decode(signed, key.public_key(), algorithms=["RS256"])["application_id"] == APPLICATION
    )
    assert parse_qs(exchange.body.decode(), strict_parsing=True) == {
        "grant_type": ["authorization_code"],
        "code": [CODE],
        "redirect_uri": [REDIRECT_URI],
    }
    assert exchange.headers["content-type"] == "application/x-www-form-urlencoded"
    assert exchange.headers["authorization"] == f"Bearer {signed}"
    assert json.loads(verify.body) == {"phoneNumber": PHONE}
    assert verify.headers["content-type"] == "application/json"
    assert verify.headers["authorization"] == f"Bearer {TOKEN}"


def test_false_is_a_value(service: Service, credentials: Credentials) -> None:
    service.calls["V"] = reply({"devicePhoneNumberVerified": False})
    assert finish(provider(service.url, credentials)).verified is False


def test_the_hashed_number(service: Service, credentials: Credentials) -> None:
    finish(provider(service.url, credentials, verify_hashed=True))
    digest = hashlib.sha256(PHONE.encode()).hexdigest()
    assert json.loads(service.asked("V")[0].body) == {"hashedPhoneNumber": digest}


def test_expires_in_seconds(service: Service, credentials: Credentials) -> None:
    assert finish(provider(service.url, credentials, expires_in_unit=1)).token_seconds == 29


def test_fifty_interleaved_attempts_keep_their_numbers_and_tokens(
    service: Service, credentials: Credentials
) -> None:
    def exchange(server: Any, conn: Any, request: Any) -> None:
        code = parse_qs(request.body.decode())["code"][0]
        reply({"access_token": f"token-of-{code}", "token_type": "bearer"})(server, conn, request)

    service.calls["X"] = exchange
    by = provider(service.url, credentials)

    def attempt(number: int) -> None:
        by.finish(f"+990{number:08}", f"{number}", correlator=CORRELATOR, seconds=10)

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pairs = {
        (r.headers["authorization"], json.loads(r.body)["phoneNumber"]) for r in service.asked("V")
    }
    assert pairs == {(f"Bearer token-of-{n}", f"+990{n:08}") for n in range(50)}


def test_refusals_of_the_operator(service: Service, credentials: Credentials) -> None:
    assert provider(service.url, credentials).refusal("access_denied") is Reason.ACCESS_DENIED


# -- from settings -------------------------------------------------------------------


def live(pem: str, **values: Any) -> dict[str, Any]:
    return {
        "ENVIRONMENT": "production",
        "VONAGE_APPLICATION_ID": APPLICATION,
        "VONAGE_PRIVATE_KEY": pem,
        "VONAGE_REDIRECT_URI": REDIRECT_URI,
        **values,
    }


@pytest.fixture
def no_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*args: object, **kwargs: object) -> None:
        raise AssertionError("The Virtual Operator was used.")

    monkeypatch.setattr(embedded, "ensure_running", forbidden)
    monkeypatch.setattr(embedded, "throwaway_credentials", forbidden)


def test_the_virtual_environment_needs_nothing_at_all(configure: Any) -> None:
    configure(ENVIRONMENT="virtual")
    by: Provider = get_provider()
    assert by.name == "vonage_number_verification"
    started = by.start(PHONE, STATE, correlator=CORRELATOR)
    assert started.auth_url.startswith("http://127.0.0.1:")
    assert [call.name for call in started.calls] == ["start"]
    assert isinstance(started.calls[0], Call)
    check_settings()


def test_the_virtual_environment_with_credentials(configure: Any, pem: str) -> None:
    configure(**live(pem, ENVIRONMENT="virtual", VONAGE_REDIRECT_URI="http://testserver/callback"))
    by = get_provider()
    assert by.start(PHONE, STATE, correlator=CORRELATOR).auth_url.startswith("http://127.0.0.1:")


def test_an_operator_that_cannot_be_started(
    configure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**kwargs: str) -> str:
        raise ValueError("no URI")

    monkeypatch.setattr(embedded, "ensure_running", refuse)
    with pytest.raises(ConfigurationError, match="VONAGE_REDIRECT_URI"):
        get_provider()


def test_a_virtual_environment_with_an_operator_of_its_own(
    configure: Any, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "ensure_running", None)
    configure(ENVIRONMENT="virtual", VONAGE_API_BASE_URL=service.url + "/")
    assert get_provider().start(PHONE, STATE, correlator=CORRELATOR)
    assert service.seen == {"E": 1}


@pytest.mark.usefixtures("no_operator")
@pytest.mark.parametrize("environment", ["playground", "production"])
def test_elsewhere_it_is_vonage(environment: str, configure: Any, pem: str) -> None:
    configure(**live(pem, ENVIRONMENT=environment))
    by = get_provider()
    assert isinstance(by, VonageNumberVerification)
    assert by._base == VONAGE_API
    check_settings()


@pytest.mark.usefixtures("no_operator")
@pytest.mark.parametrize("environment", ["playground", "production"])
@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"VONAGE_APPLICATION_ID": ""}, "VONAGE_APPLICATION_ID"),
        ({"VONAGE_PRIVATE_KEY": ""}, "VONAGE_PRIVATE_KEY"),
        ({"VONAGE_APPLICATION_ID": "", "VONAGE_PRIVATE_KEY": ""}, "VONAGE_APPLICATION_ID.*KEY"),
        ({"VONAGE_REDIRECT_URI": ""}, "VONAGE_REDIRECT_URI"),
        ({"VONAGE_API_BASE_URL": "http://127.0.0.1:8080"}, "'virtual'"),
        ({"VONAGE_API_BASE_URL": "https://localhost"}, "'virtual'"),
        ({"VONAGE_API_BASE_URL": "http://api.example"}, "https://"),
        ({"VONAGE_PRIVATE_KEY": "", "VONAGE_PRIVATE_KEY_PATH": "/nowhere"}, "PRIVATE_KEY_PATH"),
    ],
)
def test_elsewhere_what_is_missing_is_an_error(
    environment: str, change: dict[str, str], named: str, configure: Any, pem: str
) -> None:
    configure(**live(pem, ENVIRONMENT=environment, **change))
    with pytest.raises(ConfigurationError, match=named):
        check_settings()


@pytest.mark.usefixtures("no_operator")
@pytest.mark.parametrize("url", ["https://api-eu.vonage.com", "junk"])
def test_a_throwaway_key_never_leaves_the_machine(url: str, configure: Any) -> None:
    configure(ENVIRONMENT="virtual", VONAGE_API_BASE_URL=url)
    with pytest.raises(ConfigurationError, match="VONAGE_APPLICATION_ID"):
        get_provider()


@pytest.mark.usefixtures("no_operator")
@pytest.mark.parametrize(
    "change", [{"VONAGE_APPLICATION_ID": ""}, {"VONAGE_PRIVATE_KEY": ""}], ids=str
)
def test_half_of_the_credentials_is_an_error_everywhere(
    change: dict[str, str], configure: Any, pem: str
) -> None:
    configure(**{**live(pem, ENVIRONMENT="virtual"), **change})
    with pytest.raises(ConfigurationError):
        get_provider()


def test_the_key_as_text_path_and_function(
    configure: Any, pem: str, pem_path: Path, key: rsa.RSAPrivateKey
) -> None:
    for values in (
        live(pem),
        live("", VONAGE_PRIVATE_KEY_PATH=str(pem_path)),
        live("", VONAGE_PRIVATE_KEY=lambda: pem),
        live("junk", VONAGE_PRIVATE_KEY=pem_path),
    ):
        configure(**{"VONAGE_PRIVATE_KEY_PATH": "", **values})
        check_settings()


def test_the_resolver_gets_the_request(configure: Any, pem: str) -> None:
    asked: list[Any] = []

    def resolve(request: Any) -> Credentials:
        asked.append(request)
        return Credentials(f"tenant-{request}", pem, REDIRECT_URI)

    configure(ENVIRONMENT="production", CREDENTIALS=resolve)
    assert credentials_from_settings("a").application_id == "tenant-a"
    get_provider(request="b")
    get_provider()
    assert asked == ["a", "b", None]


@pytest.mark.usefixtures("no_operator")
@pytest.mark.parametrize("value", [None, ("id", "key"), Credentials("", "", "")])
def test_a_resolver_that_returns_nothing_of_use(value: Any, configure: Any) -> None:
    configure(ENVIRONMENT="virtual", CREDENTIALS=lambda request: value)
    with pytest.raises(ConfigurationError):
        get_provider()


def test_the_fallback_keys_of_the_settings(configure: Any, pem: str) -> None:
    configure(**live(pem, VONAGE_PRIVATE_KEY_FALLBACKS=["junk"]))
    with pytest.raises(ConfigurationError, match="fallback 1"):
        check_settings()


def test_one_pool_for_all_requests_of_a_process(configure: Any, service: Service) -> None:
    configure(ENVIRONMENT="virtual", VONAGE_API_BASE_URL=service.url)
    for _ in range(10):
        get_provider().start(PHONE, STATE, correlator=CORRELATOR)
        get_provider().finish(PHONE, CODE, correlator=CORRELATOR, seconds=4)
    assert service.seen == {"E": 10, "X": 10, "V": 10}
    assert service.connections == 1


@pytest.mark.parametrize(("phone", "verified"), [(PHONE, True), ("+99012345671", False)])
def test_through_the_virtual_operator(phone: str, verified: bool, configure: Any) -> None:
    configure(ENVIRONMENT="virtual")
    started = get_provider().start(phone, STATE, correlator=CORRELATOR)
    code = follow(started.auth_url, until="http://testserver/callback?")["code"][0]
    done = get_provider().finish(phone, code, correlator=CORRELATOR, seconds=4)
    assert done.verified is verified
    with pytest.raises(ProviderError) as caught:
        get_provider().finish(phone, code, correlator=CORRELATOR, seconds=4)
    assert caught.value.reason is Reason.CODE_REJECTED


def follow(url: str, until: str) -> dict[str, list[str]]:
    """What the phone does: follow the redirects to the callback, and no further."""
    for _ in range(10):
        if url.startswith(until):
            return parse_qs(urlsplit(url).query)
        with requests.get(url, allow_redirects=False, timeout=5) as response:
            url = response.headers["Location"]
    raise AssertionError("The redirects do not end.")
