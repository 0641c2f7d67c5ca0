"""The demo's settings, as the environment makes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import manage

pytestmark = pytest.mark.slow  # a process each

_PRINT = """
import json
from django.conf import settings
from django.core.cache import cache
print(json.dumps({
    "numverify": settings.NUMVERIFY, "database": settings.DATABASES["default"],
    "cache": settings.CACHES["default"]}, default=str))
"""
APPLICATION = "5b1e2b4e-6a7d-4a52-b3c4-1b9a6c1f0c11"


def _settings(folder: Path, **values: str) -> dict[str, Any]:
    done = manage(folder, "shell", "--no-imports", "-c", _PRINT, **values)
    assert not done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_without_credentials_the_virtual_operator_plays(tmp_path: Path) -> None:
    found = _settings(tmp_path)["numverify"]
    assert found["ENVIRONMENT"] == "virtual"
    assert found["VONAGE_REDIRECT_URI"] == "http://localhost:3000/callback"
    assert "PRIVATE KEY" in found["VONAGE_PRIVATE_KEY"]
    assert found["ALLOW_ANONYMOUS_START"] is True


def test_the_folder_keeps_who_the_demo_is(tmp_path: Path) -> None:
    assert _settings(tmp_path)["numverify"] == _settings(tmp_path)["numverify"]


def test_sqlite_is_set_up_as_a_server_would(tmp_path: Path) -> None:
    options = _settings(tmp_path)["database"]["OPTIONS"]
    assert "journal_mode=WAL" in options["init_command"]
    assert "synchronous=NORMAL" in options["init_command"]
    assert options["transaction_mode"] == "IMMEDIATE"
    assert options["timeout"] == 20


def test_other_databases_get_no_options_of_sqlite(tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason="Django loads the driver (dependency group: databases)")
    database = _settings(tmp_path, DATABASE_URL="postgres://u:p@db.example/n")["database"]
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert "transaction_mode" not in database["OPTIONS"]


def test_the_port_moves_the_redirect_uri(tmp_path: Path) -> None:
    found = _settings(tmp_path, PORT="4100")["numverify"]
    assert found["VONAGE_REDIRECT_URI"] == "http://localhost:4100/callback"


def test_credentials_switch_to_the_real_service(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        f"VONAGE_APPLICATION_ID={APPLICATION}\n"
        'VONAGE_PRIVATE_KEY="-----BEGIN PRIVATE KEY-----\\nAAAA\\n-----END PRIVATE KEY-----"\n'
    )
    found = _settings(tmp_path)["numverify"]
    assert found["ENVIRONMENT"] == "playground"
    assert found["VONAGE_APPLICATION_ID"] == APPLICATION
    assert found["VONAGE_PRIVATE_KEY"].splitlines()[1] == "AAAA"
    assert not (tmp_path / "private.key").exists()


def test_the_environment_can_be_named(tmp_path: Path) -> None:
    values = {"VONAGE_APPLICATION_ID": APPLICATION, "NUMVERIFY_ENVIRONMENT": "production"}
    assert _settings(tmp_path, **values)["numverify"]["ENVIRONMENT"] == "production"


def test_half_of_the_credentials_is_an_error_and_no_rehearsal(tmp_path: Path) -> None:
    done = manage(tmp_path, "check", VONAGE_APPLICATION_ID=APPLICATION)
    assert done.returncode == 1
    assert "VONAGE_PRIVATE_KEY" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_demo_passes_its_own_checks(tmp_path: Path) -> None:
    done = manage(tmp_path, "check")
    assert done.returncode == 0
    assert "no issues" in done.stdout
