"""A database of its own for each module of races, created and dropped by the tests."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.databases import SELECTED, URLS

#: The database that this process tests, or all of them.
NAMES = [os.environ[SELECTED]] if SELECTED in os.environ else list(URLS)


@contextmanager
def database(name: str, directory: Path) -> Iterator[str]:
    """The URL of an empty database on ``name`` while the block runs."""
    if name == "sqlite":
        yield f"sqlite:///{directory / 'race.sqlite3'}"
        return
    # Letters and digits alone: the name goes into statements that take no parameters.
    fresh = f"numverify_race_{secrets.token_hex(6)}"
    _run(name, f"CREATE DATABASE {fresh}")
    try:
        yield urlsplit(URLS[name])._replace(path=f"/{fresh}").geturl()
    finally:
        _run(name, f"DROP DATABASE {fresh}")


def _run(name: str, statement: str) -> None:
    with closing(_connect(name)) as connection, closing(connection.cursor()) as cursor:
        cursor.execute(statement)


def _connect(name: str) -> Any:
    url = urlsplit(URLS[name])
    known: dict[str, Any] = {"host": url.hostname, "port": url.port, "user": url.username}
    known["password"] = unquote(url.password or "")
    if name == "postgresql":
        import psycopg

        return psycopg.connect(**known, dbname="postgres", autocommit=True)
    import MySQLdb

    return MySQLdb.connect(**known)
