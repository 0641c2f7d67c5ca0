"""The demo in processes of its own, with a folder of its own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
OURS = ("VONAGE_", "NUMVERIFY_", "DJANGO_", "DATABASE_URL", "CACHE_URL", "DEMO_DIR", "PORT")


def environment(folder: Path, **values: str) -> dict[str, str]:
    """The process's own, without what could point the demo at something real."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return {**kept, "DEMO_DIR": str(folder), "ENV_FILE": str(folder / ".env"), **values}


def manage(folder: Path, *command: str, **values: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=environment(folder, **values),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Demo:
    """A running ``manage.py serve``; ``stop()`` is Ctrl-C and says what it printed."""

    port: int
    folder: Path
    greeting: str
    process: subprocess.Popen[str]
    errors: Path

    @property
    def site(self) -> str:
        return f"http://localhost:{self.port}"

    def password(self, name: str) -> str:
        found = re.search(rf"user {name}, password (\S+)", self.greeting)
        assert found
        return found[1]

    def stop(self) -> str:
        self.process.send_signal(signal.SIGINT)
        return self.process.communicate(timeout=30)[0]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Demo]]:
    running: list[Demo] = []

    def begin() -> Demo:
        folder = tmp_path_factory.mktemp("demo")
        demo = _begin(folder, free_port())
        running.append(demo)
        return demo

    yield begin
    for demo in running:
        if demo.process.poll() is None:
            demo.process.kill()
        demo.process.communicate()


@pytest.fixture(scope="module")
def demo(start: Callable[[], Demo]) -> Demo:
    return start()


def _begin(folder: Path, port: int) -> Demo:
    errors = folder / "stderr"
    with errors.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", str(port)],
            cwd=ROOT,
            env=environment(folder),
            stdout=subprocess.PIPE,
            stderr=file,
            text=True,
        )
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C" in line:
            return Demo(port, folder, "".join(lines), process, errors)
    raise AssertionError(errors.read_text())
