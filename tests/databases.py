"""The databases that the whole suite runs on: SQLite, and the servers that answer here.

``NUMVERIFY_TEST_DATABASE`` names one of them, ``DATABASE_URL`` any other. This module
needs the standard library alone: ``python -m tests.databases`` (exit 0: a server
answers) decides whether drivers are worth installing.
"""

from __future__ import annotations

import importlib.util
import os
import socket
import sys
from contextlib import closing
from typing import Any
from urllib.parse import unquote, urlsplit

SELECTED = "NUMVERIFY_TEST_DATABASE"
SQLITE = "sqlite:///:memory:"
#: Django puts ``test_`` in front of the database's name, and creates and drops that one.
URLS = {
    "sqlite": SQLITE,
    "postgresql": os.environ.get(
        "TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/numverify"
    ),
    "mariadb": os.environ.get("TEST_MARIADB_URL", "mysql://root@127.0.0.1:3306/numverify"),
}
_DRIVERS = {"postgresql": "psycopg", "mariadb": "MySQLdb"}
_SECONDS = 3


def selected_url() -> str:
    """The URL of the database that this process tests."""
    name = os.environ.get(SELECTED)
    return URLS[name] if name else os.environ.get("DATABASE_URL", SQLITE)


def on_sqlite() -> bool:
    return selected_url().startswith("sqlite")


def absence(name: str) -> str:
    """Why the suite cannot run on database ``name``, or ``""`` if it can."""
    if name == "sqlite":
        return ""
    if not _answers(name):
        return f"nothing answers at {urlsplit(URLS[name]).netloc.rpartition('@')[2]}"
    driver = _DRIVERS[name]
    if importlib.util.find_spec(driver) is None:
        return f"a server answers, but {driver} is not installed (dependency group: databases)"
    try:
        _log_in(name)
    except Exception as error:  # noqa: BLE001 - every driver has its own
        return f"a server answers, but lets us not in: {type(error).__name__}"
    return ""


def _answers(name: str) -> bool:
    url = urlsplit(URLS[name])
    try:
        with socket.create_connection((url.hostname or "", url.port or 0), timeout=_SECONDS):
            return True
    except OSError:
        return False


def _log_in(name: str) -> None:
    url = urlsplit(URLS[name])
    known: dict[str, Any] = {"host": url.hostname, "port": url.port, "user": url.username}
    known["password"] = unquote(url.password or "")
    if name == "postgresql":
        import psycopg

        psycopg.connect(**known, dbname="postgres", connect_timeout=_SECONDS).close()
    else:
        import MySQLdb

        with closing(MySQLdb.connect(**known, connect_timeout=_SECONDS)):
            pass


if __name__ == "__main__":
    sys.exit(not any(_answers(name) for name in _DRIVERS))
