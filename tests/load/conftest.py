"""Each module has a database of its own, on each kind of server."""

from __future__ import annotations

from tests.race.conftest import database_url

__all__ = ["database_url"]
