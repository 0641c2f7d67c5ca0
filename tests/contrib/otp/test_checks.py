"""The checks of the adapter, and that the core has none of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks

from .site import OTP, OURS

ROOT = Path(__file__).resolve().parents[3]


def ids() -> set[str]:
    found = (str(message.id) for message in run_checks(tags=["numverify"]))
    return {each for each in found if each.startswith("numverify_otp.")}


@pytest.mark.parametrize(
    ("middleware", "expected"),
    [
        ([OTP, OURS], set()),
        ([OTP], {"numverify_otp.W002"}),
        ([OURS, OTP], {"numverify_otp.W002"}),
        ([OURS], {"numverify_otp.W001"}),
        ([], {"numverify_otp.W001"}),
    ],
)
def test_the_middleware_in_its_order(
    settings: Any, middleware: list[str], expected: set[str]
) -> None:
    kept = [path for path in settings.MIDDLEWARE if path not in (OTP, OURS)]
    settings.MIDDLEWARE = kept + middleware
    assert ids() == expected


def test_django_otp_must_be_an_app(settings: Any) -> None:
    apps = [app for app in settings.INSTALLED_APPS if app != "django_otp"]
    settings.INSTALLED_APPS = apps
    assert ids() == {"numverify_otp.E003"}


CORE_ALONE = """
import sys, django
from django.conf import settings
import tests.settings as test_settings
values = {key: getattr(test_settings, key) for key in dir(test_settings) if key.isupper()}
values["INSTALLED_APPS"] = [app for app in values["INSTALLED_APPS"] if "otp" not in app]
settings.configure(**values)
django.setup()
from django.core.management import call_command
call_command("check")
from django.urls import get_resolver
get_resolver().url_patterns
print([name for name in sys.modules if "otp" in name.split(".") or name.startswith("django_otp")])
"""


@pytest.mark.slow
def test_the_core_runs_without_it() -> None:
    """In a process of its own: no module of ours or of django-otp is loaded."""
    done = subprocess.run(
        [sys.executable, "-c", CORE_ALONE], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "[]"
