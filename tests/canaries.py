"""Every secret that a test run makes is remembered, and looked for where none may be.

Loaded by ``tests/conftest.py``. After each test, what it logged (all loggers, DEBUG,
through the RedactingFilter as a site installs it) and what it left in the database, in
sessions and in the cache is searched for the secrets it made, and for phone numbers
outside the one column that holds them. A hit fails the test. ``leaks`` marks the tests of
the scanner itself.
"""

from __future__ import annotations

import copy
import functools
import logging
import re
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import DatabaseError

from numverify import phone, receipts, sessions, tokens
from numverify.logs import RedactingFilter
from numverify.models import VerificationAttempt
from numverify.providers.vonage import signing
from numverify.virtual_operator.ledger import Ledger

# Whoever made them: a JWT, a private key in PEM, or how the DER of an RSA key begins.
PATTERNS = {
    "JWT": re.compile(r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}"),
    "private key": re.compile(r"BEGIN (?:RSA )?PRIVATE KEY|MII\w{3}IBA(?:DANBgkqhkiG9w0|AKCA)"),
}
NONCE, PHONE = "nonce", "phone number"
_MANY = 200_000_000  # characters to compare, beyond which whole words are looked up


class Canaries:
    """Secrets by kind, and the search for them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.known: dict[str, str] = {}
        self.remembered = 0

    def remember(self, kind: str, secret: str) -> None:
        with self._lock:
            self.remembered += secret not in self.known
            self.known[secret] = kind

    def forget(self) -> None:
        with self._lock:
            self.known = {}

    def hits(self, source: str, text: str, *, allowed: Iterable[str] = ()) -> Iterator[str]:
        """``source: kind`` for each kind of secret in ``text`` that is not ``allowed``."""
        found = {kind for kind, pattern in PATTERNS.items() if pattern.search(text)}
        with self._lock:
            known = dict(self.known)
        if len(known) * len(text) > _MANY:
            words = set(re.findall(r"[\w-]{8,}", re.sub(r"%[0-9A-Fa-f]{2}", " ", text)))
            found |= {known[word] for word in words & known.keys()}
        else:
            found |= {kind for secret, kind in known.items() if secret in text}
        return (f"{source}: {kind}" for kind in sorted(found - set(allowed)))


class Collector(logging.Handler):
    """Keeps what a site's log file would hold, with the filter on its handler."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.collected = 0
        self._filter = RedactingFilter()
        self._format = logging.Formatter("%(name)s %(message)s")

    def emit(self, record: logging.LogRecord) -> None:
        record = copy.copy(record)  # other handlers are to see it as it was
        self._filter.filter(record)
        extra = {key: value for key, value in vars(record).items() if key not in _STANDARD}
        self.lines.append(f"{self._format.format(record)} {extra}")
        self.collected += 1


_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
canaries = Canaries()
collector = Collector()


# -- remembering ------------------------------------------------------------------------


def _remembering(kind: str, make: Callable[..., Any], text: Callable[[Any], str] = str) -> Any:
    @functools.wraps(make)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        made = make(*args, **kwargs)
        if made:
            canaries.remember(kind, text(made))
        return made

    return wrapped


def _typed(code: str) -> str:
    canaries.remember("completion code", tokens.from_typed(code))
    return code


def _access_token(exchanged: tuple[str, object]) -> str:
    return exchanged[0]


def _install() -> None:
    replace: Callable[..., None] = setattr
    replace(tokens, "new_state", _remembering("state", tokens.new_state))
    replace(tokens, "new_secret", _remembering("secret", tokens.new_secret))
    replace(
        tokens, "new_typed_code", _remembering("completion code", tokens.new_typed_code, _typed)
    )
    # The nonce is the session's own: it may be in its session, and nowhere else.
    replace(sessions, "ensure_nonce", _remembering(NONCE, sessions.ensure_nonce))
    replace(phone, "parse", _remembering(PHONE, phone.parse, lambda number: number[1:]))
    replace(receipts, "issue", _remembering("receipt", receipts.issue))
    replace(signing, "sign", _remembering("JWT", signing.sign, lambda made: made.token.reveal()))
    replace(Ledger, "new_code", _remembering("code", Ledger.new_code))
    replace(Ledger, "exchange", _remembering("token", Ledger.exchange, _access_token))


# -- looking ----------------------------------------------------------------------------


def leaks() -> list[str]:
    """What the present test leaked, as ``source: kind``; forgets it for the next one."""
    found = [*canaries.hits("log", "\n".join(collector.lines)), *_stored()]
    collector.lines.clear()
    canaries.forget()
    return found


def _stored() -> Iterator[str]:
    if not canaries.known:
        return
    entries = getattr(cache, "_cache", {}).values()
    yield from canaries.hits("cache", "".join(entry.decode("latin-1") for entry in entries))
    try:
        yield from _in_database()
    except (RuntimeError, DatabaseError):
        return  # the test has no database, or left it in a state to be rolled back


def _in_database() -> Iterator[str]:
    columns = [field.attname for field in VerificationAttempt._meta.fields]
    columns.remove("phone")
    for attempt in VerificationAttempt.objects.values_list(*columns):
        yield from canaries.hits("attempt", str(attempt))
    for session in Session.objects.all():
        yield from canaries.hits("session", str(session.get_decoded()), allowed=[NONCE])


# -- hooks ------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "leaks: plants secrets where the scanner must find them")
    _install()
    for name in (None, "django"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    for name in (None, "django.server"):  # the second does not propagate
        logging.getLogger(name).addHandler(collector)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    try:
        result = yield
    finally:
        found = leaks()
    if found and not item.get_closest_marker("leaks"):
        pytest.fail("secrets leaked: " + ", ".join(sorted(set(found))), pytrace=False)
    return result


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if not collector.collected:  # the controller of pytest-xdist: its workers looked
        return
    terminalreporter.write_line(
        f"canaries: {canaries.remembered} secrets and numbers looked for"
        f" in {collector.collected} log records and all that was stored"
    )
