"""A circuit breaker: while an endpoint is down, fail at once instead of waiting."""

from __future__ import annotations

import threading
from time import monotonic

from .process import PerProcess


class Breaker:
    """Opens after ``failures`` in a row; then lets one probe through each ``seconds``.

    A probe that never reports (its thread died) costs one period, not for ever.
    ``failures=0`` switches it off. Shared by threads.
    """

    def __init__(self, failures: int, seconds: float) -> None:
        self._limit = failures
        self._seconds = seconds
        self._failed = 0
        self._paused_until = 0.0
        self._lock = threading.Lock()

    def allows(self) -> bool:
        """Whether to call now. True while open means: this caller is the probe."""
        with self._lock:
            if not self._is_open:
                return True
            now = monotonic()
            if now < self._paused_until:
                return False
            self._paused_until = now + self._seconds
            return True

    def record(self, *, ok: bool) -> None:
        """Tell how a call ended; any answer below 500 is ok."""
        with self._lock:
            self._failed = 0 if ok else self._failed + 1
            if self._is_open:
                self._paused_until = monotonic() + self._seconds

    @property
    def _is_open(self) -> bool:
        return 0 < self._limit <= self._failed


#: One for each endpoint and its settings, in each process.
breakers: PerProcess[tuple[str, str, int, float], Breaker] = PerProcess()


def breaker_for(base_url: str, call: str, failures: int, seconds: float) -> Breaker:
    """The breaker of one endpoint, shared by everybody in this process."""
    key = (base_url, call, failures, seconds)
    return breakers.get(key, lambda: Breaker(failures, seconds))
