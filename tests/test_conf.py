"""Settings: one dict, typed, read at access."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from numverify.conf import Settings, conf
from numverify.defaults import DEFAULT_LIMITS, DEFAULTS
from numverify.exceptions import ConfigurationError

#: Properties whose name says more than the key's.
RENAMED = {
    "VERIFY_BODY": "verify_hashed",
    "TOKEN_EXPIRES_IN_UNIT": "token_expires_in_seconds",
}


def a_callable(*args: Any) -> str:
    return "called"


@pytest.mark.parametrize("key", DEFAULTS)
def test_every_key_has_a_documented_property_and_a_usable_default(settings: Any, key: str) -> None:
    settings.NUMVERIFY = {}
    name = RENAMED.get(key, key.lower())
    assert isinstance(getattr(Settings, name), property)
    getattr(conf, name)


def test_the_defaults(settings: Any) -> None:
    del settings.NUMVERIFY
    assert conf.environment == "production"
    assert not conf.is_virtual
    assert conf.provider in conf.providers
    assert not conf.allow_anonymous_start
    assert (conf.attempt_seconds, conf.claim_seconds) == (300, 60)
    assert (conf.completion_seconds, conf.typed_completion_seconds) == (60, 180)
    assert conf.max_wrong_codes == 5
    assert conf.consent_countries == ("49",)
    assert conf.token_expires_in_seconds == 60
    assert not conf.verify_hashed
    assert conf.limits == DEFAULT_LIMITS


def test_settings_are_read_at_access(configure: Any) -> None:
    configure(ENVIRONMENT="playground")
    assert conf.environment == "playground"
    configure(ENVIRONMENT="virtual")
    assert conf.is_virtual


@pytest.mark.parametrize(
    "key",
    [
        key
        for key in DEFAULTS
        if key.endswith(("SECONDS", "TIMEOUT", "MAX_AGE")) and key != "RECEIPT_SECONDS"
    ],
)
@pytest.mark.parametrize("value", [0, -1, "60", None, True, [60]])
def test_times_are_positive_numbers(configure: Any, key: str, value: Any) -> None:
    configure(**{key: value})
    with pytest.raises(ConfigurationError, match=key):
        getattr(conf, key.lower())


@pytest.mark.parametrize(
    "key", ["POOL_SIZE", "BREAKER_FAILURES", "MAX_WRONG_CODES", "TRUSTED_PROXIES"]
)
@pytest.mark.parametrize("value", [-1, 1.5, "1", None, True])
def test_counts_are_whole_numbers(configure: Any, key: str, value: Any) -> None:
    configure(**{key: value})
    with pytest.raises(ConfigurationError, match=key):
        getattr(conf, key.lower())


@pytest.mark.parametrize("key", ["POOL_SIZE", "MAX_WRONG_CODES"])
def test_some_counts_are_one_at_least(configure: Any, key: str) -> None:
    configure(**{key: 0})
    assert getattr(conf, key.lower()) == 1


@pytest.mark.parametrize("value", [0, None, 0.0])
def test_receipts_can_be_switched_off(configure: Any, value: Any) -> None:
    configure(RECEIPT_SECONDS=value)
    assert conf.receipt_seconds == 0


@pytest.mark.parametrize("value", [-1, "60", True, False, [60]])
def test_receipts_last_a_number_of_seconds(configure: Any, value: Any) -> None:
    configure(RECEIPT_SECONDS=value)
    with pytest.raises(ConfigurationError, match="RECEIPT_SECONDS"):
        assert conf.receipt_seconds


def test_the_breaker_can_be_switched_off(configure: Any) -> None:
    configure(BREAKER_FAILURES=0)
    assert conf.breaker_failures == 0


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("ENVIRONMENT", "environment"),
        ("VERIFY_BODY", "verify_hashed"),
        ("TOKEN_EXPIRES_IN_UNIT", "token_expires_in_seconds"),
    ],
)
@pytest.mark.parametrize("value", ["", "live", None, 7])
def test_choices_are_closed(configure: Any, key: str, name: str, value: Any) -> None:
    configure(**{key: value})
    with pytest.raises(ConfigurationError, match=key):
        getattr(conf, name)


def test_the_other_choices(configure: Any) -> None:
    configure(VERIFY_BODY="hashedPhoneNumber", TOKEN_EXPIRES_IN_UNIT="seconds")
    assert conf.verify_hashed
    assert conf.token_expires_in_seconds == 1


@pytest.mark.parametrize("key", ["CREDENTIALS", "ENROLLED_NUMBER", "CLIENT_IP", "JSON_USER"])
def test_callables_come_as_such_or_as_a_path(configure: Any, key: str) -> None:
    values: list[Callable[..., Any] | str] = [a_callable, f"{__name__}.a_callable"]
    for value in values:
        configure(**{key: value})
        resolver = getattr(conf, key.lower())
        assert resolver("anything") == "called"
    for nothing in (None, ""):
        configure(**{key: nothing})
        assert getattr(conf, key.lower()) is None


@pytest.mark.parametrize("key", ["CREDENTIALS", "ENROLLED_NUMBER", "CLIENT_IP", "JSON_USER"])
@pytest.mark.parametrize("value", ["no.such.path", "no dots", f"{__name__}.RENAMED", 7])
def test_what_cannot_be_called_is_an_error(configure: Any, key: str, value: Any) -> None:
    configure(**{key: value})
    with pytest.raises(ConfigurationError, match=key):
        getattr(conf, key.lower())


def test_exempt_paths(configure: Any) -> None:
    configure(EXEMPT_PATHS=["/health", "/hooks/"])
    assert conf.exempt_paths == ("/health", "/hooks/")


@pytest.mark.parametrize("value", ["/health", "/", ["health"], ["/health", ""], [7]])
def test_what_is_no_list_of_paths_is_an_error(configure: Any, value: Any) -> None:
    """A string would be read letter by letter: an exempt "/" among them."""
    configure(EXEMPT_PATHS=value)
    with pytest.raises(ConfigurationError, match="EXEMPT_PATHS"):
        assert conf.exempt_paths


def test_our_own_work_has_its_share_of_the_callback(configure: Any) -> None:
    configure(CALLBACK_TIMEOUT=4.5)
    assert conf.callback_timeout == pytest.approx(4.1)
    configure(CALLBACK_TIMEOUT=0.2)
    assert conf.callback_timeout == pytest.approx(0.1)


def test_values_are_normalised(configure: Any) -> None:
    configure(
        VONAGE_API_BASE_URL="https://api.example/",
        VONAGE_AUTH_HOSTS=[".Example.COM"],
        CONSENT_COUNTRIES=("+49", 43),
        CONSENT_TEXT=None,
        VONAGE_PRIVATE_KEY=None,
        VONAGE_PRIVATE_KEY_FALLBACKS=["old"],
    )
    assert conf.vonage_api_base_url == "https://api.example"
    assert conf.vonage_auth_hosts == (".example.com",)
    assert conf.consent_countries == ("49", "43")
    assert conf.consent_text == ""
    assert conf.vonage_private_key == ""
    assert conf.vonage_private_key_fallbacks == ("old",)


def test_a_site_adds_providers_and_limits_to_the_defaults(configure: Any) -> None:
    configure(PROVIDERS={"mine": "path.to.Mine"}, LIMITS={"phone": None, "ip": (1, 2)})
    assert conf.providers["mine"] == "path.to.Mine"
    assert "vonage_number_verification" in conf.providers
    assert conf.limits["phone"] is None
    assert conf.limits["ip"] == (1, 2)
    assert conf.limits["user"] == DEFAULT_LIMITS["user"]


def test_hmac_keys_fall_back_to_the_secret_key(configure: Any, settings: Any) -> None:
    configure(HMAC_KEYS={})
    assert dict(conf.hmac_keys) == {"secret-key": settings.SECRET_KEY}
    configure(HMAC_KEYS={"b": "2", "a": "1"})
    assert list(conf.hmac_keys) == ["b", "a"], "ordered: the first signs"


def test_djangos_own(settings: Any) -> None:
    settings.LOGIN_URL, settings.DEBUG = "/in", True
    assert conf.login_url == "/in"
    assert conf.secret_key == settings.SECRET_KEY
    assert conf.session_cookie_name == "sessionid"
    assert conf.session_engine == "django.contrib.sessions.backends.db"
    assert conf.django("USE_TZ") is True
    assert conf.django("NO_SUCH_SETTING") is None
