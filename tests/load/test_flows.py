"""Many flows at once: nothing of one is ever used for another, and nothing is wasted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from numverify.virtual_operator.keys import new_private_key, public_pem
from numverify.virtual_operator.rules import Call
from numverify.virtual_operator.server import RunningServer, VirtualOperator, serve

pytestmark = pytest.mark.slow

_ROOT = Path(__file__).parents[2]
_APPLICATION_ID = "0b5f7a4e-5a7c-4a3c-9d2e-2f1f0a7c9b11"
_REDIRECT_URI = "http://testserver/callback"
CONNECTIONS = 10


@contextmanager
def operator(private_key: str) -> Iterator[RunningServer]:
    virtual = VirtualOperator(
        application_id=_APPLICATION_ID,
        public_keys=[public_pem(private_key)],
        redirect_uri=_REDIRECT_URI,
        code_seconds=3600,
    )
    with serve(virtual) as running:
        yield running


def drive(database_url: str, flows: int, threads: int) -> tuple[dict[str, Any], RunningServer]:
    """Run the flows on an empty database; what the site reports, and the operator."""
    private_key = new_private_key()
    with operator(private_key) as running:
        environment = os.environ | {
            "PYTHONPATH": str(_ROOT),
            "DATABASE_URL": database_url,
            "ATOMIC_REQUESTS": "True",
            "LOAD_APPLICATION_ID": _APPLICATION_ID,
            "LOAD_PRIVATE_KEY": private_key,
            "LOAD_BASE_URL": running.base_url,
        }
        finished = subprocess.run(
            [sys.executable, "-m", "tests.load.drive", str(flows), str(threads)],
            env=environment,
            cwd=_ROOT,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    assert finished.returncode == 0, finished.stderr[-2000:]
    return json.loads(finished.stdout), running


def test_interleaved_flows_use_their_own_number_and_token(database_url: str) -> None:
    report, running = drive(database_url, flows=50, threads=10)
    served = running.operator.served
    issued = {one.token: one for one in served if one.call == Call.TOKEN}
    verified = [one for one in served if one.call == Call.VERIFY]
    assert len(issued) == len(verified) == 50
    for one in verified:
        # The number asked about is the one of the SIM that the token, and before it the
        # code, was issued for.
        assert one.phone == one.sim == issued[one.token].sim
    assert {one.token for one in verified} == issued.keys()
    assert {one.phone for one in verified} == report["answers"].keys()
    for number, answer in report["answers"].items():
        assert answer["devicePhoneNumberVerified"] is (int(number[-1]) % 2 == 0)


def test_a_thousand_flows_waste_nothing(database_url: str) -> None:
    report, running = drive(database_url, flows=1000, threads=CONNECTIONS)
    assert report["rows"] == {"awaiting_completion": 500, "not_verified": 500}
    assert report["requests"] == 3000
    counts = running.operator.counts
    assert [counts[call] for call in ("enablement", "token", "verify")] == [1000, 1000, 1000]
    assert running.connections - report["phones"] <= CONNECTIONS
    assert report["parses"] == 1
    # A JWT serves 210 s; this takes a fraction, but machines differ.
    assert report["signatures"] <= 2
    assert report["in_transaction"] == 0
    # One insert; claim, read, settle.
    assert report["statements"] == 4 * 1000
