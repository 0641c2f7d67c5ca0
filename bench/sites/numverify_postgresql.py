"""numverify on PostgreSQL; the server's own CPU time is not counted."""

from __future__ import annotations

import os

import environ

from .numverify_sqlite import *  # noqa: F403

DATABASES = {
    "default": {**environ.Env.db_url_config(os.environ["BENCH_POSTGRES_URL"]), "CONN_MAX_AGE": None}
}
