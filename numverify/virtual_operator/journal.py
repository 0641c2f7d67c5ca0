"""What the operator served: counters and records for tests and panels, thread-safe."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass

from .rules import Call

MAX_RECORDS = 10_000


@dataclass(frozen=True, slots=True, repr=False)
class Served:
    """One request at one of the four calls, with what is known of it.

    ``phone`` is the number in the request, ``sim`` the number that the code or token in
    it was issued for. The repr holds neither these nor any secret.
    """

    call: str
    status: int
    phone: str = ""
    sim: str = ""
    state: str = ""
    code: str = ""
    token: str = ""
    correlator: str = ""

    def __repr__(self) -> str:
        return f"Served({self.call}, {self.status})"


class Journal:
    """Counts every request that reaches an endpoint, whatever becomes of it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        with self._lock:
            self._counts: Counter[str] = Counter()
            self._served: deque[Served] = deque(maxlen=MAX_RECORDS)
            self._connections = 0

    def arrived(self, name: str) -> None:
        with self._lock:
            self._counts[name] += 1

    def answered(self, call: Call, status: int, facts: Mapping[str, str]) -> None:
        with self._lock:
            self._served.append(Served(call.value, status, **facts))

    def connected(self) -> None:
        with self._lock:
            self._connections += 1

    @property
    def counts(self) -> Counter[str]:
        with self._lock:
            return Counter(self._counts)

    @property
    def served(self) -> list[Served]:
        with self._lock:
            return list(self._served)

    @property
    def connections(self) -> int:
        with self._lock:
            return self._connections
