from __future__ import annotations

import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.management import CommandError, call_command
from django.test import override_settings

from numverify.management.commands import run_virtual_operator
from numverify.virtual_operator import keys

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def private_key() -> str:
    return keys.new_private_key()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., str]:
    """Run the command until it waits; what it printed, and a look at what it serves."""

    def run(*arguments: str, key_dir: Path = tmp_path) -> str:
        out, err = StringIO(), StringIO()

        def look_then_interrupt(_: object) -> None:
            base_url = re.search(r"Virtual Operator at (\S+)", out.getvalue())
            assert base_url
            assert requests.get(base_url[1], timeout=10).ok
            raise KeyboardInterrupt

        monkeypatch.setattr(run_virtual_operator.Command, "wait", look_then_interrupt)
        call_command(
            "run_virtual_operator",
            *("--port", "0", "--key-dir", str(key_dir), *arguments),
            stdout=out,
            stderr=err,
        )
        return out.getvalue() + err.getvalue()

    return run


def variables(printed: str) -> dict[str, str]:
    return dict(re.findall(r"^  (VONAGE_\w+)=(.+)$", printed, re.MULTILINE))


def numverify(**settings: Any) -> override_settings:
    return override_settings(NUMVERIFY={"ENVIRONMENT": "virtual", **settings})


@numverify()
def test_a_key_is_made_once_for_its_owner_only(run: Callable[..., str], tmp_path: Path) -> None:
    key_dir = tmp_path / "made" / "here"
    first = variables(run(key_dir=key_dir))
    path = Path(first["VONAGE_PRIVATE_KEY_PATH"])
    assert path == key_dir / "virtual-operator.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert first["VONAGE_REDIRECT_URI"] == "http://localhost:3000/callback"
    assert first["VONAGE_APPLICATION_ID"] == keys.application_id_for(
        keys.public_pem(path.read_text())
    )
    second = variables(run(key_dir=key_dir))
    first.pop("VONAGE_API_BASE_URL")
    assert first.items() <= second.items()


@numverify()
def test_it_prints_the_table_and_no_key(run: Callable[..., str], tmp_path: Path) -> None:
    printed = run()
    assert "+9909114503" in printed
    assert "PRIVATE KEY-----" not in printed
    assert "Warning" not in printed
    assert printed.endswith("Stopped.\n")


def test_the_sites_key_is_used(run: Callable[..., str], tmp_path: Path, private_key: str) -> None:
    path = tmp_path / "site.pem"
    path.write_text(private_key)
    site: list[dict[str, Any]] = [
        {"VONAGE_PRIVATE_KEY": private_key},
        {"VONAGE_PRIVATE_KEY": lambda: private_key},
        {"VONAGE_PRIVATE_KEY_PATH": str(path)},
    ]
    for settings in site:
        with numverify(
            VONAGE_APPLICATION_ID="mine", VONAGE_REDIRECT_URI="http://mine/callback", **settings
        ):
            printed = run()
        assert "site's configured key" in printed
        assert variables(printed)["VONAGE_APPLICATION_ID"] == "mine"
        assert variables(printed)["VONAGE_REDIRECT_URI"] == "http://mine/callback"
    assert not (tmp_path / "virtual-operator.key").exists()


@numverify(VONAGE_REDIRECT_URI="http://site/callback")
def test_public_keys_and_options(run: Callable[..., str], tmp_path: Path, private_key: str) -> None:
    paths = [tmp_path / "one.pem", tmp_path / "two.pem"]
    for path, key in zip(paths, (private_key, keys.new_private_key()), strict=True):
        path.write_text(keys.public_pem(key))
    printed = run(
        *("--public-key", str(paths[0]), "--public-key", str(paths[1])),
        *("--application-id", "app", "--redirect-uri", "http://x/callback"),
    )
    assert variables(printed).keys() == {
        "VONAGE_API_BASE_URL",
        "VONAGE_APPLICATION_ID",
        "VONAGE_REDIRECT_URI",
    }
    assert variables(printed)["VONAGE_APPLICATION_ID"] == "app"
    assert variables(printed)["VONAGE_REDIRECT_URI"] == "http://x/callback"


@numverify()
def test_another_host_is_warned_about(run: Callable[..., str]) -> None:
    assert "can be reached from other machines" in run("--host", "0.0.0.0")
    assert "can be reached" not in run("--host", "localhost")


@numverify()
def test_a_busy_port_is_said_plainly(run: Callable[..., str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        with pytest.raises(CommandError, match=f"Port {port} on 127.0.0.1 is in use"):
            run("--port", str(port))


@numverify()
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "70000"], "Cannot listen on port 70000"),
        (["--host", "host.invalid"], "Cannot listen on port 0 of host.invalid"),
        (["--redirect-uri", "/callback"], "redirect URI must be absolute"),
        (["--public-key", "/nowhere/key.pem"], "Cannot read /nowhere/key.pem"),
        (["--public-key", __file__], "not a public key"),
        (["--public-key", sys.executable], "not PEM text"),
        (["--key-dir", f"{__file__}/x"], "Cannot write"),
    ],
)
def test_what_cannot_work_is_one_line(
    run: Callable[..., str], arguments: list[str], words: str
) -> None:
    with pytest.raises(CommandError, match=words) as caught:
        run(*arguments)
    assert "\n" not in str(caught.value)


@numverify(VONAGE_PRIVATE_KEY="not a key")
def test_a_bad_site_key(run: Callable[..., str]) -> None:
    with pytest.raises(CommandError, match="not a private key"):
        run()


def test_as_a_process_it_serves_until_ctrl_c(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "django", "run_virtual_operator", "--settings=tests.settings"]
    with subprocess.Popen(
        [*command, "--port=0", f"--key-dir={tmp_path}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdout
        printed = ""
        while "VONAGE_REDIRECT_URI" not in printed:
            line = process.stdout.readline()
            assert line
            printed += line
        base_url = variables(printed)["VONAGE_API_BASE_URL"]
        counts = requests.get(f"{base_url}/virtual-operator/counts", timeout=10).json()
        assert counts["token"] == 0
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    assert out.endswith("Stopped.\n")
