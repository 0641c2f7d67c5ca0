"""What one request does on the wire, against servers that misbehave."""

from __future__ import annotations

import gzip
import logging
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
from email.utils import formatdate

import pytest
import requests
import responses
from urllib3.exceptions import ReadTimeoutError

from numverify.providers import pool
from numverify.providers.deadline import Deadline, _shorten, connect, enforced, mark_sent
from numverify.providers.transport import (
    MAX_BODY,
    Answer,
    Failure,
    Message,
    TransportError,
)

from . import servers
from .conftest import CORRELATOR, send, transport
from .servers import Received, Server, answer, answer_and_close, drip, flood, http

SHORT = 0.4
GENEROUS = 3.0  # a drip would hold a worker for far longer


def failure(server: Server, *, seconds: float = 5) -> TransportError:
    with pytest.raises(TransportError) as caught:
        send(transport(server.url), server.url, seconds=seconds)
    return caught.value


def test_an_answer_and_what_was_sent() -> None:
    with Server(answer(http(201, b'{"a": 1}', {"Retry-After": "7"}))) as server:
        got = send(transport(server.url), server.url + "/path", body=b'{"b": 2}')
    assert (got.status, got.body, got.retry_after) == (201, b'{"a": 1}', 7)
    [request] = server.requests
    assert request.line == "POST /path HTTP/1.1"
    assert request.body == b'{"b": 2}'
    assert request.headers["authorization"] == "Bearer secret-token"
    assert request.headers["x-correlator"] == CORRELATOR
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["user-agent"].startswith("numverify/")


def test_reprs_keep_secrets() -> None:
    message = Message("https://a.example/x", {"Authorization": "Bearer s3cret"}, b"code=s3cret")
    assert "s3cret" not in repr((message, Answer(200, b"s3cret")))
    assert "a.example" in repr(message)


def test_a_hundred_calls_share_one_connection() -> None:
    with Server() as server:
        for _ in range(100):
            send(transport(server.url), server.url)
    assert server.connections == 1
    assert len(server.requests) == 100


def test_ten_threads_share_ten_connections() -> None:
    with Server() as server:
        through = transport(server.url)
        threads = [
            threading.Thread(target=lambda: [send(through, server.url) for _ in range(20)])
            for _ in range(10)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(server.requests) == 200
    assert server.connections <= 10
    assert len(pool.adapters.values()) == 1


def test_an_idle_connection_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server() as server:
        send(transport(server.url), server.url)
        monkeypatch.setattr(pool, "IDLE_SECONDS", 0.0)
        send(transport(server.url), server.url)
    assert server.connections == 2


def test_cookies_are_not_kept() -> None:
    with Server(answer(http(headers={"Set-Cookie": "a=b; Path=/"}))) as server:
        for _ in range(2):
            send(transport(server.url), server.url)
    assert all("cookie" not in request.headers for request in server.requests)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    with Server() as target, Server() as server:
        server.behave = answer(http(status, headers={"Location": target.url}))
        assert send(transport(server.url), server.url).status == status
    assert target.connections == 0
    assert len(server.requests) == 1


# -- the deadline --------------------------------------------------------------------


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(servers.stall, id="stall"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\nA: " + b"x" * 500), id="headers dripped"),
        pytest.param(drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 50), id="interim answers dripped"),
        pytest.param(flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 10**8), id="interim flood"),
    ],
)
def test_headers_end_with_the_deadline(behaviour: servers.Behaviour) -> None:
    with Server(behaviour) as server:
        started = time.monotonic()
        error = failure(server, seconds=SHORT)
    assert (error.failure, error.sent) == (Failure.TIMEOUT, True)
    assert time.monotonic() - started < GENEROUS
    assert len(server.requests) == 1


@pytest.mark.parametrize("framing", ["Content-Length: 500", "Transfer-Encoding: chunked", "X: y"])
def test_a_dripped_body_ends_with_the_deadline(framing: str) -> None:
    def behave(server: Server, conn: socket.socket, request: Received) -> None:
        conn.sendall(f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n".encode())
        server.drip(conn, b"1\r\na\r\n" * 100)

    with Server(behave) as server:
        started = time.monotonic()
        error = failure(server, seconds=SHORT)
    assert (error.failure, error.sent) == (Failure.TIMEOUT, True)
    assert time.monotonic() - started < GENEROUS


def test_the_deadline_is_the_requests_and_not_the_connections() -> None:
    def behave(server: Server, conn: socket.socket, request: Received) -> None:
        server.over.wait(0.15)
        conn.sendall(http())

    with Server(behave) as server:
        for _ in range(5):  # longer together than the deadline of one
            send(transport(server.url), server.url, seconds=SHORT)
    assert server.connections == 1


def test_the_read_timeout_is_kept_within_a_longer_deadline() -> None:
    with Server(servers.stall) as server, pytest.raises(TransportError) as caught:
        send(transport(server.url, read_timeout=0.1), server.url, seconds=60)
    assert caught.value.failure is Failure.TIMEOUT


def test_a_dripped_tls_handshake_ends_with_the_deadline() -> None:
    def greet(server: Server, conn: socket.socket) -> None:
        server.drip(conn, b"\x16\x03\x03\x40\x00" + b"\x02" * 500)

    with Server(greet=greet) as server:
        url = f"https://127.0.0.1:{server.port}"
        started = time.monotonic()
        with pytest.raises(TransportError) as caught:
            send(transport(url), url, seconds=SHORT)
    assert (caught.value.failure, caught.value.sent) == (Failure.TIMEOUT, False)
    assert time.monotonic() - started < GENEROUS


def test_a_dripped_answer_of_the_proxy_ends_with_the_deadline() -> None:
    with Server(drip(b"HTTP/1.1 200 OK\r\nA: " + b"x" * 500)) as proxy:
        started = time.monotonic()
        through = transport("https://api.example", proxy=proxy.url)
        with pytest.raises(TransportError) as caught:
            send(through, "https://api.example", seconds=SHORT)
    assert (caught.value.failure, caught.value.sent) == (Failure.TIMEOUT, False)
    assert time.monotonic() - started < GENEROUS


def test_a_deadline_that_is_over_sends_nothing() -> None:
    with Server() as server:
        error = failure(server, seconds=0)
        assert (error.failure, error.sent) == (Failure.TIMEOUT, False)
    assert server.requests == []


def test_all_addresses_of_a_name_share_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = iter([1.0, 0.5, 0.0, 0.0])
    monkeypatch.setattr(Deadline, "left", property(lambda self: next(asked)))
    tried: list[float | None] = []

    def refuse(sock: socket.socket, address: object) -> None:
        tried.append(sock.gettimeout())
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", refuse)
    address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: [address] * 4)
    with enforced(Deadline(1)), pytest.raises(TimeoutError):
        connect("many.example", 443, None, ())
    assert tried == [1.0, 0.5]


def test_the_next_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server() as server:
        ports = (closed_port(), server.port)
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)
        with connect("two.example", 80, 1, ()) as sock:
            assert sock.getpeername()[1] == server.port


def test_a_name_without_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: [])
    with pytest.raises(OSError, match="no address"):
        connect("none.example", 80, 1, ())


def test_sockets_outside_a_call_are_left_alone() -> None:
    mark_sent(True)
    with socket.socket() as sock:
        _shorten(sock)
        assert sock.gettimeout() is None


# -- the connection ------------------------------------------------------------------


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def test_a_refused_connection_sent_nothing() -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    with pytest.raises(TransportError) as caught:
        send(transport(url), url)
    assert (caught.value.failure, caught.value.sent) == (Failure.NO_CONNECTION, False)


def test_an_unknown_name_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(TransportError) as caught:
        send(transport("http://nowhere.example"), "http://nowhere.example")
    assert (caught.value.failure, caught.value.sent) == (Failure.NO_CONNECTION, False)


@pytest.mark.parametrize("behaviour", [servers.reset, answer_and_close(b"")])
def test_a_connection_that_breaks_after_sending(behaviour: servers.Behaviour) -> None:
    with Server(behaviour) as server:
        error = failure(server)
    assert (error.failure, error.sent) == (Failure.BROKEN, True)
    assert len(server.requests) == 1


def test_a_kept_connection_that_breaks_is_not_tried_again() -> None:
    with Server() as server:
        send(transport(server.url), server.url)
        server.behave = servers.reset
        error = failure(server)
    assert (error.failure, error.sent) == (Failure.BROKEN, True)
    assert len(server.requests) == 2


def test_errors_bring_no_request_along() -> None:
    with Server(servers.reset) as server:
        error = failure(server)
    assert error.__context__ is None
    assert error.__cause__ is None


# -- the body ------------------------------------------------------------------------


def test_the_largest_body_is_read() -> None:
    with Server(answer(http(body=b"x" * MAX_BODY))) as server:
        assert len(send(transport(server.url), server.url).body) == MAX_BODY


CHUNK = b"10000\r\n" + b"x" * 65536 + b"\r\n"
HUNDRED_MB = 1600


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(answer(http(body=b"x" * (MAX_BODY + 1))), id="one byte more"),
        pytest.param(
            flood(
                b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n", b"x" * 65536, HUNDRED_MB
            ),
            id="100 MB",
        ),
        pytest.param(
            flood(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", CHUNK, HUNDRED_MB),
            id="100 MB in chunks",
        ),
        pytest.param(flood(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536, HUNDRED_MB), id="no length"),
    ],
)
def test_a_body_that_is_too_large(behaviour: servers.Behaviour) -> None:
    with Server(behaviour) as server:
        through = transport(server.url)
        tracemalloc.start()
        with pytest.raises(TransportError) as caught:
            send(through, server.url)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert caught.value.failure is Failure.MALFORMED
    assert peak < 5 * 1024 * 1024


def test_a_gzip_bomb_stays_packed() -> None:
    bomb = gzip.compress(b"x" * 50_000_000)
    assert len(bomb) < MAX_BODY
    with Server(answer(http(body=bomb, headers={"Content-Encoding": "gzip"}))) as server:
        assert send(transport(server.url), server.url).body == bomb


def test_a_length_that_promises_too_much() -> None:
    behaviour = answer_and_close(http(body=b'{"a": 1}', headers={"Content-Length": "99"}))
    with Server(behaviour) as server:
        assert failure(server).failure is Failure.MALFORMED


def test_a_length_that_promises_too_little_spoils_no_other_answer() -> None:
    with Server(answer(http(body=b"{}spare", headers={"Content-Length": "2"}))) as server:
        for _ in range(2):
            assert send(transport(server.url), server.url).body == b"{}"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"garbage\r\n\r\n", id="no HTTP"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n", id="200 headers"),
        pytest.param(b"HTTP/1.1 200 OK\r\nA: " + b"x" * 70_000 + b"\r\n\r\n", id="long header"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", id="two lengths"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n", id="bad chunk"
        ),
    ],
)
def test_answers_that_are_not_http(data: bytes) -> None:
    with Server(answer_and_close(data)) as server:
        error = failure(server)
    assert (error.failure, error.sent) == (Failure.MALFORMED, True)


# -- what is told --------------------------------------------------------------------


def test_the_log_of_a_call(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Server(answer(http(body=b'{"token": "s3cret-body"}'))) as server:
        send(transport(server.url), server.url, body=b"s3cret-form")
    [record] = [record for record in caplog.records if record.name == "numverify"]
    fields = record.__dict__
    assert fields["event"] == "upstream_call"
    assert (fields["call"], fields["http_status"]) == ("start", 200)
    assert fields["correlator"] == CORRELATOR
    assert fields["ms"] >= 0
    assert record.levelno == logging.INFO
    assert "s3cret" not in caplog.text
    assert "secret-token" not in caplog.text


def test_the_log_of_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    with Server(servers.reset) as server:
        failure(server)
    [record] = [record for record in caplog.records if record.name == "numverify"]
    assert (record.__dict__["error"], record.levelno) == ("broken", logging.WARNING)


@pytest.mark.parametrize(("off", "warned"), [(0, False), (-59, False), (90, True), (-90, True)])
def test_a_wrong_clock_is_told(off: int, warned: bool, caplog: pytest.LogCaptureFixture) -> None:
    date = formatdate(time.time() + off, usegmt=True)
    with Server(answer(http(headers={"Date": date}))) as server:
        send(transport(server.url), server.url)
    skews = [r.__dict__["seconds"] for r in caplog.records if r.message.startswith("clock_skew")]
    assert bool(skews) is warned
    assert all(abs(skew + off) <= 2 for skew in skews)


def test_without_our_sockets_a_failure_counts_as_sent() -> None:
    """A doubt must never lead to a second exchange of a code."""
    with responses.RequestsMock() as mock:
        mock.post("https://api.example/", body=ConnectionResetError())
        with pytest.raises(TransportError) as caught:
            send(transport("https://api.example"), "https://api.example/")
    assert (caught.value.failure, caught.value.sent) == (Failure.BROKEN, True)


def test_a_time_out_of_the_pool_is_a_time_out() -> None:
    with responses.RequestsMock() as mock:
        mock.post("https://api.example/", body=ReadTimeoutError(None, None, "late"))  # type: ignore[arg-type]
        with pytest.raises(TransportError) as caught:
            send(transport("https://api.example"), "https://api.example/")
    assert caught.value.failure is Failure.TIMEOUT


FORKS = """
import os, sys
from tests.providers.conftest import send, transport
url = sys.argv[1]
def call(body):
    answer = send(transport(url), url, body=body)
    assert answer.body == body, "crossed answers"
call(b"parent")                      # a kept connection that the children inherit
children = []
for number in range(2):
    pid = os.fork()
    if not pid:
        try:
            for count in range(100):
                call(b"%d:%d" % (number, count))
        except BaseException:
            os._exit(1)
        os._exit(0)
    children.append(pid)
codes = [os.waitpid(pid, 0)[1] for pid in children]
call(b"parent again")
sys.exit(any(codes))
"""


def test_a_pool_is_not_used_across_a_fork() -> None:
    def echo(server: Server, conn: socket.socket, request: Received) -> None:
        conn.sendall(http(body=request.body))

    with Server(echo) as server:
        done = subprocess.run([sys.executable, "-c", FORKS, server.url], check=False, timeout=60)
    assert done.returncode == 0
    assert len(server.requests) == 202
    assert server.connections == 3


def test_an_answer_that_is_not_read_to_its_end_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []
    real = requests.Response.close

    def close(response: requests.Response) -> None:
        real(response)
        closed.append(response.raw.closed)

    monkeypatch.setattr(requests.Response, "close", close)
    with Server(answer(http(body=b"x" * (MAX_BODY + 1)))) as server:
        failure(server)
    assert closed == [True]
