"""What all candidates share. The environment says where service, key and database are."""

from __future__ import annotations

import os
from typing import Any

SECRET_KEY = "bench-only-" + "x" * 40
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
LOGGING_CONFIG = None
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

BASE_URL = os.environ["BENCH_BASE_URL"]
KEY_PATH = os.environ["BENCH_KEY_PATH"]
APPLICATION_ID = "0b5f7a4e-5a7c-4a3c-9d2e-2f1f0a7c9b11"
REDIRECT_URI = "http://127.0.0.1:3000/callback"

#: A SQLite file as a server would set it up: the same for every candidate that has one.
SQLITE: dict[str, Any] = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": os.environ.get("BENCH_SQLITE", ""),
    "OPTIONS": {
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
    },
    "CONN_MAX_AGE": None,
}
