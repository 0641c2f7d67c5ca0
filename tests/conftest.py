"""Fixtures that many modules use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import translation

from numverify import flow
from numverify.models import Binding, Channel, Purpose

from . import databases
from .canaries import pytest_configure, pytest_runtest_call, pytest_terminal_summary  # noqa: F401
from .chromium import browser  # noqa: F401 - a fixture
from .fakes import Script, ScriptedProvider

# Races and loads make databases of their own, on the server of their worker.
_ON_EACH_SERVER = frozenset({"race", "load"})
# These start whole sites in processes of their own, on SQLite, or need no database.
_ON_SQLITE = frozenset({"demo", "sandbox", "management", "providers", "handset"})
_DATABASE_FIXTURES = frozenset({"db", "transactional_db", "live_server"})


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On a server's worker run what touches the database; SQLite's worker runs everything."""
    if databases.on_sqlite():
        return
    chosen = [item for item in items if _touches_the_database(item)]
    kept = set(chosen)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = chosen


def _touches_the_database(item: pytest.Item) -> bool:
    if item.path.parent.name in _ON_EACH_SERVER | _ON_SQLITE:
        return item.path.parent.name in _ON_EACH_SERVER
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool(item.get_closest_marker("django_db") or fixtures & _DATABASE_FIXTURES)


@pytest.fixture(autouse=True)
def _clean_slate() -> Iterator[None]:
    """Limits and the language of the last request outlive requests; not tests."""
    cache.clear()
    yield
    cache.clear()
    translation.deactivate()


@pytest.fixture
def configure(settings: Any) -> Any:
    """``configure(KEY=value)`` changes ``NUMVERIFY`` for one test."""

    def change(**values: Any) -> None:
        settings.NUMVERIFY = {**settings.NUMVERIFY, **values}

    return change


@pytest.fixture
def script(configure: Any) -> Iterator[Script]:
    """The site's provider is scripted; anonymous starts are allowed."""
    ScriptedProvider.script = Script()
    configure(
        PROVIDER="scripted",
        PROVIDERS={"scripted": "tests.fakes.ScriptedProvider"},
        ALLOW_ANONYMOUS_START=True,
    )
    yield ScriptedProvider.script
    ScriptedProvider.script = Script()


@pytest.fixture
def order() -> flow.Order:
    return flow.Order("+99012345678", Purpose.CHECK, Binding.SESSION, Channel.WEB)
