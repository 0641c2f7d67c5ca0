"""How to reach a service: checked URL, proxy and trusted certificates.

The standard environment variables are looked at once per process and base URL; doing
it for each call costs a quarter of what requests does.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from os import environ
from pathlib import Path
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies_environment

from requests.utils import DEFAULT_CA_BUNDLE_PATH, should_bypass_proxies

from ..exceptions import ConfigurationError
from .process import PerProcess

# Visible ASCII without the backslash, which browsers read as a slash.
_URL = re.compile(r"[!-\[\]-~]{1,4096}")
# Browsers decode "%2f" in a host, urlsplit does not: they would go to different ones.
_HOST = re.compile(r"[a-z0-9._:-]+")


def split_url(url: str) -> SplitResult | None:
    """The parts of an absolute http(s) URL without credentials; None for any other."""
    if not _URL.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises if it is not a port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or "@" in parts.netloc:
        return None
    return parts if _HOST.fullmatch(parts.hostname or "") else None


def is_loopback(host: str | None) -> bool:
    """Whether ``host`` is this machine: ``localhost`` or a loopback address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def check_base_url(url: str, *, allow_loopback: bool) -> SplitResult:
    """The parts of a base URL that may be given credentials and numbers.

    Raises ConfigurationError: not https (loopback excepted, where that is allowed).
    """
    parts = split_url(url)
    if parts is None or parts.query or parts.fragment:
        raise ConfigurationError("NUMVERIFY['VONAGE_API_BASE_URL'] is not a URL like https://host.")
    if is_loopback(parts.hostname):
        if not allow_loopback:
            # A stand-in that says yes to everybody must never serve a live site.
            raise ConfigurationError(
                "NUMVERIFY['VONAGE_API_BASE_URL'] is this machine itself: that is allowed"
                " only with NUMVERIFY['ENVIRONMENT'] = 'virtual'."
            )
    elif parts.scheme != "https":
        raise ConfigurationError("NUMVERIFY['VONAGE_API_BASE_URL'] must begin with https://.")
    return parts


@dataclass(frozen=True, slots=True)
class Route:
    """``proxy`` is a URL or empty; ``ca_bundle`` a file or directory of certificates."""

    proxy: str
    ca_bundle: str

    def __repr__(self) -> str:  # a proxy's URL may hold a password
        return f"Route(proxy={'…' if self.proxy else None}, ca_bundle={self.ca_bundle!r})"


routes: PerProcess[tuple[str, str | None, str | None], Route] = PerProcess()


def route_for(base_url: str, *, proxy: str | None = None, ca_bundle: str | None = None) -> Route:
    """The route to ``base_url``.

    Args:
        proxy: ``NUMVERIFY["PROXY"]``: a URL, empty for none, None for ``HTTPS_PROXY``,
            ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` (never for loopback).
        ca_bundle: ``NUMVERIFY["CA_BUNDLE"]``: a path, or None for
            ``REQUESTS_CA_BUNDLE``, ``CURL_CA_BUNDLE``, else certifi's bundle.

    Raises:
        ConfigurationError: no such path, or a proxy that is not http(s).
    """
    return routes.get(
        (base_url, proxy, ca_bundle),
        lambda: Route(_checked_proxy(base_url, proxy), _checked_bundle(ca_bundle)),
    )


def _checked_proxy(base_url: str, setting: str | None) -> str:
    proxy = _environment_proxy(base_url) if setting is None else setting
    if proxy and "://" not in proxy:
        proxy = f"http://{proxy}"
    if proxy and not proxy.lower().startswith(("http://", "https://")):
        raise ConfigurationError("NUMVERIFY['PROXY'] must be an http:// or https:// URL.")
    return proxy


def _environment_proxy(base_url: str) -> str:
    proxies, parts = getproxies_environment(), urlsplit(base_url)
    if is_loopback(parts.hostname) or should_bypass_proxies(base_url, None):
        return ""
    return proxies.get(parts.scheme) or proxies.get("all") or ""


def _checked_bundle(setting: str | None) -> str:
    bundle = (
        setting
        or environ.get("REQUESTS_CA_BUNDLE")
        or environ.get("CURL_CA_BUNDLE")
        or DEFAULT_CA_BUNDLE_PATH
    )
    if not Path(bundle).exists():
        raise ConfigurationError(
            "NUMVERIFY['CA_BUNDLE'] (or REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE) does not exist."
        )
    return bundle
