"""Nothing leaves this machine; what tried is told, even where the refusal was swallowed."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.test import Client

from numverify.testing import OutsideRequest, Walk, no_outside_requests
from numverify.testing.guard import Guard
from tests.providers.servers import Server

OUTSIDE = "192.0.2.1"  # RFC 5737: nobody's


def connect(address: Any) -> Callable[[], Any]:
    def attempt() -> None:
        with socket.socket() as sock:
            sock.settimeout(0.01)
            sock.connect(address)

    return attempt


def send_datagram() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.sendto(b"x", (OUTSIDE, 9))


def send_message() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.sendmsg([b"x"], [], 0, (OUTSIDE, 9))


def connect_6() -> None:
    with socket.socket(socket.AF_INET6) as sock:
        sock.connect(("2001:db8::1", 443))


@pytest.mark.parametrize(
    ("attempt", "told"),
    [
        (connect((OUTSIDE, 443)), r"connect to 192\.0\.2\.1:443"),
        (connect_6, r"connect to 2001:db8::1:443"),
        (send_datagram, r"send to 192\.0\.2\.1:9"),
        (send_message, r"send to 192\.0\.2\.1:9"),
        (lambda: socket.getaddrinfo("api.example.com", 443), r"look up api\.example\.com:443"),
        (lambda: socket.getaddrinfo(b"api.example.com", None), r"look up api\.example\.com\."),
        (lambda: socket.gethostbyname("api.example.com"), r"look up api\.example\.com"),
        (lambda: socket.gethostbyaddr(OUTSIDE), r"look up 192\.0\.2\.1"),
        (lambda: socket.create_connection((OUTSIDE, 80), 0.01), r"look up 192\.0\.2\.1"),
        (lambda: requests.get("https://api.example.com/", timeout=1), r"api\.example\.com:443"),
    ],
)
def test_the_outside_is_refused(attempt: Callable[[], Any], told: str) -> None:
    with pytest.raises(OutsideRequest, match=told), no_outside_requests():
        attempt()


def swallow() -> None:
    with contextlib.suppress(Exception):
        connect((OUTSIDE, 443))()


def swallow_twice() -> None:
    swallow()
    swallow()


def swallow_elsewhere() -> None:
    thread = threading.Thread(target=swallow)
    thread.start()
    thread.join()


@pytest.mark.parametrize("attempt", [swallow, swallow_twice, swallow_elsewhere])
def test_a_refusal_that_was_swallowed_is_told_at_the_end(attempt: Callable[[], None]) -> None:
    told = r"^A test tried to reach 192\.0\.2\.1:443\. "
    with pytest.raises(OutsideRequest, match=told), no_outside_requests():
        attempt()


def test_one_that_was_expected_can_be_forgotten() -> None:
    with no_outside_requests() as guard:
        with pytest.raises(OutsideRequest):
            socket.gethostbyname("api.example.com")
        guard.refused.clear()


def test_an_error_of_the_test_itself_comes_first() -> None:
    def fail() -> None:
        swallow()
        raise KeyError

    with pytest.raises(KeyError), no_outside_requests():
        fail()


def test_this_machine_is_open(tmp_path: Path) -> None:
    with no_outside_requests(), Server() as server:
        for host in ("127.0.0.1", "localhost", "127.9.9.9"):
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection((host, server.port), 5).close()
        assert socket.gethostbyname("localhost").startswith("127.")
        with socket.socket(socket.AF_UNIX) as unix, pytest.raises(FileNotFoundError):
            unix.connect(str(tmp_path / "socket"))
        EmailMessage("subject", "text", "a@example.com", ["b@example.com"]).message()


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", True),
        ("", True),
        (None, True),
        ("LOCALHOST.", True),
        ("site.localhost", True),
        (b"localhost", True),
        ("::ffff:192.0.2.1", False),
        ("fe80::1%eth0", False),
        ("localhost.example.com", False),
        ("169.254.169.254", False),
        ("10.0.0.1", False),
        ("127.0.0.1.example.com", False),
    ],
)
def test_what_counts_as_here(host: Any, here: bool) -> None:
    guard = Guard()
    with contextlib.suppress(OutsideRequest):
        guard.judge("connect to", host, 1)
    assert (guard.refused == []) is here


def test_a_host_can_be_allowed_by_name_or_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(name: str, port: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with no_outside_requests(["Redis.example", "192.0.2.9"]) as guard:
        for host in ("redis.example", "192.0.2.7", "192.0.2.9"):
            guard.judge("connect to", host, 6379)
        assert guard.refused == []
        with pytest.raises(OutsideRequest):
            guard.judge("connect to", "192.0.2.8", 6379)
        guard.refused.clear()


def test_the_last_guard_decides() -> None:
    with no_outside_requests(), no_outside_requests([OUTSIDE]) as inner:
        with pytest.raises(OSError, match=r"."):
            connect((OUTSIDE, 443))()
        assert inner.refused == []


def test_none_is_left() -> None:
    with no_outside_requests():
        pass
    with pytest.raises(OSError, match=r"."):
        connect((OUTSIDE, 443))()


def test_a_site_that_would_call_the_real_service_fails_its_test(
    alice: User,
    request: pytest.FixtureRequest,
    settings: Any,
) -> None:
    """The flow turns the refusal into "could not find out"; the guard tells nevertheless."""
    lab = request.getfixturevalue("numverify_lab")
    verify_number: Callable[..., Walk] = request.getfixturevalue("verify_number")
    client = Client()
    client.force_login(alice)
    settings.NUMVERIFY = {
        **settings.NUMVERIFY,
        "VONAGE_API_BASE_URL": "https://api.example.com",
        "ENVIRONMENT": "playground",
    }
    walk = verify_number(client)
    assert (walk.attempt.status, walk.attempt.detail) == ("failed", "OutsideRequest")
    assert set(lab.guard.refused) == {"api.example.com:443"}
    with pytest.raises(OutsideRequest, match=r"reach api\.example\.com:443"):
        lab.guard.check()
    lab.guard.refused.clear()
