"""The server: connections, strange requests, stopping."""

from __future__ import annotations

import http.client
import io
import json
import socket
import struct
import threading
from contextlib import closing
from typing import Any, cast
from urllib.parse import urlsplit
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
import requests

from numverify.virtual_operator import keys
from numverify.virtual_operator.server import VirtualOperator, serve

from .wire import APPLICATION_ID, ENABLEMENT, EVEN, REDIRECT_URI, SCOPE, STATE, VERIFY, Clock, Wire


def fresh(private_keys: tuple[str, str], **options: Any) -> VirtualOperator:
    return VirtualOperator(
        application_id=APPLICATION_ID,
        public_keys=[keys.public_pem(private_keys[0])],
        redirect_uri=REDIRECT_URI,
        **options,
    )


def connect(base_url: str) -> socket.socket:
    parts = urlsplit(base_url)
    assert parts.hostname
    assert parts.port
    return socket.create_connection((parts.hostname, parts.port), timeout=10)


def answer_to(base_url: str, sent: bytes) -> bytes:
    """Everything the server says until it closes."""
    with connect(base_url) as client:
        client.sendall(sent)
        return b"".join(iter(lambda: client.recv(65536), b""))


def test_many_requests_share_one_connection(wire: Wire, operator: VirtualOperator) -> None:
    for _ in range(25):
        wire.verify(wire.token(), {"phoneNumber": EVEN})
        wire.verify("refused", {})
        wire.get("/nowhere")
    assert operator.connections == 1


def test_each_connection_counts(wire: Wire, operator: VirtualOperator) -> None:
    for _ in range(3):
        requests.get(wire.base_url, timeout=10)
    assert operator.connections == 3


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (b"Transfer-Encoding: chunked", 411),
        (b"Content-Length: 65537", 413),
        (b"Content-Length: 999999999999999999999", 413),
        (b"Content-Length: -1", 400),
        (b"Content-Length: 1e3", 400),
        (b"Content-Length: 2\r\nContent-Length: 3", 400),
        (b"Transfer-Encoding: chunked\r\nContent-Length: 5", 411),
    ],
)
def test_bodies_of_doubtful_length_end_the_connection(
    wire: Wire, operator: VirtualOperator, headers: bytes, status: int
) -> None:
    sent = (
        b"POST /oauth2/token HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n\r\nGET / HTTP/1.1\r\n\r\n"
    )
    answer = answer_to(wire.base_url, sent)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"\r\nConnection: close\r\n" in answer
    assert operator.counts.total() == 0


def test_two_authorization_headers_are_none(wire: Wire) -> None:
    token = wire.jwt().encode()
    authorization = b"Authorization: Bearer " + token + b"\r\n"
    head = b"POST /oauth2/token HTTP/1.0\r\nContent-Length: 0\r\n" + authorization
    assert b'"invalid_request"' in answer_to(wire.base_url, head + b"\r\n")
    assert b'"invalid_client"' in answer_to(wire.base_url, head + authorization + b"\r\n")


def test_head_has_no_body(wire: Wire) -> None:
    with connect(wire.base_url) as client:
        client.sendall(b"HEAD / HTTP/1.0\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.endswith(b"\r\n\r\n")


def test_the_date_is_the_operators_clock(wire: Wire) -> None:
    assert wire.enable().headers["Date"] == "Fri, 15 Jan 2027 08:00:00 GMT"


def test_a_bug_is_a_plain_500(
    wire: Wire,
    operator: VirtualOperator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(request: object) -> None:
        raise KeyError(EVEN)

    monkeypatch.setattr(operator, "answer", broken)
    answer = wire.enable()
    assert answer.status_code == 500
    assert EVEN not in answer.text
    assert "KeyError" in caplog.text
    assert EVEN not in caplog.text


def test_a_bug_outside_the_application_is_silent_about_content(
    wire: Wire,
    operator: VirtualOperator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: Any,
) -> None:
    def broken() -> float:
        raise KeyError(EVEN)

    headers = wire.bearer()
    with monkeypatch.context() as patched:
        patched.setattr(operator, "clock", broken)
        with pytest.raises(requests.ConnectionError):
            wire.enable(headers=headers)
    assert "KeyError" in caplog.text
    assert EVEN not in caplog.text
    assert capfd.readouterr() == ("", "")


def test_stopping_releases_stalled_answers(private_keys: tuple[str, str]) -> None:
    """Stalls, drips and kept connections end at once, and no thread is left."""
    before = set(threading.enumerate())
    operator = fresh(private_keys, stall_seconds=3600, drip_seconds=3600)
    with serve(operator) as running:
        wire = Wire(running.base_url, private_keys[0], _real_clock())
        bodies = [
            json.dumps({"phone_number": number, "scopes": [SCOPE], "state": STATE}).encode()
            for number in ("+9909111001", "+9909111002", "+9909111003")
        ]
        clients = [connect(running.base_url) for _ in bodies]
        head = f"POST {ENABLEMENT} HTTP/1.1\r\nAuthorization: Bearer {wire.jwt()}\r\n"
        head += "Content-Type: application/json\r\n"
        for client, body in zip(clients, bodies, strict=True):
            client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        kept = http.client.HTTPConnection(running.base_url.removeprefix("http://"), timeout=10)
        kept.request("GET", "/virtual-operator/counts")
        kept.getresponse().read()
        assert clients[1].recv(1) == b"H"
        assert clients[2].recv(4) == b"HTTP"
        _wait_until(lambda: len(operator.served) == 3)
    assert set(threading.enumerate()) - before == set()
    assert clients[0].recv(1) == b""
    kept.close()
    for client in clients:
        client.close()
    with pytest.raises(OSError):
        connect(running.base_url)


def _real_clock() -> Clock:
    import time

    clock = Clock()
    clock.now = time.time()
    return clock


def _wait_until(done: Any) -> None:
    import time

    end = time.monotonic() + 20
    while not done():
        assert time.monotonic() < end


def test_a_stall_that_is_waited_for_answers_rightly(private_keys: tuple[str, str]) -> None:
    with serve(fresh(private_keys, stall_seconds=0.01)) as running:
        wire = Wire(running.base_url, private_keys[0], _real_clock())
        with wire.session:
            answer = wire.enable("+9909111001")
    assert "auth_url" in answer.json()["scopes"][SCOPE]


def test_a_client_that_hangs_up_is_silent(wire: Wire, capfd: Any) -> None:
    with connect(wire.base_url) as client:
        client.sendall(b"GET /oauth2/auth HTTP/1.1\r\nContent-Length: 50\r\n\r\nhalf")
    with connect(wire.base_url) as client:
        client.sendall(b"\x16\x03\x01 not http\r\n\r\n")
        client.recv(100)
    with connect(wire.base_url) as client:
        # An answer that is dripped when the client has gone cannot be written.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        body = json.dumps({"phone_number": "+9909111002", "scopes": [SCOPE], "state": STATE})
        head = f"POST {ENABLEMENT} HTTP/1.1\r\nAuthorization: Bearer {wire.jwt()}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        client.sendall((head + body).encode())
        assert client.recv(1) == b"H"
    assert wire.get("/").ok
    assert capfd.readouterr() == ("", "")


def test_a_busy_port(private_keys: tuple[str, str]) -> None:
    operator = fresh(private_keys)
    with serve(operator) as running:
        port = urlsplit(running.base_url).port
        assert port
        with pytest.raises(OSError), serve(operator, port=port):
            pass


def test_it_binds_loopback_unless_told(private_keys: tuple[str, str]) -> None:
    with serve(fresh(private_keys)) as running:
        assert running.base_url.startswith("http://127.0.0.1:")


def test_ipv6(private_keys: tuple[str, str]) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 loopback")
    with serve(fresh(private_keys), host="::1") as running:
        assert running.base_url.startswith("http://[::1]:")
        assert requests.get(running.base_url, timeout=10).ok


# -- as a WSGI application under any server -----------------------------------------


def wsgi(operator: VirtualOperator, method: str, path: str, body: bytes, **extra: str) -> Any:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SCRIPT_NAME": "",
    }
    environ |= extra
    environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    setup_testing_defaults(environ)
    if "CONTENT_LENGTH" in extra:
        environ["CONTENT_LENGTH"] = extra["CONTENT_LENGTH"]
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        started.extend([status, dict(headers)])

    result = validator(operator)(environ, start_response)
    with closing(cast("Any", result)):
        content = b"".join(result)
    return started[0], started[1], content


def test_wsgi(private_keys: tuple[str, str]) -> None:
    operator = fresh(private_keys)
    token = Wire("", private_keys[0], _real_clock()).jwt()
    headers = {"HTTP_AUTHORIZATION": f"Bearer {token}", "CONTENT_TYPE": "application/json"}
    body = {"phone_number": EVEN, "scopes": [SCOPE], "state": STATE}
    status, sent, content = wsgi(operator, "POST", ENABLEMENT, json.dumps(body).encode(), **headers)
    assert status == "200 OK"
    assert sent["Content-Length"] == str(len(content))
    auth_url = json.loads(content)["scopes"][SCOPE]["auth_url"]
    assert auth_url.startswith("http://127.0.0.1/oauth2/auth?")
    body["phone_number"] = "+9909111001"
    status, _, _ = wsgi(operator, "POST", ENABLEMENT, json.dumps(body).encode(), **headers)
    assert status == "501 Not Implemented"


def test_wsgi_refuses_a_doubtful_length(private_keys: tuple[str, str]) -> None:
    status, _, _ = wsgi(fresh(private_keys), "POST", VERIFY, b"", CONTENT_LENGTH="70000")
    assert status.startswith("413 ")
