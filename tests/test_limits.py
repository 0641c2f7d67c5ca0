"""How often an attempt may be started."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django.test import RequestFactory

from numverify import clients, limits
from numverify.exceptions import LimitExceeded, Unavailable

REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379")
NUMBER, OTHER = "+99012345678", "+99012345670"
OFF: dict[str, Any] = dict.fromkeys(
    "phone user ip all anonymous_phone anonymous_ip anonymous_all".split()
)
HOUR = 3600


class BrokenCache(LocMemCache):
    def incr(self, *args: Any, **kwargs: Any) -> int:
        raise ConnectionError("redis://:hunter2@cache.example")


class IgnoringCache(LocMemCache):
    """As clients that ignore errors behave: everything is None."""

    def incr(self, *args: Any, **kwargs: Any) -> Any:
        return None


@pytest.fixture
def only(configure: Any) -> Callable[..., None]:
    """``only(phone=(5, 600))``: this bucket and no other."""

    def change(**buckets: tuple[int, int] | None) -> None:
        configure(LIMITS={**OFF, **buckets})

    return change


def start(number: str = NUMBER, *, user: Any = 1, ip: str | None = "192.0.2.1", **kw: Any) -> bool:
    try:
        limits.count_start(number, user_id=user, ip=ip, **kw)
    except LimitExceeded:
        return False
    return True


def passed(count: int, **kwargs: Any) -> int:
    return sum(start(**kwargs) for _ in range(count))


# -- exactly N -----------------------------------------------------------------------
def _redis(settings: Any, configure: Any) -> None:
    try:
        import redis

        redis.Redis.from_url(REDIS, socket_connect_timeout=1).ping()
    except Exception as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no Redis at {REDIS}: {type(error).__name__}")
    backend = "django.core.cache.backends.redis.RedisCache"
    options = {"BACKEND": backend, "LOCATION": REDIS, "KEY_PREFIX": uuid.uuid4().hex}
    settings.CACHES = {**settings.CACHES, "redis": options}
    configure(CACHE="redis")


@pytest.fixture(params=["locmem", "redis"])
def counting_cache(request: pytest.FixtureRequest, settings: Any, configure: Any) -> None:
    if request.param == "redis":
        _redis(settings, configure)


@pytest.mark.parametrize("limit", [1, 5, 20])
@pytest.mark.usefixtures("counting_cache")
def test_exactly_so_many_of_a_hundred_threads_pass(only: Any, limit: int) -> None:
    """T16: a burst does not slip through between a read and a write."""
    only(phone=(limit, HOUR))
    gate = Barrier(100)

    def contend(_: int) -> bool:
        gate.wait(30)
        return start()

    with time_machine.travel("2026-01-01T00:10:00Z", tick=False), ThreadPoolExecutor(100) as pool:
        assert sum(pool.map(contend, range(100))) == limit


@pytest.mark.usefixtures("counting_cache")
def test_a_window_ends_and_retry_after_says_when(only: Any) -> None:
    only(phone=(2, 600))
    with time_machine.travel("2026-01-01T00:08:20.5Z", tick=False) as clock:
        assert passed(3) == 2
        with pytest.raises(LimitExceeded) as raised:
            limits.count_start(NUMBER, user_id=1, ip=None)
        assert raised.value.retry_after == 100
        assert raised.value.status == 429
        clock.shift(98)
        assert not start()
        clock.shift(2)
        assert passed(3) == 2


@pytest.mark.parametrize("second", [0, 1, 299, 598, 599])
def test_retry_after_is_never_zero_and_always_enough(only: Any, second: int) -> None:
    only(all=(0, 600))
    with time_machine.travel(f"2026-01-01T00:0{second // 60}:{second % 60:02}Z", tick=False):
        with pytest.raises(LimitExceeded) as raised:
            limits.count_start(NUMBER, user_id=1, ip=None)
        assert 600 - second <= (raised.value.retry_after or 0) <= 601 - second


# -- buckets -------------------------------------------------------------------------
def test_each_number_has_a_bucket_whoever_asks(only: Any) -> None:
    only(phone=(2, HOUR))
    assert [start(user=user, ip=f"192.0.2.{user}") for user in (1, 2, 3)] == [True, True, False]
    assert start(OTHER)


def test_each_user_has_a_bucket_whatever_the_number(only: Any) -> None:
    only(user=(2, HOUR))
    assert [start(f"+9901234567{n}", ip=f"192.0.2.{n}") for n in range(3)] == [True, True, False]
    assert start(user=2)


def test_each_address_has_a_bucket(only: Any) -> None:
    only(ip=(2, HOUR))
    assert [start(f"+9901234567{n}", user=n) for n in range(3)] == [True, True, False]
    assert start(ip="192.0.2.2")


def test_an_ipv6_client_cannot_rotate_within_its_64(only: Any) -> None:
    only(ip=(2, HOUR))
    assert [start(ip=f"2001:db8:1:2::{n}") for n in range(5)] == [True, True, False, False, False]
    assert start(ip="2001:db8:1:3::1")


def test_clients_without_an_address_share_a_bucket(only: Any) -> None:
    only(ip=(2, HOUR))
    assert passed(3, ip=None) == 2


def test_the_site_has_a_daily_budget(only: Any) -> None:
    only(all=(2, 86400))
    numbers = [f"+9901234567{n}" for n in range(3)]
    assert [start(n, user=n, ip=f"192.0.2.{n[-1]}") for n in numbers] == [True, True, False]


def test_a_refused_start_does_not_eat_the_sites_budget(only: Any) -> None:
    only(phone=(1, HOUR), all=(3, HOUR))
    assert passed(50) == 1
    assert start(OTHER)
    assert start("+99012345672")
    assert not start("+99012345674")


def test_a_spoofed_header_opens_no_new_bucket(only: Any, configure: Any) -> None:
    """T17."""
    only(ip=(5, HOUR))
    for proxies, expected in ((0, 5), (1, 5)):
        configure(TRUSTED_PROXIES=proxies)
        cache.clear()
        admitted = 0
        for n in range(100):
            forwarded = f"203.0.113.{n}, 198.51.100.{n}, 192.0.2.77"
            request = RequestFactory().get("/", HTTP_X_FORWARDED_FOR=forwarded)
            admitted += start(ip=clients.client_ip(request))
        assert admitted == expected


# -- nobody locks anybody out (T26) --------------------------------------------------
def test_anonymous_starts_cost_an_account_nothing(configure: Any) -> None:
    configure(LIMITS={})
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False):
        assert passed(1000, user=None) == 3
        assert start(), "the owner, from the same address, for the same number"


def test_others_with_an_account_do_not_lock_a_holder_out(only: Any) -> None:
    only(phone=(5, HOUR))
    assert passed(100, user=666) == 5
    assert passed(100, user=1, enrolled=True) == 5, "and the holder is limited, too"
    assert passed(100, user=2, enrolled=True) == 5, "of a number that two share, each"


def test_anonymous_callers_have_no_user_bucket(only: Any) -> None:
    only(user=(1, HOUR), anonymous_user=(1, HOUR))
    assert passed(10, user=None) == 10


def test_a_user_whose_key_is_zero_is_a_user(only: Any) -> None:
    only(user=(1, HOUR), anonymous_phone=(5, HOUR))
    assert passed(10, user=0) == 1


# -- caches --------------------------------------------------------------------------
def use(settings: Any, backend: str) -> None:
    settings.CACHES = {"default": {"BACKEND": backend}}


def test_a_cache_that_raises_refuses(settings: Any, only: Any, caplog: Any) -> None:
    only(all=(5, HOUR))
    use(settings, f"{__name__}.BrokenCache")
    with pytest.raises(Unavailable) as raised:
        limits.count_start(NUMBER, user_id=1, ip=None)
    assert (raised.value.status, raised.value.retry_after) == (503, 5)
    assert "ConnectionError" in caplog.text
    assert "hunter2" not in f"{caplog.text} {raised.value!r} {raised.value.__cause__!r}"
    assert raised.value.__suppress_context__


def test_a_cache_that_hides_its_errors_refuses(settings: Any, only: Any) -> None:
    only(all=(5, HOUR))
    use(settings, f"{__name__}.IgnoringCache")
    with pytest.raises(Unavailable):
        limits.count_start(NUMBER, user_id=1, ip=None)


def test_the_dummy_cache_counts_nothing(settings: Any, only: Any) -> None:
    only(all=(1, HOUR))
    use(settings, "django.core.cache.backends.dummy.DummyCache")
    assert passed(10) == 10


def test_buckets_that_are_off_need_no_cache(settings: Any, only: Any) -> None:
    only()
    use(settings, f"{__name__}.BrokenCache")
    assert passed(10) == 10


def test_keys_tell_no_number(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def increment(name: str, seconds: int) -> int:
        seen.append(name)
        return 0

    monkeypatch.setattr(limits, "_increment", increment)
    start()
    assert len(seen) == 4
    assert not any("12345678" in name or "192.0.2.1" in name for name in seen)


def test_a_refusal_is_logged_without_whose(only: Any, caplog: Any) -> None:
    only(phone=(0, HOUR))
    assert not start()
    assert "bucket=phone" in caplog.text
    assert "12345678" not in caplog.text
