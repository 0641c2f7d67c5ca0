"""The parent's side: start the child, read its addresses, end it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TextIO

from ..exceptions import NumverifyError

START_SECONDS = 60.0
_END_SECONDS = 5.0
_SETTINGS = "numverify.sandbox.settings"


class SandboxError(NumverifyError):
    """The child did not come up; the message says what it wrote last."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Where the child serves.

    Args:
        backend: base URL of the throw-away site, ``numverify.urls`` at its root.
        operator: base URL of its Virtual Operator.
    """

    backend: str
    operator: str


@contextlib.contextmanager
def launch(command: tuple[str, ...] = ("-m", "numverify.sandbox")) -> Iterator[Sandbox]:
    """Run a sandbox for as long as the block does.

    Raises:
        SandboxError: it did not come up within a minute.
    """
    # Errors go to a file: a pipe that nobody reads stalls the child once it is full.
    with tempfile.TemporaryFile("w+") as errors:
        child = subprocess.Popen(  # noqa: S603 - this very interpreter, our own module
            [sys.executable, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=_environment(os.environ),
            text=True,
        )
        try:
            yield _addresses(child, errors)
        finally:
            _end(child)


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Our own, with our import path, and nothing that could point it at a real site."""
    kept = {name: value for name, value in ours.items() if not name.startswith("DJANGO_")}
    path = os.pathsep.join(entry or os.curdir for entry in sys.path)
    return {**kept, "PYTHONPATH": path, "DJANGO_SETTINGS_MODULE": _SETTINGS}


def _addresses(child: subprocess.Popen[str], errors: TextIO) -> Sandbox:
    assert child.stdout is not None  # noqa: S101 - for the type checker: it is a pipe
    # A child that hangs is killed, which ends the read below.
    watchdog = threading.Timer(START_SECONDS, child.kill)
    watchdog.start()
    try:
        line = child.stdout.readline()
    finally:
        watchdog.cancel()
    try:
        return Sandbox(**json.loads(line))
    except (ValueError, TypeError):
        child.kill()
        child.wait()
        raise SandboxError(_last_words(errors)) from None


def _last_words(errors: TextIO) -> str:
    errors.seek(0)
    lines = errors.read().strip().splitlines()
    return f"The sandbox did not start: {lines[-1] if lines else 'it said nothing'}"


def _end(child: subprocess.Popen[str]) -> None:
    """Close its standard input, which ends it; kill it if that does not."""
    try:
        child.communicate(timeout=_END_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
