from __future__ import annotations

import gzip
import threading
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from numverify.handset import wire
from tests.handset.backend import Backend, Reply, stall


def test_answers_and_errors_show_no_secrets(backend: Backend) -> None:
    backend.routes["/x"] = Reply(b"s3cret-body", 302, {"Location": "http://h/?code=s3cret"})
    answer = wire.send("GET", f"{backend.url}/x?state=s3cret", seconds=5)
    assert (answer.body, answer.location) == (b"s3cret-body", "http://h/?code=s3cret")
    assert repr(answer) == "Answer(status=302)"
    with pytest.raises(wire.CouldNotFindOut) as caught:
        wire.send("GET", "http://127.0.0.1:1/x?state=s3cret", seconds=5)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_what_is_not_http_is_a_bad_answer(backend: Backend) -> None:
    def nonsense(handler: Any) -> None:
        handler.wfile.write(b"220 ready when you are\r\n")
        handler.connection.close()

    backend.routes["/x"] = nonsense
    with pytest.raises(wire.CouldNotFindOut) as caught:
        wire.send("GET", f"{backend.url}/x", seconds=5)
    assert caught.value.code in {"bad_answer", "unreachable"}


def test_compressed_bomb_is_too_long(backend: Backend) -> None:
    bomb = gzip.compress(b" " * 10_000_000)
    backend.routes["/x"] = Reply(bomb, headers={"Content-Encoding": "gzip"})
    with pytest.raises(wire.CouldNotFindOut, match="too long"):
        wire.send("GET", f"{backend.url}/x", seconds=10)
    assert backend.seen[0].headers["accept-encoding"] == "identity"


def test_untrusted_certificate(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise requests.exceptions.SSLError("s3cret")

    monkeypatch.setattr(HTTPAdapter, "send", refuse)
    with pytest.raises(wire.CouldNotFindOut) as caught:
        wire.send("GET", backend.url, seconds=5)
    assert caught.value.code == "tls"


def test_threads_that_are_left_behind_do_not_hold_the_process(backend: Backend) -> None:
    backend.routes["/x"] = stall(backend)
    with pytest.raises(wire.CouldNotFindOut, match="No answer within"):
        wire.send("GET", f"{backend.url}/x", seconds=0.1)
    left = [thread for thread in threading.enumerate() if thread.name == "numverify-handset"]
    assert left
    assert all(thread.daemon for thread in left)


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:1/", True),
        ("http://127.9.9.9/", True),
        ("http://[::1]/", True),
        ("http://localhost/", True),
        ("http://localhost.example/", False),
        ("http://10.0.0.1/", False),
    ],
)
def test_environment_serves_all_but_loopback(
    url: str, loopback: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxies: list[Any] = []

    def look(adapter: Any, request: Any, **kwargs: Any) -> None:
        proxies.append(kwargs["proxies"].get("http"))
        raise requests.ConnectionError

    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setattr(HTTPAdapter, "send", look)
    with pytest.raises(wire.CouldNotFindOut):
        wire.send("GET", url, seconds=5)
    assert proxies == [None if loopback else "http://proxy.example:3128"]


def test_body_of_a_redirect_is_bounded_like_any_other(backend: Backend) -> None:
    backend.routes["/x"] = Reply(b"x" * 70_000, 302, {"Location": "/y"})
    with pytest.raises(wire.CouldNotFindOut, match="too long"):
        wire.send("GET", f"{backend.url}/x", seconds=5)
