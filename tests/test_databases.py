"""What the suite runs on is what it says it runs on."""

from __future__ import annotations

import os

import pytest
from django.db import connection

from tests import databases, run

VENDORS = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mariadb": "MariaDB"}


@pytest.mark.parametrize("name", databases.URLS)
def test_database_is_there(name: str) -> None:
    """A missing server is a visible skip, and in CI, where all must be there, a failure."""
    absence = databases.absence(name)
    strict = os.environ.get("CI") == "true" and databases.SELECTED in os.environ
    if absence and not strict:
        pytest.skip(f"{name}: {absence}")
    assert not absence


@pytest.mark.django_db
def test_this_process_tests_the_selected_database() -> None:
    connection.ensure_connection()
    selected = os.environ.get(databases.SELECTED)
    if selected is None:
        pytest.skip("none is selected: DATABASE_URL says which")
    assert connection.display_name == VENDORS[selected]


def test_url_is_the_selected_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/other")
    monkeypatch.setenv(databases.SELECTED, "mariadb")
    assert databases.selected_url() == databases.URLS["mariadb"]
    monkeypatch.delenv(databases.SELECTED)
    assert databases.selected_url() == "postgres://elsewhere/other"


def test_absence_names_the_address_but_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(databases.URLS, "mariadb", "mysql://root:hunter2@127.0.0.1:1/x")
    assert databases.absence("mariadb") == "nothing answers at 127.0.0.1:1"


def test_each_database_gets_a_worker_that_runs_every_test() -> None:
    assert run.arguments(["sqlite", "mariadb"]) == [
        "--dist=each",
        "--tx=popen//env:NUMVERIFY_TEST_DATABASE=sqlite",
        "--tx=popen//env:NUMVERIFY_TEST_DATABASE=mariadb",
    ]
    assert run.arguments(["sqlite"]) == ["-n", "auto"]
