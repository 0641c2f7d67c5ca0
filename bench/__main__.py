"""``python -m bench``: candidates side by side, in short slices that alternate."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from numverify.virtual_operator.keys import new_private_key
from tests.databases import absence
from tests.race.throwaway import database

ROOT = Path(__file__).parent.parent
FLOOR, NAIVE = "floor", "naive tutorial port, SQLite"
_MIN_ROUNDS, _MAX_ROUNDS, _SECONDS = 3, 15, 40.0
_SLICE_SECONDS = 0.3
_WARM_UP = 5


@dataclass
class Candidate:
    """A candidate that waits for work; ``costs`` is CPU seconds for a flow, by round."""

    name: str
    process: subprocess.Popen[str]
    flows: int = _WARM_UP
    costs: list[float] = field(default_factory=list)

    def run(self) -> float:
        """CPU seconds for one flow, over a slice."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{self.flows}\n")
        self.process.stdin.flush()
        return float(_line(self.process)) / self.flows

    def warm_up(self) -> None:
        """Fill the caches, and choose how many flows a slice has."""
        self.run()
        self.flows = max(3, round(_SLICE_SECONDS / self.run()))


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if not line:
        raise SystemExit("A candidate ended; its error is above.")
    return line


@contextmanager
def child(*module: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """``python -m MODULE`` with pipes, until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", *module],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.communicate()


def measure(candidates: list[Candidate]) -> None:
    """A B C A B C ...: a good or a bad spell of the machine hits all of them."""
    for candidate in candidates:
        candidate.warm_up()
    ends = time.monotonic() + _SECONDS
    for done in range(_MAX_ROUNDS):
        if done >= _MIN_ROUNDS and time.monotonic() > ends:
            break
        for candidate in candidates:
            candidate.costs.append(candidate.run())


def ratio(candidate: Candidate, other: Candidate) -> float:
    """The median of the ratios taken round by round."""
    return statistics.median(
        mine / theirs for mine, theirs in zip(candidate.costs, other.costs, strict=True)
    )


def table(candidates: list[Candidate]) -> Iterator[str]:
    by_name = {candidate.name: candidate for candidate in candidates}
    floor, naive = by_name[FLOOR], by_name[NAIVE]
    yield "| candidate | CPU ms a flow (min-max) | x floor | x naive |"
    yield "|---|---|---|---|"
    for candidate in candidates:
        costs = [cost * 1000 for cost in candidate.costs]
        spread = f"{statistics.median(costs):.2f} ({min(costs):.2f}-{max(costs):.2f})"
        against = f"{ratio(candidate, floor):.2f} | {ratio(candidate, naive):.3f}"
        yield f"| {candidate.name} | {spread} | {against} |"


def micro_table(costs: dict[str, float]) -> Iterator[str]:
    yield "| step | CPU us |"
    yield "|---|---|"
    for step, cost in costs.items():
        yield f"| {step} | {cost:,.1f} |"


def sites(stack: ExitStack, directory: Path) -> dict[str, tuple[str, dict[str, str]]]:
    """Settings module and environment of each candidate that can run here."""
    found = {
        FLOOR: ("bench.sites.floor", {}),
        "numverify, SQLite": (
            "bench.sites.numverify_sqlite",
            {"BENCH_SQLITE": str(directory / "numverify.sqlite3")},
        ),
        NAIVE: (
            "bench.sites.naive.settings",
            {"BENCH_SQLITE": str(directory / "naive.sqlite3")},
        ),
    }
    reason = absence("postgresql")
    if reason:
        print(f"not measured: numverify on PostgreSQL: {reason}")
        return found
    url = stack.enter_context(database("postgresql", directory))
    found["numverify, PostgreSQL"] = (
        "bench.sites.numverify_postgresql",
        {"BENCH_POSTGRES_URL": url},
    )
    return found


def main() -> None:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        key_path = directory / "private.key"
        key_path.touch(0o600)
        key_path.write_text(new_private_key())
        upstream = stack.enter_context(child("bench.upstream", environment={}))
        common = {"BENCH_BASE_URL": _line(upstream), "BENCH_KEY_PATH": str(key_path)}
        candidates = []
        for name, (settings, own) in sites(stack, directory).items():
            command = ("bench.candidate", settings)
            process = stack.enter_context(child(*command, environment=common | own))
            candidates.append(Candidate(name, process))
        for candidate in candidates:
            _line(candidate.process)  # "ready"
        measure(candidates)
        print(f"\nrounds: {len(candidates[0].costs)}\n")
        print(*table(candidates), sep="\n")
        with child("bench.micro", environment=common) as process:
            print("", *micro_table(json.loads(_line(process))), sep="\n")


if __name__ == "__main__":
    main()
