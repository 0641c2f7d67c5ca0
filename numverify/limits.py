"""How often an attempt may be started: counted before anything is sent upstream.

Each bucket is a counter for a fixed window in Django's cache, raised by ``incr``, which
is atomic on Redis, Memcached and within one process; read-then-write counters let a
burst through. Anonymous starts have buckets of their own: whoever has no account can
use up neither the budget of those who have one nor their number (T26).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import Any

from django.core.cache import BaseCache, caches

from . import clients, logs, phone, tokens
from .conf import conf
from .exceptions import LimitExceeded, Unavailable


def count_start(number: str, *, user_id: Any, ip: str | None, enrolled: bool = False) -> None:
    """Count one start of an E.164 number; ``enrolled``: it is the user's confirmed one.

    Raises:
        LimitExceeded: a bucket is full; ``retry_after`` says when its window ends.
        Unavailable: the cache does not answer. Unlimited starts cost money and let
            strangers be harassed, so this fails closed.
    """
    prefix = "" if user_id is not None else "anonymous_"
    holder = str(user_id) if enrolled else ""
    for bucket, key in _keys(number, holder, user_id, ip):
        limit = conf.limits.get(prefix + bucket)
        if limit:
            _count(prefix + bucket, key, *limit)


def _keys(number: str, holder: str, user_id: Any, ip: str | None) -> Iterator[tuple[str, str]]:
    # The narrow buckets first: a refused start does not eat the site's budget. A number's
    # holder has a bucket apart: checks by others with an account do not lock him out.
    yield "phone", f"{phone.phone_hmac(number)[1]}:{holder}"
    if user_id is not None:
        yield "user", str(user_id)
    yield "ip", clients.network(ip) if ip else "unknown"
    yield "all", ""


def _count(bucket: str, key: str, events: int, seconds: int) -> None:
    now = time.time()
    window = int(now // seconds)
    name = f"numverify:limit:{bucket}:{tokens.digest(key)}:{window}"
    if _increment(name, seconds) > events:
        wait = int((window + 1) * seconds - now) + 1
        logs.event("start_refused", logging.WARNING, reason="limit", bucket=bucket)
        raise LimitExceeded(retry_after=wait)


def _increment(name: str, seconds: int) -> int:
    cache: BaseCache = caches[conf.cache]
    try:
        cache.add(name, 0, timeout=seconds)
        # `int`: clients that ignore errors answer None when the cache is gone.
        return int(cache.incr(name))
    except ValueError:
        # No such key right after `add`: the dummy cache, or an eviction. Let it pass;
        # a system check warns of caches that cannot count.
        return 1
    except Exception as error:  # noqa: BLE001 - each cache client has errors of its own
        logs.event("start_refused", logging.ERROR, reason="cache", error=type(error).__name__)
        raise Unavailable(retry_after=5) from None
