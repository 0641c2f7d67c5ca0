"""The site that the contenders serve: the test site, on a database that they share.

From the environment: ``DATABASE_URL``, ``ATOMIC_REQUESTS``, and ``RACE_SETUP``:
``advised`` is how the documentation sets a database up; ``plain`` is a SQLite file as
``startproject`` leaves it, or a server with a stricter isolation than Django asks for;
``impatient`` is as advised, but gives up on a lock at once.
"""

from __future__ import annotations

from typing import Any

from environ import Env

from tests.settings import *  # noqa: F403

env = Env()
_WAL = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
_ADVISED = {"init_command": _WAL, "transaction_mode": "IMMEDIATE", "timeout": 20}
_STRICT = "-c default_transaction_isolation=repeatable\\ read"
_OPTIONS: dict[tuple[str, str], dict[str, Any]] = {
    ("sqlite3", "advised"): _ADVISED,
    ("sqlite3", "impatient"): {**_ADVISED, "timeout": 0.1},
    ("postgresql", "plain"): {"options": _STRICT},
    ("postgresql", "impatient"): {"options": "-c lock_timeout=100"},
    ("mysql", "plain"): {"isolation_level": "repeatable read"},
    ("mysql", "impatient"): {"init_command": "SET innodb_lock_wait_timeout=1"},
}

DATABASES = {"default": env.db_url("DATABASE_URL")}
_KIND = DATABASES["default"]["ENGINE"].rpartition(".")[2]
DATABASES["default"] |= {
    "ATOMIC_REQUESTS": env.bool("ATOMIC_REQUESTS", default=False),
    # As in a threaded server: a connection belongs to its thread and is kept between
    # requests. Opening one for each request would spread the contenders.
    "CONN_MAX_AGE": None,
    "OPTIONS": _OPTIONS.get((_KIND, env.str("RACE_SETUP", default="advised")), {}),
}
ROOT_URLCONF = "tests.race.urls"
NUMVERIFY = {
    "ENVIRONMENT": "virtual",
    "VONAGE_REDIRECT_URI": "http://testserver/callback",
    "HMAC_KEYS": {"race": "tests-only-hmac-key"},
    "PROVIDER": "counting",
    "PROVIDERS": {"counting": "tests.race.provider.CountingProvider"},
    "ALLOW_ANONYMOUS_START": True,
    "ENROLLED_NUMBER": "tests.race.urls.number",
    # Counted here, not timed: on a busy machine nothing is to expire before its contest.
    "ATTEMPT_SECONDS": 3600,
    "CLAIM_SECONDS": 3600,
    "COMPLETION_SECONDS": 3600,
    "LIMITS": dict.fromkeys(
        ("phone", "user", "ip", "all", "anonymous_phone", "anonymous_ip", "anonymous_all")
    ),
}
LOGGING_CONFIG = None
