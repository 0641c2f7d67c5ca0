"""``docs/django-otp.md``: its blocks of Python are a site, as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import clear_url_caches, set_urlconf
from django.utils.module_loading import import_string

from tests import settings as core
from tests.fakes import Script
from tests.views.clients import Browser, back

from . import urls

ROOT = Path(__file__).resolve().parents[3]
DOC = (ROOT / "docs" / "django-otp.md").read_text()
SETTINGS, VIEWS, ADMIN, CODE = re.findall(r"```python\n(.*?)```", DOC, re.DOTALL)


@pytest.fixture
def tutorial(settings: Any, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The site of the tutorial; its apps are those of the tests already."""
    written: dict[str, Any] = {
        "INSTALLED_APPS": [app for app in core.INSTALLED_APPS if "otp" not in app],
        "MIDDLEWARE": core.MIDDLEWARE,
        "NUMVERIFY": settings.NUMVERIFY,
    }
    exec(SETTINGS, written)
    assert written["INSTALLED_APPS"] == core.INSTALLED_APPS
    for name in ("MIDDLEWARE", "NUMVERIFY", "OTP_LOGIN_URL"):
        setattr(settings, name, written[name])
    module = ModuleType("tests_tutorial_urls")
    vars(module)["urlpatterns"] = [*urls.urlpatterns]
    exec(VIEWS, vars(module))
    exec(CODE, vars(module))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    settings.ROOT_URLCONF = module.__name__
    clear_url_caches()
    set_urlconf(None)
    return module


def test_to_the_step_up_and_back(
    tutorial: ModuleType, browser: Browser, script: Script, alice: User
) -> None:
    response = browser.get("/vault")
    assert response["Location"] == "/login?purpose=step_up&next=/vault"
    page = browser.get(response["Location"])
    form = page.context["form"]
    fields = {name: str(form.initial[name]) for name in ("purpose", "next")}
    assert fields == {"purpose": "step_up", "next": "/vault"}
    assert browser.submit("/login", binding="session", **fields).status_code == 303
    assert back(browser.client, script)["Location"] == "/vault"
    assert browser.get("/vault").content.decode() == "Verified by +990 •••• 78"


def test_who_is_not_logged_in_logs_in_first(
    tutorial: ModuleType, alice: User, settings: Any
) -> None:
    stranger = Browser()
    step_up = stranger.get("/vault")["Location"]
    answer = stranger.get(step_up)
    assert answer.status_code == 302
    assert answer["Location"].startswith(settings.LOGIN_URL)
    stranger.client.force_login(alice)
    assert stranger.get(step_up).status_code == 200


def test_what_it_names_can_be_imported(tutorial: ModuleType, settings: Any) -> None:
    names: dict[str, Any] = {}
    exec(ADMIN, names)
    for name in (names["AdminConfig"].default_site, settings.NUMVERIFY["NUMBER_CHANGE_ALLOWED"]):
        assert callable(import_string(name))
    assert tutorial.urlpatterns[-1].name == "code"


DEFAULT_SITE = """
import django
from django.conf import settings
import tests.settings as test_settings
values = {key: getattr(test_settings, key) for key in dir(test_settings) if key.isupper()}
apps = values["INSTALLED_APPS"]
AdminConfig.name, AdminConfig.__module__ = "django.contrib.admin", "site_apps"
import sys
sys.modules["site_apps"] = sys.modules["__main__"]
values["INSTALLED_APPS"] = ["site_apps.AdminConfig" if "contrib.admin" in a else a for a in apps]
settings.configure(**values)
django.setup()
from django.contrib import admin
from numverify.contrib.otp.models import NumberVerificationDevice
from numverify.models import VerificationAttempt
print(type(admin.site._wrapped).__name__, admin.site.name)
print(admin.site.is_registered(NumberVerificationDevice))
print(admin.site.is_registered(VerificationAttempt))
"""


@pytest.mark.slow
def test_as_the_default_site_it_has_every_model(tmp_path: Path) -> None:
    """In a process of its own: the default site is made once in a process."""
    script = tmp_path / "site.py"
    script.write_text(ADMIN + DEFAULT_SITE)
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["NumverifyOTPAdminSite", "otpadmin", "True", "True"]
