"""The site under test, offline: its own settings and views, the embedded operator."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.test import override_settings
from django.urls import reverse

from ..conf import conf
from ..defaults import DEFAULT_LIMITS, DEFAULTS, VIRTUAL
from ..virtual_operator import embedded, keys
from ..virtual_operator.server import VirtualOperator
from .device import Phone
from .guard import Guard, no_outside_requests

_OFFLINE: dict[str, Any] = {
    "ENVIRONMENT": VIRTUAL,
    "PROVIDER": DEFAULTS["PROVIDER"],
    "CREDENTIALS": None,
    "VONAGE_PRIVATE_KEY_PATH": "",
    "VONAGE_PRIVATE_KEY_FALLBACKS": (),
    "PROXY": "",
    # Tests share a process and often a number: what one of them did must not pause or
    # refuse the next. Test limits by giving them: numverify_settings = {"LIMITS": ...}.
    "BREAKER_FAILURES": 0,
    "LIMITS": dict.fromkeys(DEFAULT_LIMITS),
}


@dataclass(frozen=True, slots=True)
class Lab:
    """What a test has at hand.

    Args:
        operator: counts and records what it was asked; clean for each test.
        phone: opens links.
        guard: what was refused so far.
    """

    operator: VirtualOperator = field(repr=False)
    phone: Phone = field(repr=False)
    guard: Guard


@contextmanager
def offline(
    site_url: str = "",
    *,
    settings: Mapping[str, Any] | None = None,
    allowed_hosts: Iterable[str] = (),
) -> Iterator[Lab]:
    """Run the site offline while the block does; nothing reaches another machine.

    The site keeps its ``NUMVERIFY``, save what leads to the real service: environment,
    provider, credentials, proxy. The operator is a real HTTP server on loopback that
    starts once in each process and touches no database, so that all of it works inside
    the transaction of a ``TestCase``.

    Args:
        site_url: scheme and host of the site, for the redirect URI; the test client's
            by default. Give ``live_server_url`` to drive a browser.
        settings: further keys of ``NUMVERIFY``; these win.
        allowed_hosts: see :func:`no_outside_requests`.

    Raises:
        OutsideRequest: at the end, if something was refused on the way.
        NoReverseMatch: the site does not include ``numverify.urls``.
    """
    values, operator = prepare(site_url, settings or {})
    with no_outside_requests(allowed_hosts) as guard, override_settings(NUMVERIFY=values):
        yield lab(values, operator, guard)


def prepare(site_url: str, settings: Mapping[str, Any]) -> tuple[dict[str, Any], VirtualOperator]:
    """Start the operator, or clean it; ``NUMVERIFY`` for it, and the operator itself."""
    redirect_uri = (site_url or _test_client_url()) + reverse("numverify:callback")
    application_id, private_key = embedded.throwaway_credentials()
    operator_url = embedded.ensure_running(
        application_id=application_id,
        public_key_pem=_public_pem(private_key),
        redirect_uri=redirect_uri,
    )
    operator = embedded.operator()
    assert operator is not None  # noqa: S101 - for the type checker: it was just started
    operator.reset()
    values = {
        **conf.user_settings,
        **_OFFLINE,
        "VONAGE_APPLICATION_ID": application_id,
        "VONAGE_PRIVATE_KEY": private_key,
        "VONAGE_API_BASE_URL": operator_url,
        "VONAGE_REDIRECT_URI": redirect_uri,
        **settings,
    }
    return values, operator


def lab(values: Mapping[str, Any], operator: VirtualOperator, guard: Guard) -> Lab:
    return Lab(operator, Phone(values["VONAGE_API_BASE_URL"]), guard)


# Reading a key takes 40 ms, and every test needs it.
_public_pem = cache(keys.public_pem)


def is_https() -> bool:
    """Does the site answer plain HTTP with a redirect only?"""
    return bool(conf.django("SECURE_SSL_REDIRECT"))


def _test_client_url() -> str:
    return "https://testserver" if is_https() else "http://testserver"
