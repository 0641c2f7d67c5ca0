"""The breaker, alone."""

from __future__ import annotations

import threading

import pytest

from numverify.providers import breaker
from numverify.providers.breaker import Breaker, breaker_for


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(breaker, "monotonic", clock)
    return clock


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        assert breaker.allows()
        breaker.record(ok=False)


def test_opens_after_failures_in_a_row(clock: Clock) -> None:
    one = Breaker(3, 30)
    fail(one, 2)
    one.record(ok=True)
    fail(one, 3)
    assert not one.allows()


def test_one_probe_for_each_period(clock: Clock) -> None:
    one = Breaker(3, 30)
    fail(one, 3)
    clock.now += 29
    assert not one.allows()
    clock.now += 1
    assert [one.allows() for _ in range(5)] == [True, False, False, False, False]
    one.record(ok=False)
    clock.now += 29
    assert not one.allows()
    clock.now += 1
    assert one.allows()
    one.record(ok=True)
    assert all(one.allows() for _ in range(5))


def test_a_probe_that_never_reports_does_not_close_for_ever(clock: Clock) -> None:
    one = Breaker(1, 30)
    fail(one, 1)
    clock.now += 30
    assert one.allows()
    clock.now += 30
    assert one.allows()


def test_a_thousand_calls_while_down(clock: Clock) -> None:
    one, made = Breaker(5, 30), 0
    for _ in range(1000):
        clock.now += 0.1
        if one.allows():
            made += 1
            one.record(ok=False)
    assert made <= 5 + 100 / 30 + 1


def test_threads_share_one_probe(clock: Clock) -> None:
    one = Breaker(1, 30)
    fail(one, 1)
    clock.now += 30
    start, probes = threading.Barrier(8), []

    def ask() -> None:
        start.wait()
        probes.append(one.allows())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert probes.count(True) == 1


def test_zero_switches_it_off(clock: Clock) -> None:
    fail(Breaker(0, 30), 100)


def test_one_for_each_endpoint() -> None:
    one = breaker_for("https://a.example", "token", 5, 30)
    assert breaker_for("https://a.example", "token", 5, 30) is one
    assert breaker_for("https://a.example", "verify", 5, 30) is not one
    assert breaker_for("https://b.example", "token", 5, 30) is not one
