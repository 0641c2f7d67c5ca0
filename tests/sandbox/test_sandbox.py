"""The throw-away site: it serves the whole flow, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from numverify.handset import Handset, Result
from numverify.sandbox import Sandbox, SandboxError, launch
from numverify.sandbox.parent import START_SECONDS

END_SECONDS = 20
pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the child's temporary directory goes."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def child(temporary: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "numverify.sandbox"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "numverify.sandbox.settings"},
    )
    with process:
        yield process
        process.kill()


def ready(process: subprocess.Popen[str]) -> Sandbox:
    assert process.stdout is not None
    return Sandbox(**json.loads(process.stdout.readline()))


def answers(url: str) -> bool:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5):
            return True
    except OSError:
        return False


def test_a_verification_runs_through_it(temporary: Path) -> None:
    with launch() as sandbox:
        outcome = Handset(sandbox.backend, seconds=20).verify("+99012345678")
        assert outcome.result is Result.VERIFIED
        assert outcome.attempt_id
        assert answers(sandbox.operator)
        assert list(temporary.glob("numverify-sandbox-*/db.sqlite3"))
    assert not answers(sandbox.backend)
    assert not answers(sandbox.operator)
    assert list(temporary.iterdir()) == []


def test_it_ends_when_its_parent_is_gone(child: subprocess.Popen[str], temporary: Path) -> None:
    sandbox = ready(child)
    assert child.stdin is not None
    child.stdin.close()  # as the kernel does for a parent that was killed
    assert child.wait(END_SECONDS) == 0
    assert not answers(sandbox.backend)
    assert list(temporary.iterdir()) == []


def test_it_cleans_up_when_it_is_terminated(child: subprocess.Popen[str], temporary: Path) -> None:
    ready(child)
    child.terminate()
    assert child.wait(END_SECONDS) == 0
    assert list(temporary.iterdir()) == []


def test_ctrl_c_is_for_the_parent(child: subprocess.Popen[str]) -> None:
    sandbox = ready(child)
    child.send_signal(signal.SIGINT)
    assert Handset(sandbox.backend, seconds=20).verify("+9902345601").result is Result.NOT_VERIFIED
    assert child.poll() is None


def test_settings_of_the_caller_do_not_reach_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "no.such.settings")
    monkeypatch.setenv("DATABASE_URL", "postgres://127.0.0.1:1/none")
    with launch() as sandbox:
        assert answers(sandbox.backend)


def test_parents_error_ends_it_too(temporary: Path) -> None:
    with pytest.raises(ZeroDivisionError), launch() as sandbox:
        raise ZeroDivisionError
    assert not answers(sandbox.backend)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("import sys; sys.exit('no such module: x')", "did not start: no such module: x"),
        ("pass", "did not start: it said nothing"),
        ("print('[]')", "did not start: it said nothing"),
        ('print(\'{"backend": "x"}\')', "did not start: it said nothing"),
        ("print('nonsense')", "did not start: it said nothing"),
    ],
)
def test_child_that_does_not_come_up_says_why(program: str, message: str) -> None:
    with pytest.raises(SandboxError, match=message), launch(("-c", program)):
        pass


def test_child_that_hangs_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[Any]] = []

    class Recorded(subprocess.Popen[Any]):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            started.append(self)

    monkeypatch.setattr("numverify.sandbox.parent.START_SECONDS", 0.2)
    monkeypatch.setattr(subprocess, "Popen", Recorded)
    assert START_SECONDS > 5
    with (
        pytest.raises(SandboxError),
        launch(("-c", "import sys; sys.stdin.read(); sys.stdin.read(); input()")),
    ):
        pass
    assert started[0].returncode == -signal.SIGKILL
