"""One of the processes that compete: its threads send the same requests at once.

The requests go through the whole WSGI application, middleware and ``ATOMIC_REQUESTS``
included, as a threaded server would hand them over.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

PLANTED = "RACE_PLANTED_BUG"
_PATIENCE = 60.0


@dataclass(frozen=True)
class Sent:
    """One request, as a program sends it; ``body`` is JSON or nothing."""

    method: str
    path: str
    body: str = ""
    cookie: str = field(default="", repr=False)


@dataclass
class Tally:
    """What contenders were answered: by status, and how often with a boolean or a code.

    ``hasty`` answers are those of 503 that do not say when to try again.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    booleans: int = 0
    codes: int = 0
    hasty: int = 0
    faults: list[str] = field(default_factory=list)

    def add(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.statuses[status] += 1
        self.booleans += b"devicePhoneNumberVerified" in content
        self.codes += b"completion_code" in content
        self.hasty += status == 503 and "Retry-After" not in headers

    def merge(self, other: Tally) -> None:
        self.statuses += other.statuses
        self.booleans += other.booleans
        self.codes += other.codes
        self.hasty += other.hasty
        self.faults += other.faults


class _Faults(logging.Handler):
    """Keeps what Django and the app have to say about databases and errors."""

    def __init__(self, tally: Tally) -> None:
        super().__init__(logging.ERROR)
        self._tally = tally

    def emit(self, record: logging.LogRecord) -> None:
        self._tally.faults.append(f"{record.name}: {record.getMessage()}"[:300])


def compete(rounds: list[list[Sent]], barrier: Any, results: Any, first: int, threads: int) -> None:
    """The process: ``threads`` contenders, numbered from ``first``, in every round.

    Contenders share the requests of a round among them. They wait for each other, in
    all processes, before each one.
    """
    import django
    from django.core.wsgi import get_wsgi_application

    django.setup()
    tally = Tally()
    logging.getLogger().addHandler(_Faults(tally))
    application = get_wsgi_application()
    tallies = [Tally() for _ in range(threads)]
    with _planted_bug():
        running = [
            threading.Thread(target=_contend, args=(application, rounds, barrier, first + n, own))
            for n, own in enumerate(tallies)
        ]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
    for own in tallies:
        tally.merge(own)
    results.put(tally)


def _contend(
    application: Any, rounds: list[list[Sent]], barrier: Any, number: int, tally: Tally
) -> None:
    from django.db import connection, connections

    try:
        # This thread's own connection, before the first start signal.
        connection.ensure_connection()
        for requests in rounds:
            barrier.wait(_PATIENCE)
            tally.add(*send(application, requests[number % len(requests)]))
    except Exception as error:  # noqa: BLE001 - reported; the others must not wait for us
        tally.faults.append(f"contender: {type(error).__name__}: {error}")
        barrier.abort()
    finally:
        connections.close_all()


def send(application: Any, sent: Sent) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body that the WSGI application answers."""
    from django.test import RequestFactory

    request = RequestFactory().generic(
        sent.method,
        sent.path,
        sent.body,
        content_type="application/json",
        headers={"cookie": sent.cookie} if sent.cookie else None,
    )
    response = application(request.environ, lambda _status, _headers: None)
    try:
        content = b"".join(response)
    finally:
        response.close()
    return response.status_code, dict(response.items()), content


@contextmanager
def _planted_bug() -> Iterator[None]:
    """With ``RACE_PLANTED_BUG``, claim and use as one would at first: read, test, save."""
    if not os.environ.get(PLANTED):
        yield
        return
    from numverify.querysets import AttemptQuerySet

    with (
        mock.patch.object(AttemptQuerySet, "claim", _read_then_save),
        mock.patch.object(AttemptQuerySet, "use_proof", _read_then_use),
    ):
        yield


def _read_then_use(rows: Any, public_id: Any, digest: str, *, now: Any) -> bool:
    attempt = rows.with_proof(public_id, digest).first()
    if attempt is None:
        return False
    time.sleep(0.001)  # any work between the two: the others get to read, too
    attempt.bind_used_at = now
    attempt.save()
    return True


def _read_then_save(rows: Any, state_hash: str, bound: Any, *, now: Any, deadline: Any) -> bool:
    pending = rows.filter(bound, state_hash=state_hash, status="pending", expires_at__gt=now)
    attempt = pending.first()
    if attempt is None:
        return False
    time.sleep(0.001)  # any work between the two: the others get to read, too
    attempt.status, attempt.claimed_at, attempt.deadline = "claimed", now, deadline
    attempt.save()
    return True
