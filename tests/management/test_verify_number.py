"""The command: exit codes, one clear line, one JSON document, never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from numverify.management.commands import verify_number
from numverify.sandbox import SandboxError
from tests.handset.backend import Backend, Reply, redirect, stall

EVEN, ODD, ERROR = "+99012345678", "+9902345601", "+99012345699"
MASKED = "+990 •••• 78"


class Run:
    """The command as from a shell; ``out`` and ``err`` are what it wrote."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *argv: str) -> None:
        self.code: Any = 0
        try:
            verify_number.Command().run_from_argv(["manage.py", "verify_number", *argv])
        except SystemExit as ended:
            self.code = ended.code
        self.out, self.err = capsys.readouterr()
        assert "Traceback" not in self.out + self.err

    @property
    def line(self) -> str:
        """All that was written, if that is one line."""
        (line,) = (self.out + self.err).splitlines()
        return line

    @property
    def document(self) -> dict[str, Any]:
        assert self.err == ""
        found: dict[str, Any] = json.loads(self.line)
        assert found["exit_code"] == self.code
        return found


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    return lambda *argv: Run(capsys, *argv)


# -- offline, with what it starts itself -------------------------------------------------
def test_even_number_is_verified(run: Any) -> None:
    done = run(EVEN)
    assert done.code == 0
    assert done.line.startswith(f"{MASKED}: verified in ")


def test_odd_number_is_not_verified(run: Any) -> None:
    done = run(ODD, "--json")
    assert (done.code, done.document["result"]) == (1, "not_verified")
    assert done.document["phone"] == "+990 •••• 01"
    assert done.document["id"]


def test_99_could_not_be_found_out(run: Any) -> None:
    done = run(ERROR)
    assert done.code == 2
    assert done.line.startswith("+990 •••• 99: could not find out (operator_error): ")


def test_live_site_verifies_virtual_numbers_in_the_sandbox_alone(run: Any, configure: Any) -> None:
    configure(ENVIRONMENT="production", VONAGE_API_BASE_URL="http://127.0.0.1:1")
    done = run(EVEN)
    assert done.line.startswith(f"{MASKED}: verified in ")
    assert done.code == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("phone", "code"), [(EVEN, 0), (ODD, 1), (ERROR, 2), ("+9", 64), ("+99012x", 64)]
)
def test_exit_codes_of_a_real_process(phone: str, code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "django", "verify_number", phone],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code
    assert len((done.stdout + done.stderr).splitlines()) == 1


def test_sandbox_that_does_not_start(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> Any:
        raise SandboxError("The sandbox did not start: no room on device")

    monkeypatch.setattr(verify_number, "launch", refuse)
    done = run(EVEN)
    assert done.code == 2
    assert done.line.endswith("(sandbox): The sandbox did not start: no room on device")


# -- against a backend -------------------------------------------------------------------
def test_tutorials_backend(run: Any, backend: Backend) -> None:
    assert run(EVEN, "--backend", backend.url).code == 0
    backend.routes["/callback"] = Reply({"devicePhoneNumberVerified": False})
    done = run(EVEN, "--backend", backend.url)
    assert done.code == 1
    assert done.line == f"{MASKED}: not verified: The SIM that answered does not have this number."


def test_json_document(run: Any, backend: Backend) -> None:
    backend.completing()
    document = run(EVEN, "--json", "--backend", backend.url).document
    assert document.pop("seconds") >= 0
    assert [step.pop("milliseconds") >= 0 for step in document["steps"]] == [True] * 4
    assert document.pop("steps")[0] == {
        "method": "POST",
        "url": f"{backend.url}/login",
        "status": 200,
    }
    assert document == {
        "result": "verified",
        "exit_code": 0,
        "reason": None,
        "detail": None,
        "phone": MASKED,
        "backend": backend.url,
        "id": "a-1",
    }


def test_json_document_of_a_failure(run: Any, backend: Backend) -> None:
    backend.routes["/callback"] = Reply({"error": "access_denied", "detail": "They said no."}, 403)
    document = run(EVEN, "--json", "-v", "2", "--backend", backend.url).document
    assert (document["result"], document["exit_code"]) == ("could_not_find_out", 2)
    assert (document["reason"], document["detail"]) == ("access_denied", "They said no.")


def test_steps_are_printed_and_hide_what_is_secret(run: Any, backend: Backend) -> None:
    backend.completing()
    backend.routes["/auth"] = redirect("/callback?code=s3cret-code&state=s3cret-state")
    done = run(EVEN, "-v", "2", "--backend", backend.url)
    lines = done.out.splitlines()
    assert lines[0] == f"{MASKED} at {backend.url}"
    assert lines[1].startswith(f"  1. POST {backend.url}/login  200  ")
    assert lines[3].startswith(f"  3. GET  {backend.url}/callback?code=…&state=…  200  ")
    assert lines[-1].startswith(f"{MASKED}: verified in ")
    assert len(lines) == 6
    assert "s3cret" not in done.out
    assert EVEN[1:] not in done.out


def test_step_without_an_answer(run: Any, backend: Backend) -> None:
    backend.routes["/auth"] = redirect("http://127.0.0.1:1/")
    done = run(EVEN, "-v", "2", "--backend", backend.url)
    assert done.code == 2
    assert "http://127.0.0.1:1/  ---  " in done.out
    assert (
        done.err == f"{MASKED}: could not find out (unreachable): The server cannot be reached.\n"
    )


def test_timeout_is_kept(run: Any, backend: Backend) -> None:
    backend.routes["/login"] = stall(backend)
    done = run(EVEN, "--backend", backend.url, "--timeout", "0.3")
    assert done.code == 2
    assert "(timeout)" in done.line


# -- bad usage ---------------------------------------------------------------------------
BAD_USAGE = [
    [],
    ["12"],
    ["nonsense"],
    ["+" + "9" * 16],
    ["+99012345678", "more"],
    ["+99012345678", "--nope"],
    ["+99012345678", "--timeout", "0"],
    ["+99012345678", "--timeout", "-1"],
    ["+99012345678", "--timeout", "nan"],
    ["+99012345678", "--timeout", "inf"],
    ["+99012345678", "--timeout", "soon"],
    ["+99012345678", "--timeout"],
    ["+99012345678", "--backend", "localhost:3000"],
    ["+99012345678", "--backend", "ftp://localhost"],
    ["+99012345678", "--backend", "http://"],
    ["+99012345678", "--backend", "http://user:pass@localhost"],
    ["+99012345678", "--backend", "http://localhost/?x=1"],
    ["+99012345678", "--backend", "http://localhost/#x"],
    ["+99012345678", "-v", "9"],
]


@pytest.mark.parametrize("argv", BAD_USAGE, ids=" ".join)
def test_bad_usage_is_64_and_one_line(run: Any, argv: list[str]) -> None:
    done = run(*argv)
    assert done.code == 64
    assert done.out == ""
    assert done.line.startswith("verify_number: ")


@pytest.mark.parametrize("argv", BAD_USAGE, ids=" ".join)
def test_bad_usage_is_one_document_with_json(run: Any, argv: list[str]) -> None:
    done = run("--json", *argv)
    assert done.code == 64
    assert done.document["result"] == "bad_usage"
    assert done.document["reason"]
    assert done.document["detail"]


def test_malformed_number_is_not_repeated(run: Any) -> None:
    assert "5551234" not in run("5551234").line


def test_help_is_no_error(run: Any) -> None:
    done = run("--help")
    assert done.code == 0
    assert "64: bad usage" in " ".join(done.out.split())


def test_called_from_python_bad_usage_is_a_command_error() -> None:
    with pytest.raises(CommandError):
        call_command("verify_number")


# -- what nobody foresaw -----------------------------------------------------------------
def test_fault_of_ours_is_not_taken_for_an_answer(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify_number, "launch", lambda: 1 / 0)
    done = run(EVEN)
    assert done.code == 2
    assert done.line.startswith(f"{MASKED}: could not find out (internal_error): ZeroDivisionError")
    with pytest.raises(ZeroDivisionError):
        run(EVEN, "--traceback")


def test_ctrl_c_ends_quietly(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(verify_number, "launch", interrupt)
    assert run(EVEN).code == 130


def test_failing_system_check_is_not_taken_for_an_answer(run: Any, settings: Any) -> None:
    settings.ROOT_URLCONF = "no.such.urls"
    assert run(EVEN).code == 0
