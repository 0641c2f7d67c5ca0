"""``contest``: run one on the database at hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.databases import absence

from .contender import PLANTED
from .contest import Outcome
from .provider import JOURNAL
from .throwaway import NAMES, database

_ROOT = Path(__file__).parents[2]
_DEADLINE = 600


class Contest(Protocol):
    def __call__(
        self,
        kind: str,
        states: int,
        *,
        atomic: bool = False,
        planted: bool = False,
        setup: str = "advised",
    ) -> Outcome:
        """Run a contest on the database at hand."""
        ...


@pytest.fixture(scope="module", params=NAMES)
def database_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """An empty database on each kind of server; an absent one is a skip, in CI a failure."""
    reason = absence(request.param)
    if reason and os.environ.get("CI") == "true":
        pytest.fail(f"{request.param}: {reason}")
    if reason:
        pytest.skip(f"{request.param}: {reason}")
    with database(request.param, tmp_path_factory.mktemp("race")) as url:
        yield url


@pytest.fixture
def contest(database_url: str, tmp_path: Path) -> Contest:
    def run(
        kind: str,
        states: int,
        *,
        atomic: bool = False,
        planted: bool = False,
        setup: str = "advised",
    ) -> Outcome:
        environment = os.environ | {
            "PYTHONPATH": str(_ROOT),
            "DATABASE_URL": database_url,
            "ATOMIC_REQUESTS": str(atomic),
            "RACE_SETUP": setup,
            JOURNAL: str(tmp_path / "exchanges"),
            PLANTED: "1" if planted else "",
        }
        finished = subprocess.run(
            [sys.executable, "-m", "tests.race.contest", kind, str(states)],
            env=environment,
            cwd=_ROOT,
            capture_output=True,
            text=True,
            timeout=_DEADLINE,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr[-2000:]
        return Outcome(**json.loads(finished.stdout))

    return run
