"""A deadline that no server can stretch: it is enforced on every single socket read.

The time-outs of sockets, http.client and requests count from the last byte. A server
that sends one byte now and then holds a worker as long as it likes: ``timeout=1`` let
a dripped body run for 9.5 s, dripped headers for 12 s. The sockets here shorten their
time-out to what is left of the request's deadline before each operation: connecting
(to each address of a name), the answer of a proxy, the TLS handshake, headers, body.
The system's name resolution cannot be interrupted and is not covered.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any


class Deadline:
    """A point in monotonic time: steps of the wall clock do not move it."""

    __slots__ = ("_ends",)

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds left, zero or negative when it is over."""
        return self._ends - time.monotonic()

    def require(self) -> float:
        """Seconds left; TimeoutError if there are none."""
        if (left := self.left) <= 0:
            raise TimeoutError("The deadline of the call is over.")
        return left


class Progress:
    """The request under way in this thread: its deadline, and whether it left us.

    ``sent`` is true until something shows that nothing can have been sent. Codes and
    tokens are single-use, so a doubt counts as sent.
    """

    __slots__ = ("deadline", "sent")

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self.sent = True


# Not an attribute of the socket: pooled sockets serve many requests.
_current: ContextVar[Progress | None] = ContextVar("numverify_progress", default=None)


@contextmanager
def enforced(deadline: Deadline) -> Iterator[Progress]:
    """Hold every socket operation of the block to ``deadline``."""
    progress = Progress(deadline)
    token = _current.set(progress)
    try:
        yield progress
    finally:
        _current.reset(token)


def mark_sent(sent: bool) -> None:
    """Note, for the request under way, whether it may have reached the other side."""
    if progress := _current.get():
        progress.sent = sent


def _shorten(sock: socket.socket) -> None:
    if progress := _current.get():
        left, timeout = progress.deadline.require(), sock.gettimeout()
        sock.settimeout(left if timeout is None else min(timeout, left))


class DeadlineSocket(socket.socket):
    """A plain socket under the deadline. Reads of files made from it are covered."""

    def connect(self, address: Any) -> None:
        _shorten(self)
        super().connect(address)

    def recv_into(self, *args: Any) -> int:
        _shorten(self)
        return super().recv_into(*args)

    def sendall(self, *args: Any) -> None:
        _shorten(self)
        super().sendall(*args)


class DeadlineSSLSocket(ssl.SSLSocket):
    """The same over TLS: OpenSSL reads and writes the socket itself, beneath Python.

    One handshake, read or write is bounded by the time-out as a whole, however many
    bytes it needs (``_ssl.c`` computes a deadline of its own from it).
    """

    def do_handshake(self, block: bool = False) -> None:
        _shorten(self)
        super().do_handshake(block)

    def read(self, *args: Any) -> Any:
        _shorten(self)
        return super().read(*args)

    def send(self, *args: Any) -> int:
        _shorten(self)
        return super().send(*args)


SocketOptions = Sequence[tuple[int, int, int | bytes]]


def connect(host: str, port: int, timeout: float | None, options: SocketOptions) -> DeadlineSocket:
    """Connect to the first address of ``host`` that answers.

    ``timeout`` is for each address, in seconds; the deadline covers all of them.
    Raises OSError: TimeoutError, ``socket.gaierror``, or what the last address said.
    """
    error = OSError("The name has no address.")
    for family, kind, protocol, _, address in socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        sock = DeadlineSocket(family, kind, protocol)
        try:
            for option in options:
                sock.setsockopt(*option)
            sock.settimeout(timeout)
            sock.connect(address)
        except OSError as caught:
            sock.close()
            error = caught
        else:
            return sock
    raise error
