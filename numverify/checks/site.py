"""What the site around numverify must have: sessions, middleware, a cache, a consent text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.backends.signed_cookies import SessionStore as SignedCookies
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004
from django.middleware.csrf import CsrfViewMiddleware
from django.urls import (
    LocalePrefixPattern,
    URLPattern,
    URLResolver,
    get_resolver,
)
from django.utils.module_loading import import_string

from ..conf import conf
from ..defaults import PRODUCTION
from ..middleware import NumberVerificationMiddleware
from .registry import concern

_WEAK_CACHES = (DatabaseCache, DummyCache, FileBasedCache, LocMemCache)


def _has_middleware(kind: type) -> bool:
    return any(_is_a(_imported(path), kind) for path in conf.django("MIDDLEWARE") or ())


def _is_a(found: object, kind: type) -> bool:
    return isinstance(found, type) and issubclass(found, kind)


def _imported(path: str) -> object:
    try:
        return import_string(path)
    except ImportError:  # Django says so by itself
        return None


@concern()
def session_middleware() -> Iterable[CheckMessage]:
    if not _has_middleware(SessionMiddleware):
        yield Error(
            "There is no session middleware: no browser can be told from another.",
            hint="Add 'django.contrib.sessions.middleware.SessionMiddleware' to MIDDLEWARE.",
            id="numverify.E030",
        )


@concern()
def gate_middleware() -> Iterable[CheckMessage]:
    """By position: the gate asks for ``request.user``, which another middleware sets."""
    kinds = [_imported(path) for path in conf.django("MIDDLEWARE") or ()]
    gates = [place for place, kind in enumerate(kinds) if _is_a(kind, NumberVerificationMiddleware)]
    users = [place for place, kind in enumerate(kinds) if _is_a(kind, AuthenticationMiddleware)]
    if gates and (not users or gates[0] < users[0]):
        yield Error(
            "NumberVerificationMiddleware stands before AuthenticationMiddleware.",
            hint="Move it behind: it asks who the user is.",
            id="numverify.E038",
        )


@concern()
def csrf_middleware() -> Iterable[CheckMessage]:
    if not _has_middleware(CsrfViewMiddleware):
        yield Warning(
            "There is no CSRF middleware: nothing gives browsers the token that numverify's"
            " forms ask for.",
            hint="Add 'django.middleware.csrf.CsrfViewMiddleware' to MIDDLEWARE.",
            id="numverify.W031",
        )


@concern()
def sessions_that_forget() -> Iterable[CheckMessage]:
    if issubclass(import_module(conf.session_engine).SessionStore, SignedCookies):
        yield Error(
            "Sessions in signed cookies cannot forget: an old cookie brings an ended session,"
            " and what was verified in it, back to life.",
            hint="Set SESSION_ENGINE to 'django.contrib.sessions.backends.db', or a cache.",
            id="numverify.E032",
        )


@concern()
def session_cookie() -> Iterable[CheckMessage]:
    if conf.django("SESSION_COOKIE_SAMESITE") == "Strict":
        yield Error(
            "SESSION_COOKIE_SAMESITE = 'Strict' keeps the session from the callback, to which"
            " the operator's site sends the browser: no attempt could be finished.",
            hint="Set SESSION_COOKIE_SAMESITE = 'Lax', Django's default.",
            id="numverify.E033",
        )


@concern()
def language_prefix() -> Iterable[CheckMessage]:
    if any(_callbacks(get_resolver())):
        yield Warning(
            "numverify.urls stands inside i18n_patterns: the callback's path changes with the"
            " language, and the redirect URI must not.",
            hint="Include numverify.urls outside i18n_patterns.",
            id="numverify.W034",
        )


def _callbacks(resolver: URLResolver, *, prefixed: bool = False) -> Iterator[bool]:
    """For each place where the callback is: does its path begin with a language?"""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inside = prefixed or isinstance(entry.pattern, LocalePrefixPattern)
            yield from _callbacks(entry, prefixed=inside)
        elif _is_callback(entry, resolver):
            yield prefixed


def _is_callback(entry: URLPattern, resolver: URLResolver) -> bool:
    return entry.name == "callback" and resolver.app_name == "numverify"


@concern()
def cache() -> Iterable[CheckMessage]:
    caches = conf.django("CACHES") or {}
    if conf.cache not in caches:
        yield Error(
            f"NUMVERIFY['CACHE'] names {conf.cache!r}, which CACHES does not have.",
            hint="Name a cache that the processes of the site share.",
            id="numverify.E035",
        )
    elif conf.environment == PRODUCTION and any(conf.limits.values()) and _is_weak(caches):
        yield Warning(
            "The cache of the limits is not shared by all processes, or cannot count at once"
            " for several: more attempts pass than the limits say.",
            hint="Point NUMVERIFY['CACHE'] to Redis or Memcached.",
            id="numverify.W036",
        )


def _is_weak(caches: dict[str, dict[str, str]]) -> bool:
    backend = _imported(caches[conf.cache]["BACKEND"])
    return isinstance(backend, type) and issubclass(backend, _WEAK_CACHES)


@concern()
def consent_text() -> Iterable[CheckMessage]:
    countries = conf.consent_countries
    # No number of a country can be started in the virtual environment.
    needed = "*" in countries or (bool(countries) and not conf.is_virtual)
    if needed and not conf.consent_text.strip():
        yield Warning(
            "NUMVERIFY['CONSENT_TEXT'] is empty: attempts for numbers of the countries that"
            f" need it ({', '.join(countries)}) are refused.",
            hint="Paste the wording that the service prescribes, or take the countries that you"
            " do not serve out of CONSENT_COUNTRIES.",
            id="numverify.W037",
        )
