"""Headers, secrets and the registry of what belongs to a process."""

from __future__ import annotations

import os
import pickle
from functools import partial
from typing import Any

import pytest
import time_machine

from numverify.exceptions import ConfigurationError
from numverify.providers import get_provider
from numverify.providers.base import Started
from numverify.providers.headers import http_date, retry_after
from numverify.providers.process import PerProcess
from numverify.providers.secret import Secret

NOW = "2026-03-01T12:00:00Z"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("7", 7),
        (" 7 ", 7),
        ("300", 300),
        ("301", 300),
        ("86400", 300),
        ("999999999", 300),
        ("9" * 5000, None),
        ("-1", None),
        ("1.5", None),
        ("1e3", None),
        ("٣", None),
        ("junk", None),
        ("", None),
        (None, None),
        ("Sun, 01 Mar 2026 12:01:00 GMT", 60),
        ("Sun, 01 Mar 2026 23:00:00 GMT", 300),
        ("Sun, 01 Mar 2026 11:59:00 GMT", None),
        ("Sun, 01 Mar 99999 11:59:00 GMT", None),
        ("Sun, 99 Mar 2026 12:01:00 GMT", None),
    ],
)
@time_machine.travel(NOW, tick=False)
def test_retry_after(value: str | None, seconds: int | None) -> None:
    assert retry_after(value) == seconds


@time_machine.travel(NOW, tick=False)
def test_http_date_without_zone_is_utc() -> None:
    assert http_date("Sun, 01 Mar 2026 12:00:00 -0000") == http_date(
        "Sun, 01 Mar 2026 12:00:00 GMT"
    )


def test_a_secret_shows_nothing() -> None:
    secret = Secret("hunter2")
    shown = f"{secret} {secret!r} {secret!s} {[secret]}"
    assert "hunter2" not in shown
    assert secret.reveal() == "hunter2"
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_started_hides_its_url() -> None:
    assert "state" not in repr(Started("https://a.example/?state=s3cret", ()))


def test_a_value_is_made_once_for_each_process(monkeypatch: pytest.MonkeyPatch) -> None:
    registry: PerProcess[str, object] = PerProcess()
    mine = registry.get("a", object)
    assert registry.get("a", object) is mine
    assert registry.get("b", object) is not mine
    monkeypatch.setattr(os, "getpid", lambda: 4_000_000)
    assert registry.get("a", object) is not mine


def test_the_first_of_two_threads_wins() -> None:
    registry: PerProcess[str, object] = PerProcess()
    faster: list[object] = []

    def slow() -> object:
        faster.append(registry.get("a", object))
        return object()

    assert registry.get("a", slow) is faster[0]


def test_the_oldest_goes_when_there_are_too_many() -> None:
    registry: PerProcess[int, int] = PerProcess(limit=10)
    for number in range(100):
        registry.get(number, partial(int, number))
    assert registry.values() == list(range(90, 100))


def test_an_unknown_provider() -> None:
    with pytest.raises(ConfigurationError, match="known: vonage_number_verification"):
        get_provider("nobody")


def test_a_provider_that_cannot_be_imported(configure: Any) -> None:
    configure(PROVIDERS={"mine": "nowhere.at.All"})
    with pytest.raises(ConfigurationError, match="'mine' cannot be imported"):
        get_provider("mine")
