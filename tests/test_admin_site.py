"""An admin site that asks for a proof."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.views.decorators.csrf import csrf_exempt

from . import gated
from .fakes import Script
from .gated import asked, prove
from .views.clients import PHONE, Browser

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.gated")]
PAGES = ["/gated/", "/gated/password_change/", "/gated/jsi18n/", "/gated/auth/user/add/"]


@pytest.fixture
def staff(configure: Any, script: Script) -> Browser:
    configure(ENROLLED_NUMBER=lambda user: PHONE)
    return Browser(User.objects.create_superuser("staff", password="one"))


@pytest.mark.parametrize("page", PAGES)
def test_every_page_asks(staff: Browser, script: Script, page: str) -> None:
    refused = staff.get(page)
    assert asked(refused)["next"] == page
    assert prove(staff, script, refused) == page
    assert staff.get(page).status_code == 200


def test_a_post_is_refused_before_anything_happens(staff: Browser) -> None:
    asked(staff.submit("/gated/password_change/", old_password="one"))


def test_the_password_comes_first(staff: Browser) -> None:
    stranger = Browser().get("/gated/")
    assert stranger["Location"].startswith("/gated/login/?next=")
    someone = Browser(User.objects.create_user("someone"))
    assert someone.get("/gated/")["Location"].startswith("/gated/login/?next=")


def test_log_in_and_log_out_are_open(staff: Browser) -> None:
    browser = Browser()
    assert browser.get("/gated/login/").status_code == 200
    entered = browser.submit("/gated/login/", username="staff", password="one", next="/gated/")
    assert entered["Location"] == "/gated/"
    asked(browser.get("/gated/"))
    browser.client.cookies["csrftoken"] = "t" * 32  # a log-in makes a new one
    assert browser.submit("/gated/logout/").status_code == 200
    assert browser.get("/gated/")["Location"].startswith("/gated/login/")


def test_for_how_long(staff: Browser, script: Script) -> None:
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        prove(staff, script, staff.get("/gated/"))
        clock.shift(61)
        assert staff.get("/gated/").status_code == 200
        asked(staff.get("/quick/"))
        clock.shift(43200)
        asked(staff.get("/gated/"))


def test_a_view_stays_what_it_was() -> None:
    """The admin adds its CSRF test to what does not carry the mark."""
    view = gated.gated_admin.admin_view(csrf_exempt(gated.ok))
    assert (view.__name__, view.csrf_exempt) == ("ok", True)


def test_an_unprotected_admin_is_as_it_was(staff: Browser) -> None:
    assert staff.get("/admin/").status_code == 200


def test_it_can_be_the_default_site() -> None:
    """The class is imported while Django makes the default site that models register at."""
    program = """
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="x",
    INSTALLED_APPS=[
        "tests.default_admin.Config", "django.contrib.auth", "django.contrib.contenttypes",
        "django.contrib.sessions", "django.contrib.messages", "numverify",
    ],
)
django.setup()
from django.contrib import admin
from numverify.models import VerificationAttempt
assert admin.site.is_registered(VerificationAttempt)
print(type(admin.site._wrapped).__name__)
"""
    done = subprocess.run(  # noqa: PLW1510 - the output says more
        [sys.executable, "-c", program], capture_output=True, text=True
    )
    assert (done.stdout.strip(), done.stderr) == ("NumberVerificationAdminSite", "")
