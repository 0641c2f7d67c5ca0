"""The table of faults: what each does, and how often each call was made.

One row for each fault of the three calls: E = enablement, X = exchange, V = verify.
Rows name the call at fault, what the service does, the reason, and how many requests
of E, X and V it got until then. Single-use codes and tokens are never sent twice.
"""

from __future__ import annotations

import gzip
import json
import socket
import traceback
from typing import Any

import pytest
from django.views.debug import SafeExceptionReporterFilter

from numverify.exceptions import ProviderError, Reason
from numverify.providers.vonage.credentials import Credentials
from numverify.providers.vonage.results import SCOPE

from .. import servers
from ..conftest import CORRELATOR
from ..servers import Behaviour, answer, answer_and_close, drip, http
from .fixtures import CODE, PHONE, STATE, TOKEN, Service, finish, granted, provider, reply, start

R = Reason
E_ONCE, X_ONCE, V_ONCE = {"E": 1}, {"X": 1}, {"X": 1, "V": 1}
ONCE = {"E": E_ONCE, "X": X_ONCE, "V": V_ONCE}
NAMES = {"E": "start", "X": "token", "V": "verify"}
BIG = b'{"a": "' + b"x" * 70_000 + b'"}'
BOMB = http(body=gzip.compress(b"x" * 50_000_000), headers={"Content-Encoding": "gzip"})
DRIPPED_HEAD = drip(b"HTTP/1.1 200 OK\r\nA: " + b"x" * 500)
DRIPPED_BODY = drip(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + b"x" * 900)

Row = tuple[str, str, Behaviour, Reason, dict[str, int]]


def each(what: str, behaviour: Behaviour, reason: Reason, calls: str = "EXV") -> list[Row]:
    return [(call, what, behaviour, reason, ONCE[call]) for call in calls]


def token(**fields: Any) -> Behaviour:
    return reply({"access_token": TOKEN, "token_type": "bearer", "expires_in": 29, **fields})


def verdict(value: Any) -> Behaviour:
    return reply({"devicePhoneNumberVerified": value})


TABLE: list[Row] = [
    # time-outs and broken connections
    ("E", "read timeout", servers.stall, R.UPSTREAM_TIMEOUT, E_ONCE),
    ("E", "reset after sending", servers.reset, R.UPSTREAM_UNREACHABLE, E_ONCE),
    ("E", "closed without an answer", answer_and_close(b""), R.UPSTREAM_UNREACHABLE, E_ONCE),
    ("E", "dripped headers", DRIPPED_HEAD, R.UPSTREAM_TIMEOUT, E_ONCE),
    ("E", "dripped body", DRIPPED_BODY, R.UPSTREAM_TIMEOUT, E_ONCE),
    *each("timeout after sending", servers.stall, R.OUTCOME_UNKNOWN, "XV"),
    *each("reset after sending", servers.reset, R.OUTCOME_UNKNOWN, "XV"),
    *each("closed without an answer", answer_and_close(b""), R.OUTCOME_UNKNOWN, "XV"),
    *each("dripped headers", DRIPPED_HEAD, R.OUTCOME_UNKNOWN, "XV"),
    *each("dripped body", DRIPPED_BODY, R.OUTCOME_UNKNOWN, "XV"),
    # bodies
    *each("body over 64 KiB", answer(http(body=BIG)), R.BAD_UPSTREAM),
    *each("gzip bomb", answer(BOMB), R.BAD_UPSTREAM),
    *each(
        "false length",
        answer_and_close(http(body=b"{}", headers={"Content-Length": "999"})),
        R.BAD_UPSTREAM,
    ),
    *each("no HTTP", answer_and_close(b"SSH-2.0-x\r\n\r\n"), R.BAD_UPSTREAM),
    *each("malformed JSON", answer(http(body=b"{")), R.BAD_UPSTREAM),
    *each("BOM", answer(http(body=b"\xef\xbb\xbf{}")), R.BAD_UPSTREAM),
    *each("NaN", answer(http(body=b'{"a": NaN}')), R.BAD_UPSTREAM),
    *each("deep nesting", answer(http(body=b"[" * 60_000)), R.BAD_UPSTREAM),
    *each("5,000 digits", answer(http(body=b"1" * 5000)), R.BAD_UPSTREAM),
    *each("empty object", reply({}), R.BAD_UPSTREAM),
    *each("empty body", answer(http(body=b"")), R.BAD_UPSTREAM),
    # statuses
    *[
        row
        for status in (301, 302, 303, 307, 308)
        for row in each(f"{status}", reply({}, status, Location="/x"), R.BAD_UPSTREAM)
    ],
    *each("204", answer(http(204, b"")), R.BAD_UPSTREAM),
    *[
        row
        for status in (500, 502, 503, 504)
        for row in each(f"{status}", reply({"code": "INTERNAL"}, status), R.UPSTREAM_ERROR)
    ],
    *each("429", reply({}, 429), R.RATE_LIMITED),
    *each("402", reply({}, 402), R.BALANCE),
    *each("404", reply({}, 404), R.UNKNOWN),
    # refused, by call
    ("E", "400", reply({"title": "Bad Request"}, 400), R.REQUEST, E_ONCE),
    ("E", "401 twice", reply({}, 401), R.CREDENTIALS, {"E": 2}),
    ("E", "403", reply({"title": "Forbidden"}, 403), R.FORBIDDEN, E_ONCE),
    ("E", "error in the scope", reply({"scopes": {SCOPE: {"error": {}}}}), R.NOT_SUPPORTED, E_ONCE),
    ("E", "scope missing", reply({"scopes": {}}), R.BAD_UPSTREAM, E_ONCE),
    ("X", "400 invalid_grant", reply({"error": "invalid_grant"}, 400), R.CODE_REJECTED, X_ONCE),
    ("X", "400 of another kind", reply({"error": "new"}, 400), R.REQUEST, X_ONCE),
    ("X", "401", reply({"error": "invalid_client"}, 401), R.CREDENTIALS, X_ONCE),
    ("X", "403", reply({}, 403), R.FORBIDDEN, X_ONCE),
    ("X", "token_type mac", token(token_type="mac"), R.BAD_UPSTREAM, X_ONCE),
    ("X", "CR/LF in the token", token(access_token="a\r\nX: y"), R.BAD_UPSTREAM, X_ONCE),
    ("V", "400", reply({"code": "INVALID_ARGUMENT"}, 400), R.REQUEST, V_ONCE),
    ("V", "401", reply({"code": "UNAUTHENTICATED"}, 401), R.TOKEN_REJECTED, V_ONCE),
    ("V", "403", reply({"code": "PERMISSION_DENIED"}, 403), R.FORBIDDEN, V_ONCE),
    (
        "V",
        "403 by Wi-Fi",
        reply({"code": "NUMBER_VERIFICATION.USER_NOT_AUTHENTICATED_BY_MOBILE_NETWORK"}, 403),
        R.NOT_MOBILE_NETWORK,
        V_ONCE,
    ),
    (
        "V",
        "403 wrong token context",
        reply({"code": "NUMBER_VERIFICATION.INVALID_TOKEN_CONTEXT"}, 403),
        R.TOKEN_REJECTED,
        V_ONCE,
    ),
    *[
        ("V", f"{value!r} for true", verdict(value), R.BAD_UPSTREAM, V_ONCE)
        for value in ("true", 1, [True], None)
    ],
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0]}: {row[1]}")
def test_faults(
    row: Row, service: Service, credentials: Credentials, caplog: pytest.LogCaptureFixture
) -> None:
    call, _, behaviour, reason, seen = row
    caplog.set_level("DEBUG")
    service.calls[call] = behaviour
    slow = behaviour in (servers.stall, DRIPPED_HEAD, DRIPPED_BODY)
    by = provider(service.url, credentials, seconds=0.3 if slow else 5)
    with pytest.raises(ProviderError) as caught:
        start(by) if call == "E" else finish(by)
    error = caught.value
    assert error.reason is reason
    assert service.seen == seen
    assert [made.name for made in error.calls] == [NAMES[name] for name in seen]
    assert error.detail.startswith(NAMES[call])
    shown = f"{error!r} {error.detail} {error.__dict__} {caplog.text}"
    for secret in (PHONE, PHONE[1:], STATE, CODE, TOKEN, "Bearer"):
        assert secret not in shown
    assert error.__cause__ is None
    assert error.__context__ is None


def test_enablement_is_tried_again_where_nothing_was_sent(
    service: Service, credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E: connect failure, one retry."""
    real, tries = socket.socket.connect, []

    def refuse_once(sock: socket.socket, address: Any) -> None:
        tries.append(address)
        if len(tries) == 1:
            raise ConnectionRefusedError
        real(sock, address)

    monkeypatch.setattr(socket.socket, "connect", refuse_once)
    assert [call.name for call in start(provider(service.url, credentials)).calls] == ["start"]
    assert len(tries) == 2


@pytest.mark.parametrize(("call", "tries"), [("E", 2), ("X", 1)])
def test_no_connection(
    call: str, tries: int, credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E: retried once; X: failed, nothing sent; none is more than unreachable."""
    made: list[Any] = []

    def refuse(sock: socket.socket, address: Any) -> None:
        made.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", refuse)
    by = provider("http://127.0.0.1:9", credentials)
    with pytest.raises(ProviderError) as caught:
        start(by) if call == "E" else finish(by)
    assert caught.value.reason is Reason.UPSTREAM_UNREACHABLE
    assert len(made) == tries
    assert [call.name for call in caught.value.calls] == [NAMES[call]]


def test_no_connection_for_verify(
    service: Service, credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, made = socket.socket.connect, []

    def only_once(sock: socket.socket, address: Any) -> None:
        made.append(address)
        if len(made) > 1:
            raise ConnectionRefusedError
        real(sock, address)

    token = {"access_token": TOKEN, "token_type": "bearer"}
    closing = http(body=json.dumps(token).encode(), headers={"Connection": "close"})
    service.calls["X"] = answer_and_close(closing)
    monkeypatch.setattr(socket.socket, "connect", only_once)
    with pytest.raises(ProviderError) as caught:
        finish(provider(service.url, credentials))
    assert caught.value.reason is Reason.UPSTREAM_UNREACHABLE
    assert len(made) == 2
    assert service.seen == {"X": 1}


def test_a_wrong_certificate_is_not_tried_again(credentials: Credentials) -> None:
    with (
        servers.Server(greet=lambda server, conn: conn.sendall(b"no TLS here")) as server,
        pytest.raises(ProviderError) as caught,
    ):
        start(provider(f"https://127.0.0.1:{server.port}", credentials))
    assert caught.value.reason is Reason.UPSTREAM_UNREACHABLE
    assert server.connections == 1


@pytest.mark.parametrize("call", ["E", "X", "V"])
@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7), ("86400", 300), ("-3", None), ("junk", None)]
)
def test_retry_after(
    call: str, value: str, seconds: int | None, service: Service, credentials: Credentials
) -> None:
    service.calls[call] = reply({}, 429, Retry_After=value)
    by = provider(service.url, credentials)
    with pytest.raises(ProviderError) as caught:
        start(by) if call == "E" else finish(by)
    assert caught.value.retry_after == seconds


def test_time_that_is_over_spends_no_token(service: Service, credentials: Credentials) -> None:
    """The calls of a callback share its time: nothing starts when none is left."""

    def slow(server: servers.Server, conn: socket.socket, request: servers.Received) -> None:
        server.over.wait(0.25)
        conn.sendall(http(body=json.dumps({"access_token": TOKEN}).encode()))

    service.calls["X"] = slow
    with pytest.raises(ProviderError) as caught:
        finish(provider(service.url, credentials), seconds=0.1)
    assert caught.value.reason is Reason.OUTCOME_UNKNOWN
    with pytest.raises(ProviderError) as caught:
        finish(provider(service.url, credentials, failures=1), seconds=0)
    assert caught.value.reason is Reason.UPSTREAM_TIMEOUT
    assert caught.value.calls == ()
    assert service.seen == {"X": 1}


@pytest.mark.parametrize("call", ["E", "X", "V"])
def test_the_breaker_of_each_endpoint(
    call: str, service: Service, credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr("numverify.providers.breaker.monotonic", lambda: clock[0])
    healthy = service.calls[call]
    service.calls[call] = reply({}, 503)
    reasons = []
    for _ in range(1000):
        by = provider(service.url, credentials, failures=5)
        with pytest.raises(ProviderError) as caught:
            start(by) if call == "E" else finish(by)
        reasons.append(caught.value.reason)
    assert reasons == [Reason.UPSTREAM_ERROR] * 5 + [Reason.UPSTREAM_PAUSED] * 995
    assert service.seen[call] == 5
    assert [made.name for made in caught.value.calls] == (["token"] if call == "V" else [])
    service.calls[call] = healthy
    clock[0] += 30
    for _ in range(3):
        assert start(by) if call == "E" else finish(by)
    assert service.seen[call] == 8


@pytest.mark.parametrize(
    ("behaviour", "counts"),
    [
        (reply({}, 500), True),
        (servers.reset, True),
        (reply({}, 404), False),
        (reply({}, 302), False),
        (answer_and_close(b"garbage\r\n\r\n"), False),
    ],
)
def test_what_opens_the_breaker(
    behaviour: Behaviour, counts: bool, service: Service, credentials: Credentials
) -> None:
    service.calls["X"] = behaviour
    by = provider(service.url, credentials, failures=1)
    reasons = []
    for _ in range(2):
        with pytest.raises(ProviderError) as caught:
            finish(by)
        reasons.append(caught.value.reason)
    assert (reasons[1] is Reason.UPSTREAM_PAUSED) is counts


AUTH_URLS = [
    ("https://api-eu.vonage.com/oauth2/auth?x=y", True),
    ("https://vonage.com/", True),
    ("https://a.b.vonage.com:8443/", True),
    ("https://HOST.Vonage.COM/", True),
    ("https://op.example/", True),
    ("https://api.base.example/auth", True),
    ("http://api-eu.vonage.com/", False),
    ("https://evilvonage.com/", False),
    ("https://vonage.com.evil.example/", False),
    ("https://sub.op.example/", False),
    ("https://evil.example/?.vonage.com", False),
    ("https://evil.example#.vonage.com", False),
    ("https://user@api-eu.vonage.com/", False),
    ("https://api-eu.vonage.com@evil.example/", False),
    ("https://evil.example\\.vonage.com/", False),
    ("https://evil.example%2f.vonage.com/", False),
    ("https://api-eu.vonage.com:x/", False),
    ("https://api-eu.vonage.com/\r\nSet-Cookie: a=b", False),
    (" https://api-eu.vonage.com/", False),
    ("//api-eu.vonage.com/", False),
    ("/oauth2/auth", False),
    ("javascript:alert(1)//.vonage.com", False),
    ("data:text/html,x", False),
    ("http://127.0.0.1/", False),
    ("https://127.0.0.1/", False),
    ("https://[::1]/", False),
    ("https:///x", False),
    ("", False),
]


@pytest.mark.parametrize(("url", "allowed"), AUTH_URLS, ids=lambda value: repr(value)[:50])
def test_hosts_that_a_phone_may_be_sent_to(
    url: str, allowed: bool, service: Service, credentials: Credentials
) -> None:
    service.calls["E"] = reply(granted(url))
    by = provider(service.url, credentials, auth_hosts=(".vonage.com", "op.example"))
    by._base = "https://api.base.example"
    if allowed:
        assert start(by).auth_url == url
    else:
        with pytest.raises(ProviderError) as caught:
            start(by)
        assert caught.value.reason is Reason.BAD_UPSTREAM
        assert caught.value.calls


def test_loopback_may_send_to_loopback(service: Service, credentials: Credentials) -> None:
    assert start(provider(service.url, credentials)).auth_url.startswith("http://127.0.0.1:")


def test_the_correlator_goes_with_every_call(service: Service, credentials: Credentials) -> None:
    by = provider(service.url, credentials)
    start(by)
    finish(by)
    assert [r.headers["x-correlator"] for r in service.requests] == [CORRELATOR] * 3


def test_error_trackers_find_no_secret_in_our_frames(
    service: Service, credentials: Credentials, pem: str
) -> None:
    """They print the locals of every frame; the arguments of the contract are hidden by
    Django's filter, everything beneath holds redacting types."""
    service.calls["V"] = servers.reset
    with pytest.raises(ProviderError) as caught:
        finish(provider(service.url, credentials))
    jwt = service.asked("X")[0].headers["authorization"].removeprefix("Bearer ")
    frames = [frame for frame in walk(caught.value) if "numverify/providers" in frame[0]]
    assert len(frames) == 3  # finish, verify, send
    for name, variables in frames:
        for secret in (jwt, TOKEN, CODE, PHONE, pem[100:150]):
            assert secret not in repr(variables), name


def walk(error: BaseException) -> list[tuple[str, dict[str, Any]]]:
    safe = SafeExceptionReporterFilter()
    return [
        (frame.f_code.co_filename, dict(safe.get_traceback_frame_variables(None, frame)))
        for frame, _ in traceback.walk_tb(error.__traceback__)
    ]
