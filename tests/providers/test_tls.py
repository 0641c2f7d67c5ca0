"""Certificates and proxies, with a private authority and real tunnels."""

from __future__ import annotations

import socket
import ssl
import time
import warnings
from pathlib import Path

import pytest

from numverify.exceptions import ConfigurationError
from numverify.providers.deadline import Deadline, connect, enforced
from numverify.providers.pool import tls_context
from numverify.providers.transport import Failure, TransportError

from .certificates import Authority
from .conftest import send, transport
from .servers import Received, Server, answer, connect_proxy, http

HOST = "api.operator.example"
URL = f"https://{HOST}"


def test_a_private_authority(authority: Authority) -> None:
    with Server(tls=authority.server("127.0.0.1")) as server:
        through = transport(server.url, ca_bundle=authority.bundle)
        for _ in range(3):
            assert send(through, server.url).status == 200
    assert server.connections == 1


def test_a_directory_of_certificates(authority: Authority, tmp_path: Path) -> None:
    name = f"{_subject_hash(authority):08x}.0"
    (tmp_path / name).write_text(Path(authority.bundle).read_text())
    with Server(tls=authority.server("127.0.0.1")) as server:
        through = transport(server.url, ca_bundle=str(tmp_path))
        assert send(through, server.url).status == 200


def _subject_hash(authority: Authority) -> int:
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509 import Name

    # OpenSSL's canonical form: lower-case UTF-8 strings, without the outer sequence.
    canonical = Name(
        [
            type(part)(part.oid, str(part.value).lower(), _type=part._type)
            for part in authority.certificate.subject
        ]
    ).public_bytes()
    digest = hashes.Hash(hashes.SHA1())
    digest.update(canonical[2:])
    return int.from_bytes(digest.finalize()[:4], "little")


def refused(url: str, ca_bundle: str | None) -> None:
    with pytest.raises(TransportError) as caught:
        send(transport(url, ca_bundle=ca_bundle), url)
    assert (caught.value.failure, caught.value.sent) == (Failure.TLS, False)


def test_an_unknown_authority_is_refused(authority: Authority) -> None:
    with Server(tls=authority.server("127.0.0.1")) as server:
        refused(server.url, None)
    assert server.requests == []


def test_another_host_is_refused(authority: Authority) -> None:
    with Server(tls=authority.server("127.0.0.2")) as server:
        refused(server.url, authority.bundle)
    assert server.requests == []


def test_old_tls_is_refused(authority: Authority) -> None:
    context = authority.server("127.0.0.1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with Server(tls=context) as server:
        refused(server.url, authority.bundle)


@pytest.mark.parametrize("by", ["environment", "setting"])
def test_through_a_proxy(by: str, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        Server(tls=authority.server(HOST)) as server,
        Server(connect_proxy(server.port)) as proxy,
    ):
        address = f"http://user:pass%20word@127.0.0.1:{proxy.port}"
        if by == "environment":
            monkeypatch.setenv("HTTPS_PROXY", address)
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", authority.bundle)
            through = transport(URL)
        else:
            through = transport(URL, proxy=address, ca_bundle=authority.bundle)
        for _ in range(2):
            assert send(through, URL + "/x").status == 200
    [tunnel] = proxy.requests
    assert tunnel.line.startswith(f"CONNECT {HOST}:443 ")
    assert tunnel.headers["proxy-authorization"] == "Basic dXNlcjpwYXNzIHdvcmQ="
    assert "authorization" not in tunnel.headers
    assert [request.line for request in server.requests] == ["POST /x HTTP/1.1"] * 2
    assert "proxy-authorization" not in server.requests[0].headers


def test_through_a_proxy_that_speaks_tls(authority: Authority) -> None:
    with (
        Server(tls=authority.server(HOST)) as server,
        Server(connect_proxy(server.port), tls=authority.server("127.0.0.1")) as proxy,
    ):
        through = transport(URL, proxy=proxy.url, ca_bundle=authority.bundle)
        assert send(through, URL).status == 200
    assert len(server.requests) == 1


def test_a_proxy_cannot_play_the_service(authority: Authority, tmp_path: Path) -> None:
    forged = Authority.new(tmp_path / "forged")
    with (
        Server(tls=forged.server(HOST)) as server,
        Server(connect_proxy(server.port)) as proxy,
        pytest.raises(TransportError) as caught,
    ):
        send(transport(URL, proxy=proxy.url, ca_bundle=authority.bundle), URL)
    assert (caught.value.failure, caught.value.sent) == (Failure.TLS, False)
    assert server.requests == []


def test_a_proxy_that_refuses(authority: Authority) -> None:
    with Server(answer(http(407))) as proxy, pytest.raises(TransportError) as caught:
        send(transport(URL, proxy=proxy.url, ca_bundle=authority.bundle), URL)
    assert (caught.value.failure, caught.value.sent) == (Failure.NO_CONNECTION, False)


def test_a_bundle_without_certificates(tmp_path: Path) -> None:
    bundle = tmp_path / "empty.pem"
    bundle.write_text("nothing")
    with pytest.raises(ConfigurationError, match="CA_BUNDLE"):
        transport(URL, ca_bundle=str(bundle))


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"])
def test_a_drip_over_tls_ends_with_the_deadline(head: bytes, authority: Authority) -> None:
    def behave(server: Server, conn: socket.socket, request: Received) -> None:
        conn.sendall(head)
        server.drip(conn, b"HTTP/1.1 200 OK\r\nA: " + b"x" * 500)

    with Server(behave, tls=authority.server("127.0.0.1")) as server:
        through = transport(server.url, ca_bundle=authority.bundle)
        started = time.monotonic()
        with pytest.raises(TransportError) as caught:
            send(through, server.url, seconds=0.5)
    assert (caught.value.failure, caught.value.sent) == (Failure.TIMEOUT, True)
    assert time.monotonic() - started < 5  # the drip goes on for 25 s


def test_the_handshake_gets_what_connecting_left(
    monkeypatch: pytest.MonkeyPatch, authority: Authority
) -> None:
    left, timeouts = iter([5.0, 0.25]), []

    def note(sock: ssl.SSLSocket, block: bool = False) -> None:
        timeouts.append(sock.gettimeout())

    monkeypatch.setattr(Deadline, "left", property(lambda self: next(left)))
    monkeypatch.setattr(ssl.SSLSocket, "do_handshake", note)
    with Server() as server, enforced(Deadline(1)):
        sock = connect("127.0.0.1", server.port, None, ())
        tls_context(authority.bundle).wrap_socket(sock, server_hostname="127.0.0.1").close()
    assert timeouts == [0.25]
