"""Real servers on loopback, as well-behaved or as hostile as a test wants."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

DRIP_SECONDS = 0.05


@dataclass(frozen=True)
class Received:
    line: str
    headers: dict[str, str]
    body: bytes


def http(status: int = 200, body: bytes = b"{}", headers: dict[str, str] | None = None) -> bytes:
    lines = {"Content-Length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Word\r\n{head}\r\n".encode() + body


Behaviour = Callable[["Server", socket.socket, Received], None]


class Server:
    """Accepts connections until the block ends; one thread each.

    ``behave`` gets each parsed request; ``greet`` gets the bare connection instead, and
    does what it likes.
    """

    def __init__(
        self,
        behave: Behaviour | None = None,
        *,
        greet: Callable[[Server, socket.socket], None] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.behave = behave or answer(http())
        self.greet = greet
        self.tls = tls
        self.requests: list[Received] = []
        self.connections = 0
        self.over = threading.Event()
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for conn in self._open:
            with suppress(OSError):
                conn.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for conn in self._open:
            conn.close()

    def _start(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                conn, _ = self._listener.accept()
                self.connections += 1
                self._open.append(conn)
                self._start(self._serve, conn)

    def _serve(self, conn: socket.socket) -> None:
        with suppress(OSError, EOFError):
            if self.greet:
                self.greet(self, conn)
                return
            if self.tls:
                conn = self.tls.wrap_socket(conn, server_side=True)
                self._open.append(conn)
            stream = conn.makefile("rb")
            while True:
                request = read_request(stream)
                with self._lock:
                    self.requests.append(request)
                self.behave(self, conn, request)

    def drip(self, conn: socket.socket, data: bytes) -> None:
        """Send a byte now and then, until the test is over."""
        for byte in data:
            if self.over.wait(DRIP_SECONDS):
                return
            conn.sendall(bytes([byte]))


def read_request(stream: Any) -> Received:
    line = stream.readline().decode().strip()
    if not line:
        raise EOFError
    headers = {}
    while header := stream.readline().decode().strip():
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    return Received(line, headers, stream.read(int(headers.get("content-length", 0))))


def answer(data: bytes) -> Behaviour:
    return lambda server, conn, request: conn.sendall(data)


def answer_and_close(data: bytes) -> Behaviour:
    def behave(server: Server, conn: socket.socket, request: Received) -> None:
        conn.sendall(data)
        conn.shutdown(socket.SHUT_WR)

    return behave


def stall(server: Server, conn: socket.socket, request: Received) -> None:
    server.over.wait(30)


def reset(server: Server, conn: socket.socket, request: Received) -> None:
    """Reset the connection, as a crashed peer does."""
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    socket.close(conn.detach())
    raise EOFError


def drip(data: bytes) -> Behaviour:
    return lambda server, conn, request: server.drip(conn, data)


def flood(head: bytes, chunk: bytes, times: int) -> Behaviour:
    """Send ``chunk`` again and again, for as long as somebody reads."""

    def behave(server: Server, conn: socket.socket, request: Received) -> None:
        conn.sendall(head)
        for _ in range(times):
            conn.sendall(chunk)

    return behave


def connect_proxy(target_port: int) -> Behaviour:
    """A CONNECT proxy that leads every host to one port of this machine."""

    def behave(server: Server, conn: socket.socket, request: Received) -> None:
        with socket.create_connection(("127.0.0.1", target_port)) as target:
            server._open.append(target)
            conn.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(target, conn), daemon=True)
            back.start()
            _pump(conn, target)
            back.join(10)
        raise EOFError

    return behave


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
