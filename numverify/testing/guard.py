"""No test reaches another machine unnoticed: connections and look-ups are refused, loudly.

Built on CPython's audit events (PEP 578), which :mod:`socket` raises beneath every Python
library, whatever it subclassed or imported by name, and which no other patch undoes.
Drivers that connect in C (libpq, mysqlclient) raise none: a test database on another
host works, and Redis or a browser grid on one has to be allowed by name. A bare
``sock.connect((name, port))`` looks the name up in C before its event: only the
connection is refused there.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any


class OutsideRequest(AssertionError):
    """A test tried to reach another machine; the message names host and port alone."""


class Guard:
    """Refuses hosts beyond this machine, except those that are ``allowed``.

    Args:
        allowed: host names or addresses, like ``["redis", "selenium"]``.
    """

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed = {_plain(name) for name in allowed}
        #: The hosts that were refused, with their ports, in order.
        self.refused: list[str] = []

    def __repr__(self) -> str:
        return f"Guard(refused={self.refused!r})"

    def resolve(self) -> None:
        """Allow the addresses of allowed names, too: libraries connect to these."""
        self._allowed.update(*map(_addresses, tuple(self._allowed)))

    def judge(self, verb: str, host: Any, port: Any) -> None:
        """Raises OutsideRequest if ``host`` is beyond this machine and not allowed."""
        name = _plain(host)
        if name in self._allowed or _is_here(name):
            return
        place = f"{name}:{port}" if port else name
        self.refused.append(place)
        raise OutsideRequest(_message(f"A test tried to {verb} {place}."))

    def check(self) -> None:
        """Raises OutsideRequest if something was refused, whoever swallowed that.

        Code under test may turn any error into "could not find out": numverify does.
        """
        if self.refused:
            places = ", ".join(dict.fromkeys(self.refused))
            raise OutsideRequest(_message(f"A test tried to reach {places}."))


_guards: list[Guard] = []  # the last one decides


@contextmanager
def no_outside_requests(allowed: Iterable[str] = ()) -> Iterator[Guard]:
    """Refuse what leads beyond this machine while the block runs, in every thread.

    Raises:
        OutsideRequest: at the call that tried, and once more at the end of the block if
            it ended well all the same. To expect one, empty ``guard.refused``.
    """
    _install()
    guard = Guard(allowed)
    _guards.append(guard)
    try:
        guard.resolve()
        yield guard
    finally:
        _guards.remove(guard)
    guard.check()


@cache
def _install() -> None:
    # Python has no way to take a hook away again; without guards it does nothing.
    sys.addaudithook(_hook)


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if _guards and event in _READERS:
        verb, read = _READERS[event]
        target = read(args)
        if target is not None:
            _guards[-1].judge(verb, *target)


_Target = tuple[Any, Any]


def _of_address(args: tuple[Any, ...]) -> _Target | None:
    """Host and port of a socket's peer; None for a Unix socket or a connected one."""
    sock, address = args
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or not isinstance(address, tuple):
        return None
    return address[0], address[1]


def _of_name(args: tuple[Any, ...]) -> _Target | None:
    port = args[1] if len(args) > 1 else None
    return args[0], port


_READERS: dict[str, tuple[str, Callable[[tuple[Any, ...]], _Target | None]]] = {
    "socket.connect": ("connect to", _of_address),
    "socket.sendto": ("send to", _of_address),
    "socket.sendmsg": ("send to", _of_address),
    "socket.getaddrinfo": ("look up", _of_name),
    "socket.gethostbyname": ("look up", _of_name),
    "socket.gethostbyaddr": ("look up", _of_name),
}


def _plain(host: Any) -> str:
    text = host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else host
    return str(text or "").lower().rstrip(".")


def _is_here(name: str) -> bool:
    # Our own name is looked up for the Message-ID of each mail.
    if name in ("", "localhost", socket.gethostname().lower()) or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


@cache
def _addresses(name: str) -> frozenset[str]:
    try:
        found = socket.getaddrinfo(name, None)
    except OSError:
        return frozenset()
    return frozenset(str(entry[4][0]) for entry in found)


def _message(what: str) -> str:
    return (
        f"{what} Tests stay on this machine: use a +990 number with the embedded Virtual"
        " Operator, or allow the host by numverify_allowed_hosts."
    )
