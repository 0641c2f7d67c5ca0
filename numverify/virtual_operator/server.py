"""Serves a Virtual Operator over HTTP/1.1 with threads, faults at the socket included."""

from __future__ import annotations

import logging
import os
import socket
import socketserver
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .app import VirtualOperator
from .messages import Reply, Request, phrase, problem
from .rules import Kind
from .wsgi import base_url_from, body_length

__all__ = ["RunningServer", "VirtualOperator", "serve"]

logger = logging.getLogger("numverify.virtual_operator")
_JOIN_SECONDS = 5.0
_FALSE_BYTES = 1000
_LINGER_ZERO = struct.pack("ii", 1, 0)  # close() then sends RST instead of FIN
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def _serve(self) -> None:
        reply = self._reply()
        match reply.on_wire:
            case Kind.STALL:
                self._stall(reply)
            case Kind.DRIP_HEADERS:
                self._drip(self._head(reply) + reply.body)
            case Kind.DRIP_BODY:
                self.wfile.write(self._head(reply))
                self._drip(reply.body)
            case Kind.FALSE_LENGTH:
                self.close_connection = True
                self.wfile.write(self._head(reply, len(reply.body) + _FALSE_BYTES) + reply.body)
            case Kind.RESET:
                self._reset()
            case _:
                self._send(reply)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve  # noqa: N815

    def _reply(self) -> Reply:
        request = self._request()
        if isinstance(request, Reply):
            # The body stays unread: what follows on the connection would be taken for
            # another request.
            self.close_connection = True
            return request
        try:
            return self.server.operator.answer(request)
        except Exception as error:  # noqa: BLE001 - like any server; no content is logged
            logger.error("the Virtual Operator failed: %s", type(error).__name__)  # noqa: TRY400
            return problem(500)

    def _request(self) -> Request | Reply:
        if "transfer-encoding" in self.headers:
            return problem(411)
        headers: dict[str, str] = {}
        for name, value in self.headers.items():
            known = headers.get(name.lower())
            headers[name.lower()] = value if known is None else f"{known}, {value}"
        length = body_length(headers.get("content-length", ""))
        if isinstance(length, Reply):
            return length
        path, _, query = self.path.partition("?")
        return Request(
            method=self.command,
            path=path,
            query=query,
            headers=headers,
            body=self.rfile.read(length),
            base_url=base_url_from(headers.get("host", ""), self.server.base_url),
        )

    def _head(self, reply: Reply, length: int | None = None) -> bytes:
        lines = [
            f"HTTP/1.1 {reply.status} {phrase(reply.status)}",
            f"Date: {self.date_time_string(self.server.operator.clock())}",
            f"Content-Type: {reply.content_type}",
            f"Content-Length: {len(reply.body) if length is None else length}",
            *(f"{name}: {value}" for name, value in reply.headers),
        ]
        if self.close_connection:
            lines.append("Connection: close")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def _send(self, reply: Reply) -> None:
        # One write: two would wait for the other side's delayed acknowledgement.
        self.wfile.write(self._head(reply) + (b"" if self.command == "HEAD" else reply.body))

    def _stall(self, reply: Reply) -> None:
        if self.server.stopping.wait(self.server.operator.stall_seconds):
            self.close_connection = True
        else:
            self._send(reply)

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        # Closed before the server says goodbye by shutdown(), which would send a FIN.
        self.connection.close()

    def _drip(self, content: bytes) -> None:
        for index in range(len(content)):
            self.wfile.write(content[index : index + 1])
            if self.server.stopping.wait(self.server.operator.drip_seconds):
                self.close_connection = True
                return

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Log nothing: request lines hold states, codes and numbers."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    # On Windows the option would let two servers share the port.
    allow_reuse_address = os.name != "nt"

    def __init__(self, operator: VirtualOperator, host: str, port: int) -> None:
        self.operator = operator
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._open: dict[socket.socket, threading.Thread] = {}
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Bind without the reverse look-up of HTTPServer, which can take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]
        host = _WILDCARDS.get(self.server_name, self.server_name)
        host = f"[{host}]" if ":" in host else host
        self.base_url = f"http://{host}:{self.server_port}"

    def process_request(self, request: Any, client_address: Any) -> None:
        self.operator.journal.connected()
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True
        )
        with self._lock:
            self._open[request] = thread
        thread.start()

    def close_request(self, request: Any) -> None:
        with self._lock:
            self._open.pop(request, None)
        super().close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """A client that hangs up is no error of ours, and tracebacks hold secrets."""
        error = sys.exception()
        if not isinstance(error, OSError):
            logger.error("a connection failed: %s", type(error).__name__)

    def abandon(self) -> None:
        """Close this process's copies of the sockets, and say nothing on them."""
        for connection in (self.socket, *self._open):
            connection.close()

    def stop(self) -> None:
        """Stop listening, release stalled requests, and wait for their threads."""
        self.shutdown()
        self.server_close()
        self.stopping.set()
        with self._lock:
            still_open = dict(self._open)
        for connection in still_open:
            # A thread that waits for the next request of a kept connection wakes up.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in still_open.values():
            thread.join(_JOIN_SECONDS)


class RunningServer:
    """A Virtual Operator that is being served.

    ``base_url`` has no trailing slash; ``connections`` counts accepted TCP connections.
    """

    def __init__(self, operator: VirtualOperator, *, host: str, port: int) -> None:
        self.operator = operator
        self._server = _Server(operator, host, port)
        self.base_url = self._server.base_url
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="numverify-virtual-operator",
            daemon=True,
        )
        self._thread.start()

    @property
    def connections(self) -> int:
        return self.operator.connections

    def stop(self) -> None:
        """Stop cleanly; stalled and dripping answers end at once."""
        self._server.stop()
        self._thread.join(_JOIN_SECONDS)

    def abandon(self) -> None:
        """Close the inherited sockets after a fork; the parent still serves."""
        self._server.abandon()


@contextmanager
def serve(
    operator: VirtualOperator, *, host: str = "127.0.0.1", port: int = 0
) -> Iterator[RunningServer]:
    """Serve ``operator`` while the block runs; port 0 takes a free one.

    Raises:
        OSError: the address cannot be bound (``errno.EADDRINUSE``: the port is busy).
    """
    running = RunningServer(operator, host=host, port=port)
    try:
        yield running
    finally:
        running.stop()
