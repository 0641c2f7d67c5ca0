"""Address and user agent of a client, neither to be trusted."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from numverify import clients
from numverify.conf import Settings
from numverify.exceptions import ConfigurationError


def request(remote: str = "192.0.2.1", forwarded: str | None = None, **meta: Any) -> HttpRequest:
    if forwarded is not None:
        meta["HTTP_X_FORWARDED_FOR"] = forwarded
    return RequestFactory().get("/", REMOTE_ADDR=remote, **meta)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, None, "192.0.2.1"),
        (0, "198.51.100.9", "192.0.2.1"),  # nobody told us of a proxy: a client's words
        (1, "198.51.100.9", "198.51.100.9"),
        (1, "203.0.113.5, 198.51.100.9", "198.51.100.9"),
        (1, "203.0.113.5,10.0.0.1 , 198.51.100.9 ", "198.51.100.9"),
        (2, "203.0.113.5, 198.51.100.9, 10.0.0.1", "198.51.100.9"),
        (2, "198.51.100.9", "192.0.2.1"),  # came past a proxy: then who connected
        (1, None, "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, " , ", "192.0.2.1"),
        (1, "198.51.100.9,", "198.51.100.9"),
        (1, "unknown", None),
        (1, "2001:db8::1", "2001:db8::1"),
    ],
)
def test_only_the_sites_own_proxies_are_believed(
    configure: Any, proxies: int, forwarded: str | None, address: str | None
) -> None:
    configure(TRUSTED_PROXIES=proxies)
    assert clients.client_ip(request(forwarded=forwarded)) == address


@given(st.lists(st.ip_addresses().map(str) | st.text(alphabet=", x1.:", max_size=9), max_size=9))
def test_a_spoofed_header_never_moves_the_address(spoofed: list[str]) -> None:
    """T17: the proxy appends what it saw; nothing to the left of it counts."""
    header = ",".join([*spoofed, "198.51.100.9"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Settings, "trusted_proxies", 1)
        assert clients.client_ip(request(forwarded=header)) == "198.51.100.9"


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("", None),  # a Unix socket
        ("nonsense", None),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
    ],
)
def test_addresses_are_written_one_way(remote: str, address: str | None) -> None:
    assert clients.client_ip(request(remote)) == address


@pytest.mark.parametrize(("answer", "address"), [("203.0.113.8", "203.0.113.8"), (None, None)])
def test_a_site_can_say_it_itself(configure: Any, answer: str | None, address: Any) -> None:
    configure(CLIENT_IP=lambda request: answer, TRUSTED_PROXIES=3)
    assert clients.client_ip(request()) == address


def test_a_resolver_that_is_none_is_a_configuration_error(configure: Any) -> None:
    configure(CLIENT_IP="no.such.module")
    with pytest.raises(ConfigurationError):
        clients.client_ip(request())


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
    ],
)
def test_an_ipv6_client_commands_a_64(ip: str, network: str) -> None:
    assert clients.network(ip) == network


def test_user_agents_are_cut_and_cleaned() -> None:
    agent = "Mozilla\r\n\x1b[31m\x00\ud800😀 é" + "x" * 500
    kept = clients.user_agent(request(HTTP_USER_AGENT=agent))
    assert kept.startswith("Mozilla[31m éxxx")
    assert len(kept) == 200
    assert clients.user_agent(request()) == ""


def test_user_agents_keep_no_number_and_no_token() -> None:
    kept = clients.user_agent(request(HTTP_USER_AGENT="app/1 +99012345678 Bearer abcdef123"))
    assert "12345678" not in kept
    assert "abcdef123" not in kept


@given(st.text())
def test_safe_text_can_be_stored_anywhere(text: str) -> None:
    safe = clients.safe_text(text, 50)
    assert len(safe) <= 50
    assert safe.isprintable() or not any(char < " " or "\x7f" <= char < "\xa0" for char in safe)
    assert max(safe, default="") <= "\uffff", "what MariaDB's three bytes hold"
    safe.encode()
