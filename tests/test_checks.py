"""Each system check speaks where it should, stays silent elsewhere, and never raises."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from django.conf.urls.i18n import i18n_patterns
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.cache.backends.locmem import LocMemCache
from django.core.checks import Error, Warning, run_checks  # noqa: A004
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.utils import translation

from numverify.defaults import DEFAULTS

ROOT = Path(__file__).parent.parent
APPLICATION = "0f8fad5b-d9cb-469f-a165-70867728950e"
PUBLIC = "https://shop.example/callback"


def callback(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


class Routes:
    """URLconfs: Django takes any object that has ``urlpatterns``."""

    included = ([path("callback", callback, name="callback")], "numverify")
    urlpatterns: list[Any] = [path("", include(included))]


class Prefixed:
    urlpatterns = [path("sna/", include(Routes.included, namespace="phone"))]


class Translated:
    urlpatterns = i18n_patterns(path("sna/", include(Routes.included)))


class Elsewhere:
    other = ([path("callback", callback, name="callback")], "other")
    urlpatterns = [path("", include(other))]


class Broken:
    @property
    def urlpatterns(self) -> Any:
        raise RuntimeError("broken URLconf")


class OwnSessions(SessionMiddleware):
    """A site's own subclass counts as the middleware."""


class OwnCache(LocMemCache):
    """A site's own subclass of a weak cache is as weak."""


def pem(key: Any) -> str:
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


@pytest.fixture(scope="session")
def key() -> str:
    return pem(rsa.generate_private_key(65537, 2048))


@pytest.fixture
def site(settings: Any) -> Any:
    """The settings of a site without fault, to break one thing of. Virtual."""
    settings.ROOT_URLCONF = Routes
    settings.NUMVERIFY = {
        "ENVIRONMENT": "virtual",
        "VONAGE_REDIRECT_URI": "http://testserver/callback",
        "HMAC_KEYS": {"1": "a secret of its own"},
    }
    return settings


@pytest.fixture
def live(site: Any, key: str) -> Any:
    """The same for production."""
    site.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache"}}
    site.NUMVERIFY = {
        "VONAGE_APPLICATION_ID": APPLICATION,
        "VONAGE_PRIVATE_KEY": key,
        "VONAGE_REDIRECT_URI": PUBLIC,
        "HMAC_KEYS": {"1": "a secret of its own"},
        "CONSENT_TEXT": "I agree.",
    }
    return site


def change(settings: Any, **values: Any) -> None:
    settings.NUMVERIFY = {**settings.NUMVERIFY, **values}


def messages(*, deploy: bool = False) -> list[Any]:
    return [
        each
        for each in run_checks(tags=["numverify"], include_deployment_checks=deploy)
        if str(each.id).startswith("numverify.")
    ]


def ids(*, deploy: bool = False) -> list[str]:
    return sorted(str(each.id).removeprefix("numverify.") for each in messages(deploy=deploy))


def test_a_site_without_fault(site: Any) -> None:
    assert ids() == []


def test_a_live_site_without_fault(live: Any) -> None:
    assert ids(deploy=True) == []


def test_a_site_without_any_setting(settings: Any) -> None:
    settings.ROOT_URLCONF = Routes
    del settings.NUMVERIFY
    assert ids() == ["E010", "E011", "E020", "W036", "W037"]


def test_every_message_has_a_hint_and_tells_its_level(settings: Any) -> None:
    settings.ROOT_URLCONF = Elsewhere
    settings.MIDDLEWARE = []
    settings.SESSION_COOKIE_SAMESITE = "Strict"
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    settings.NUMVERIFY = {"NOPE": 1, "POOL_SIZE": -1, "VONAGE_REDIRECT_URI": "http://a.example/x"}
    found = messages(deploy=True)
    assert len(found) > 10
    for each in found:
        assert each.hint
        level = {"E": Error, "W": Warning}[str(each.id).removeprefix("numverify.")[0]]
        assert isinstance(each, level)


# -- the dict -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("VONAGE_APLICATION_ID", "Did you mean 'VONAGE_APPLICATION_ID'?"),
        ("environment", "Did you mean 'ENVIRONMENT'?"),
        ("XYZZY", "Remove it; the README lists all settings."),
    ],
)
def test_unknown_settings(site: Any, name: str, hint: str) -> None:
    change(site, **{name: "value"})
    [message] = messages()
    assert message.id == "numverify.E001"
    assert name in message.msg
    assert message.hint == hint


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENVIRONMENT", "live"),
        ("CALL_TIMEOUT", "2"),
        ("CALL_TIMEOUT", True),
        ("CALLBACK_TIMEOUT", 0),
        ("POOL_SIZE", 1.5),
        ("BREAKER_FAILURES", -1),
        ("VERIFY_BODY", "phone"),
        ("TOKEN_EXPIRES_IN_UNIT", "hours"),
        ("CREDENTIALS", "no.such.resolver"),
        ("CREDENTIALS", 5),
        ("CLIENT_IP", "nowhere"),
        ("ALLOW_ANONYMOUS_START", "false"),
        ("CONSENT_COUNTRIES", "49"),
        ("CONSENT_COUNTRIES", None),
        ("VONAGE_AUTH_HOSTS", ".vonage.com"),
        ("VONAGE_AUTH_HOSTS", 1),
        ("VONAGE_PRIVATE_KEY_FALLBACKS", "PEM"),
        ("LIMITS", [1]),
        ("HMAC_KEYS", ["secret"]),
        ("HMAC_KEYS", "secret"),
        ("PROVIDERS", None),
        ("VONAGE_REDIRECT_URI", None),
        ("CACHE", None),
    ],
)
def test_values_that_cannot_be_used_are_reported_once(site: Any, name: str, value: Any) -> None:
    change(site, **{name: value})
    reported = [each for each in messages() if each.id == "numverify.E002"]
    assert len(reported) == 1
    assert name in reported[0].msg
    assert not [each for each in messages() if each.id == "numverify.E000"]


def test_a_wrong_value_is_never_printed(site: Any) -> None:
    change(site, HMAC_KEYS="top-secret", VONAGE_PRIVATE_KEY_FALLBACKS="top-secret")
    assert "top-secret" not in str(messages())


@pytest.mark.parametrize("value", [None, "text", ["ENVIRONMENT"], 3])
def test_settings_that_are_no_dict(site: Any, value: Any) -> None:
    site.NUMVERIFY = value
    assert ids(deploy=True) == ["E002"]


@pytest.mark.parametrize("value", [None, object(), [], {}, {1: 2}, "x", 0, -1, float("nan"), b"x"])
def test_no_value_of_any_setting_makes_a_check_raise(live: Any, value: Any) -> None:
    before = live.NUMVERIFY
    for name in DEFAULTS:
        live.NUMVERIFY = {**before, name: value}
        messages(deploy=True)


@pytest.mark.parametrize(
    ("limits", "hint"),
    [
        ({"fone": (5, 600)}, "Did you mean 'phone'?"),
        ({"phone": 5}, "Give (events, seconds)"),
        ({"phone": (5, 0)}, "Give (events, seconds)"),
        ({"phone": ("5", 600)}, "Give (events, seconds)"),
        ({"phone": (5, 600, 1)}, "Give (events, seconds)"),
        ({"phone": (True, 600)}, "Give (events, seconds)"),
    ],
)
def test_limits(site: Any, limits: Any, hint: str) -> None:
    change(site, LIMITS=limits)
    [message] = messages()
    assert message.id == "numverify.E003"
    assert message.hint.startswith(hint)


def test_good_limits(site: Any) -> None:
    change(site, LIMITS={"phone": [1, 60], "ip": None})
    assert ids() == []


@pytest.mark.parametrize(
    "values",
    [
        {"PROVIDER": "vonage"},
        {"PROVIDER": "mine", "PROVIDERS": {"mine": "no.such.Provider"}},
        {"PROVIDER": "mine", "PROVIDERS": {"mine": "nodots"}},
    ],
)
def test_provider(site: Any, values: Any) -> None:
    change(site, **values)
    assert ids() == ["E004"]


def test_a_provider_of_its_own_needs_nothing_of_vonages(live: Any) -> None:
    live.NUMVERIFY = {
        "PROVIDER": "mine",
        "PROVIDERS": {"mine": "numverify.providers.base.Provider"},
        "CONSENT_TEXT": "I agree.",
    }
    assert ids() == []


@pytest.mark.parametrize("keys", [{"1": ""}, {"": "x"}, {"x" * 33: "x"}, {1: "x"}, {"1": None}])
def test_hmac_keys(site: Any, keys: Any) -> None:
    change(site, HMAC_KEYS=keys)
    assert ids() == ["E005"]


def test_hmac_keys_of_their_own(live: Any) -> None:
    for keys in ({}, {"1": live.SECRET_KEY}, {"2": "own", "1": live.SECRET_KEY}):
        change(live, HMAC_KEYS=keys)
        assert ids() == []
        assert ids(deploy=True) == ["W006"]


# -- credentials --------------------------------------------------------------------------
@pytest.mark.parametrize("value", ["", "my-app", "0f8fad5b"])
def test_application_id(live: Any, value: str) -> None:
    change(live, VONAGE_APPLICATION_ID=value)
    assert ids() == ["E010"]


BAD_KEYS = {
    "missing": "",
    "no key": "-----BEGIN PRIVATE KEY-----\ntop-secret\n-----END PRIVATE KEY-----",
    "no such file": "/no/such/top-secret.pem",
    "short": pem(rsa.generate_private_key(65537, 1024)),
    "elliptic": pem(ec.generate_private_key(ec.SECP256R1())),
}


@pytest.mark.parametrize("kind", BAD_KEYS)
def test_private_key(live: Any, kind: str) -> None:
    change(live, VONAGE_PRIVATE_KEY=BAD_KEYS[kind])
    [message] = messages()
    assert message.id == "numverify.E011"
    assert "top-secret" not in str(message)


def test_fallback_keys_are_looked_at_too(live: Any, key: str) -> None:
    change(live, VONAGE_PRIVATE_KEY_FALLBACKS=(key, BAD_KEYS["short"], BAD_KEYS["elliptic"]))
    assert ids() == ["E011", "E011"]
    assert "VONAGE_PRIVATE_KEY_FALLBACKS[1]" in messages()[0].msg


def test_a_function_for_the_key_is_not_called(live: Any) -> None:
    def vault() -> str:
        raise AssertionError("a check must not ask a vault")

    change(live, VONAGE_PRIVATE_KEY=vault)
    assert ids() == []


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o604, 0o660])
@pytest.mark.parametrize("setting", ["VONAGE_PRIVATE_KEY_PATH", "VONAGE_PRIVATE_KEY"])
def test_key_file(live: Any, key: str, tmp_path: Path, mode: int, setting: str) -> None:
    file = tmp_path / "private.key"
    file.write_text(key)
    file.chmod(mode)
    change(live, **{"VONAGE_PRIVATE_KEY": "", setting: str(file)})
    assert ids() == ([] if mode in (0o600, 0o400) else ["W012"])


def test_key_path_as_a_path(live: Any, tmp_path: Path) -> None:
    change(live, VONAGE_PRIVATE_KEY="", VONAGE_PRIVATE_KEY_PATH=tmp_path / "none.key")
    assert ids() == ["E011"]


def test_credentials_by_a_resolver_are_the_resolvers_matter(live: Any) -> None:
    live.NUMVERIFY = {"CREDENTIALS": callback, "CONSENT_TEXT": "I agree."}
    assert ids() == []


def test_credentials_in_the_virtual_environment(site: Any) -> None:
    change(site, VONAGE_APPLICATION_ID="mine")
    assert ids() == ["E010", "E011"]


# -- addresses ----------------------------------------------------------------------------
@pytest.mark.parametrize("uri", ["", "/callback", "ftp://shop.example/callback", f"{PUBLIC}#x"])
def test_redirect_uri(live: Any, uri: str) -> None:
    change(live, VONAGE_REDIRECT_URI=uri)
    assert ids() == ["E020"]


@pytest.mark.parametrize(
    ("routes", "uri", "found"),
    [
        (Routes, "https://shop.example/callback", []),
        (Routes, "https://shop.example/callback?tenant=1", []),
        (Routes, "https://shop.example/sna/callback", ["W021"]),
        (Routes, "https://shop.example/callback/", ["W021"]),
        (Routes, "https://shop.example", ["W021"]),
        (Prefixed, "https://shop.example/sna/callback", []),
        (Prefixed, "https://shop.example/callback", ["W021"]),
        (Elsewhere, "https://shop.example/callback", ["W021"]),
        (Translated, "https://shop.example/en-us/sna/callback", ["W034"]),
    ],
)
def test_redirect_uri_leads_to_the_callback(
    live: Any, routes: type, uri: str, found: list[str]
) -> None:
    live.ROOT_URLCONF = routes
    change(live, VONAGE_REDIRECT_URI=uri)
    with translation.override("en-us"):
        assert ids() == found


def test_redirect_uri_below_a_script_name(live: Any) -> None:
    live.FORCE_SCRIPT_NAME = "/shop/"
    change(live, VONAGE_REDIRECT_URI="https://shop.example/shop/callback")
    assert ids() == []


def test_a_broken_urlconf_is_an_entry_and_no_traceback(live: Any) -> None:
    live.ROOT_URLCONF = Broken()
    assert ids() == ["E000", "E000"]


def test_plain_http(live: Any) -> None:
    change(live, VONAGE_REDIRECT_URI="http://shop.example/callback")
    assert ids() == ["E022"]
    for host in ("localhost:3000", "127.0.0.1", "[::1]:8000"):
        change(live, VONAGE_REDIRECT_URI=f"http://{host}/callback")
        assert ids() == []
        assert ids(deploy=True) == ["W024"]


@pytest.mark.parametrize(
    ("environment", "url", "found"),
    [
        ("production", "https://api-us.vonage.com", []),
        ("production", "http://api-us.vonage.com", ["E023"]),
        ("production", "http://127.0.0.1:4000", ["E023"]),
        ("production", "https://localhost", ["E023"]),
        ("production", "api-us.vonage.com", ["E023"]),
        ("virtual", "http://127.0.0.1:4000", []),
        ("virtual", "http://operator.example", ["E023"]),
    ],
)
def test_api_base_url(live: Any, environment: str, url: str, found: list[str]) -> None:
    change(live, ENVIRONMENT=environment, VONAGE_API_BASE_URL=url)
    assert ids() == found


def test_environment_of_a_deployment(live: Any) -> None:
    change(live, ENVIRONMENT="virtual")
    assert ids() == []
    assert ids(deploy=True) == ["E025"]
    change(live, ENVIRONMENT="playground")
    assert ids(deploy=True) == ["W026"]


def test_deploy_stops_a_virtual_site(live: Any) -> None:
    change(live, ENVIRONMENT="virtual")
    with pytest.raises(SystemCheckError, match=r"numverify\.E025"):
        call_command("check", "--deploy", "--tag", "numverify")


# -- the site around ----------------------------------------------------------------------
def test_middleware(site: Any) -> None:
    site.MIDDLEWARE = ["django.middleware.csrf.CsrfViewMiddleware", "no.such.Middleware"]
    assert ids() == ["E030"]
    site.MIDDLEWARE = [f"{__name__}.OwnSessions"]
    assert ids() == ["W031"]


def test_the_gate_stands_behind_the_user(site: Any) -> None:
    gate = "numverify.middleware.NumberVerificationMiddleware"
    user = "django.contrib.auth.middleware.AuthenticationMiddleware"
    others = [each for each in site.MIDDLEWARE if each != user]
    site.MIDDLEWARE = [*others, user, gate]
    assert ids() == []
    site.MIDDLEWARE = [*others, gate, user]
    assert ids() == ["E038"]
    site.MIDDLEWARE = [*others, gate]
    assert ids() == ["E038"]


def test_sessions_that_forget(site: Any) -> None:
    site.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    assert ids() == ["E032"]
    site.SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
    assert ids() == []


def test_session_cookie(site: Any) -> None:
    site.SESSION_COOKIE_SAMESITE = "Strict"
    assert ids() == ["E033"]
    site.SESSION_COOKIE_SAMESITE = "None"
    assert ids() == []


def test_cache_alias(site: Any) -> None:
    change(site, CACHE="counters")
    assert ids() == ["E035"]


@pytest.mark.parametrize(
    ("backend", "weak"),
    [
        ("django.core.cache.backends.locmem.LocMemCache", True),
        ("django.core.cache.backends.dummy.DummyCache", True),
        ("django.core.cache.backends.db.DatabaseCache", True),
        ("django.core.cache.backends.filebased.FileBasedCache", True),
        (f"{__name__}.OwnCache", True),
        ("django.core.cache.backends.redis.RedisCache", False),
        ("django.core.cache.backends.memcached.PyMemcacheCache", False),
        ("no.such.Cache", False),
    ],
)
def test_weak_cache(live: Any, backend: str, weak: bool) -> None:
    live.CACHES = {"default": {"BACKEND": backend}}
    assert ids() == (["W036"] if weak else [])


def test_a_weak_cache_does_no_harm_without_limits(live: Any) -> None:
    live.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    names = ("phone", "user", "ip", "all", "anonymous_phone", "anonymous_ip", "anonymous_all")
    change(live, LIMITS=dict.fromkeys(names))
    assert ids() == []


def test_consent_text(live: Any, site: Any) -> None:
    change(live, CONSENT_TEXT=" ")
    [message] = messages()
    assert message.id == "numverify.W037"
    assert "(49)" in message.msg
    change(live, CONSENT_COUNTRIES=())
    assert ids() == []


def test_consent_text_for_every_number_is_needed_offline_too(site: Any) -> None:
    change(site, CONSENT_COUNTRIES=["*"])
    assert ids() == ["W037"]


# -- the page -----------------------------------------------------------------------------
def test_every_check_is_documented() -> None:
    code = "".join(each.read_text() for each in (ROOT / "numverify" / "checks").glob("*.py"))
    used = set(re.findall(r'id="(numverify\.[EW]\d{3})"', code))
    page = (ROOT / "docs" / "checks.md").read_text()
    documented = re.findall(r"^\| `(numverify\.[EW]\d{3})` \|", page, re.MULTILINE)
    assert len(documented) == len(set(documented))
    assert set(documented) == used
