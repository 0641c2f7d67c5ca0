from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from numverify.virtual_operator import embedded, keys
from numverify.virtual_operator.embedded import ensure_running

REDIRECT_URI = "http://testserver/callback"


@pytest.fixture(autouse=True)
def _own_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in a process that has not started any; what was started is stopped."""
    process = embedded._Process()
    monkeypatch.setattr(embedded, "_process", process)
    yield
    for server in process.running.values():
        server.stop()


@pytest.fixture(scope="module")
def public_keys() -> list[str]:
    return [keys.public_pem(keys.new_private_key()) for _ in range(2)]


def test_one_operator_per_registration(public_keys: list[str]) -> None:
    def start(application_id: str, key: str, uri: str) -> str:
        return ensure_running(application_id=application_id, public_key_pem=key, redirect_uri=uri)

    first = start("a", public_keys[0], REDIRECT_URI)
    assert start("a", public_keys[0], REDIRECT_URI) == first
    others = {
        start("b", public_keys[0], REDIRECT_URI),
        start("a", public_keys[1], REDIRECT_URI),
        start("a", public_keys[0], REDIRECT_URI + "/"),
    }
    assert len({first, *others}) == 4
    assert first.startswith("http://127.0.0.1:")
    assert requests.get(first, timeout=10).ok


def test_twenty_threads_start_one(public_keys: list[str]) -> None:
    def start(_: int) -> str:
        return ensure_running(
            application_id="a", public_key_pem=public_keys[0], redirect_uri=REDIRECT_URI
        )

    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(start, range(20)))) == 1


def test_the_operator_at_hand(public_keys: list[str]) -> None:
    assert embedded.operator() is None
    url = ensure_running(
        application_id="a", public_key_pem=public_keys[0], redirect_uri=REDIRECT_URI
    )
    operator = embedded.operator()
    assert operator is not None
    requests.get(f"{url}/oauth2/auth", timeout=10)
    assert operator.counts["auth"] == 1


def test_throwaway_credentials_are_made_once() -> None:
    application_id, private_key = embedded.throwaway_credentials()
    assert embedded.throwaway_credentials() == (application_id, private_key)
    assert private_key.startswith("-----BEGIN PRIVATE KEY-----")
    url = ensure_running(
        application_id=application_id,
        public_key_pem=keys.public_pem(private_key),
        redirect_uri=REDIRECT_URI,
    )
    assert requests.get(url, timeout=10).ok


def run(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


START = """
import os, sys, urllib.request
from numverify.virtual_operator import embedded, keys
application_id, key = embedded.throwaway_credentials()
registered = dict(application_id=application_id, public_key_pem=keys.public_pem(key),
                  redirect_uri="http://testserver/callback")
def fetch(url):
    return urllib.request.urlopen(url, timeout=10).status
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_child_of_a_fork_starts_its_own() -> None:
    script = """
url = embedded.ensure_running(**registered)
assert fetch(url) == 200
child = os.fork()
if child == 0:
    assert embedded.operator() is None
    assert embedded.throwaway_credentials() == (application_id, key)
    own = embedded.ensure_running(**registered)
    assert own != url and fetch(own) == 200
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert embedded.ensure_running(**registered) == url and fetch(url) == 200
print("both served")
"""
    assert run(START + script) == "both served\n"


def test_a_kept_connection_does_not_hold_the_process_up() -> None:
    script = """
import http.client
url = embedded.ensure_running(**registered)
kept = http.client.HTTPConnection(url.removeprefix("http://"))
kept.request("GET", "/"); kept.getresponse().read()
print("done")
"""
    assert run(START + script) == "done\n"


def test_it_needs_no_django() -> None:
    script = """
import sys
sys.modules["django"] = None
import numverify.virtual_operator.embedded, numverify.virtual_operator.server
print("imported")
"""
    assert run(script) == "imported\n"
