"""What a request tells of its client: address and user agent, neither to be trusted."""

from __future__ import annotations

import ipaddress
import re

from django.http import HttpRequest

from .conf import conf
from .redaction import redact

_USER_AGENT_LENGTH = 200
# Controls, surrogates and what MariaDB's three-byte charset cannot store.
_UNSAFE = re.compile("[^\x20-\x7e\xa0-\ud7ff\ue000-\ufffd]")


def safe_text(value: str, length: int) -> str:
    """``value`` without what a database or a log could choke on, cut to ``length``."""
    return _UNSAFE.sub("", value)[:length]


def user_agent(request: HttpRequest) -> str:
    # Redacted: clients put what they like there, a number or a token included.
    return safe_text(redact(request.headers.get("User-Agent", "")), _USER_AGENT_LENGTH)


def client_ip(request: HttpRequest) -> str | None:
    """The client's address by ``CLIENT_IP`` or ``TRUSTED_PROXIES``; None if unknown.

    Only the entries that the site's own proxies appended to ``X-Forwarded-For`` count:
    everything to their left is the client's own words, and would dodge the limits.
    """
    resolver = conf.client_ip
    if resolver:
        return _valid(resolver(request) or "")
    hops = [request.META.get("REMOTE_ADDR", "")]
    if conf.trusted_proxies:
        hops = [*filter(str.strip, request.headers.get("X-Forwarded-For", "").split(",")), *hops]
    position = conf.trusted_proxies + 1
    return _valid(hops[-position] if len(hops) >= position else hops[-1])


def network(ip: str) -> str:
    """What one client is likely to command: an IPv4 address, an IPv6 /64."""
    address = ipaddress.ip_address(ip)
    if address.version == 6:  # noqa: PLR2004
        return str(ipaddress.ip_network((address, 64), strict=False))
    return ip


def _valid(text: str) -> str | None:
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address).partition("%")[0]
