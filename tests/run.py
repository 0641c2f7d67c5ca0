"""The whole suite on every database there is, as one run of pytest with one summary.

``python -m tests.run [pytest arguments]``. Each database gets a worker process of its
own that runs every test (pytest-xdist, ``--dist each``). A database that is absent is a
skip that says why; with ``CI=true`` it is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys

from . import databases


def arguments(present: list[str]) -> list[str]:
    """pytest's, for the databases that are ``present``."""
    if len(present) == 1:
        return ["-n", "auto"]
    workers = (f"--tx=popen//env:{databases.SELECTED}={name}" for name in present)
    return ["--dist=each", *workers]


def main() -> int:
    present = [name for name in databases.URLS if not databases.absence(name)]
    for number, name in enumerate(present):
        print(f"tested: {name} (worker gw{number})" if len(present) > 1 else f"tested: {name}")
    for name in databases.URLS.keys() - present:
        print(f"not tested: {name}: {databases.absence(name)}")
    sys.stdout.flush()
    environment = {**os.environ, databases.SELECTED: "sqlite"}
    command = [sys.executable, "-m", "pytest", *arguments(present), *sys.argv[1:]]
    return subprocess.call(command, env=environment)


if __name__ == "__main__":
    sys.exit(main())
