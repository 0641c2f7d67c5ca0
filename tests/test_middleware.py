"""The middleware: a site that is closed, and what stays open."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.test import AsyncClient, Client, RequestFactory

from numverify import middleware
from numverify.middleware import NumberVerificationMiddleware

from .fakes import Script
from .gated import asked, is_in, ok, prove
from .views.clients import PHONE, Browser

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.gated")]
MIDDLEWARE = "numverify.middleware.NumberVerificationMiddleware"


@pytest.fixture(autouse=True)
def _closed(settings: Any, configure: Any, script: Script) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, MIDDLEWARE]
    configure(
        ENROLLED_NUMBER=lambda user: PHONE,
        EXEMPT_PATHS=["/health", "/hooks/"],
        ALLOW_ANONYMOUS_START=False,
    )


@pytest.fixture
def ada() -> User:
    return get_user_model().objects.create_user("ada", password="one", is_staff=True)


@pytest.fixture
def browser(ada: User) -> Browser:
    return Browser(ada)


@pytest.mark.parametrize("view", ["/", "/plain", "/admin/", "/form", "/classes/async"])
def test_every_view_asks(browser: Browser, script: Script, view: str) -> None:
    assert Browser().get(view)["Location"].startswith("/accounts/login/?next=")
    refused = browser.get(view)
    assert asked(refused)["next"] == view
    assert prove(browser, script, refused) == view
    assert browser.get(view).status_code == 200


def test_for_as_long_as_the_setting_says(browser: Browser, script: Script, configure: Any) -> None:
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        prove(browser, script, browser.get("/plain"))
        clock.shift(43200)
        assert is_in(browser.get("/plain"))
        clock.shift(1)
        asked(browser.get("/plain"))
        configure(SITE_MAX_AGE=43201)
        assert is_in(browser.get("/plain"))


@pytest.mark.parametrize(
    "path",
    [
        "/public",
        "/exempt",
        "/exempt-class",
        "/exempt-async",
        "/static/site.css",
        "/health",
        "/hooks/a/b",
        "/accounts/login/",
    ],
)
def test_what_is_exempt(browser: Browser, path: str) -> None:
    assert is_in(Browser().get(path))
    assert is_in(browser.get(path))


@pytest.mark.parametrize("path", ["/health/more", "/accounts/", "/statics"])
def test_what_only_looks_exempt(browser: Browser, path: str) -> None:
    response = browser.get(path)
    assert response.status_code == 404 or asked(response)


def test_logging_in_and_out_is_open(ada: User) -> None:
    browser = Browser()
    assert browser.get("/accounts/enter/").status_code == 200
    entered = browser.submit("/accounts/enter/", username="ada", password="one", next="/plain")
    assert entered["Location"] == "/plain"
    asked(browser.get("/plain"))
    browser.client.cookies["csrftoken"] = "t" * 32  # a log-in makes a new one
    assert browser.submit("/accounts/leave/")["Location"] == "/"
    assert browser.get("/plain")["Location"].startswith("/accounts/login/")


def test_the_admins_log_in_and_log_out_are_open(browser: Browser) -> None:
    assert Browser().get("/admin/login/").status_code == 200
    assert browser.submit("/admin/logout/").status_code == 200
    assert browser.get("/plain")["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("path", ["/login", "/callback", "/complete", "/numbers"])
def test_our_own_pages_are_open(browser: Browser, path: str) -> None:
    assert browser.get(path).status_code in {200, 400, 404, 405}


def test_the_log_in_page_may_be_a_name(browser: Browser, settings: Any) -> None:
    settings.LOGIN_URL = "form_page"
    assert is_in(browser.get("/form"))
    asked(browser.get("/plain"))


@pytest.mark.parametrize("url", ["/", "//cdn.example/", "https://cdn.example/", None])
def test_static_files_elsewhere_open_nothing(browser: Browser, settings: Any, url: Any) -> None:
    settings.STATIC_URL = url
    asked(browser.get("/plain"))
    asked(browser.get("/static/site.css"))


def test_a_path_that_looks_like_the_host_of_the_static_files(settings: Any) -> None:
    """A view that takes any path would be opened by it."""
    settings.STATIC_URL = "//cdn.example/"
    request = RequestFactory().get("/")
    request.path = request.path_info = "//cdn.example/account"
    assert not middleware._is_exempt_path(request)


def test_an_exempt_home_page_is_the_home_page_alone(browser: Browser, configure: Any) -> None:
    configure(EXEMPT_PATHS=["/"])
    assert is_in(browser.get("/"))
    asked(browser.get("/plain"))


def test_paths_of_a_site_below_a_prefix(browser: Browser) -> None:
    """As WSGI servers say it: the prefix is in SCRIPT_NAME."""
    below = {"SCRIPT_NAME": "/shop"}
    assert is_in(browser.client.get("/hooks/a/b", **below))  # type: ignore[arg-type]
    assert browser.client.get("/plain", **below).status_code == 302  # type: ignore[arg-type]


def test_programs_get_json(browser: Browser) -> None:
    response = browser.get("/plain", accept="application/json")
    assert (response.status_code, response.json()["error"]) == (403, "verification_required")
    response = Client().get("/plain", headers={"accept": "application/json"})
    assert (response.status_code, response.json()["error"]) == (401, "authentication_required")


def test_under_asgi(browser: Browser, script: Script) -> None:
    def get(path: str) -> Any:
        client = AsyncClient()
        client.cookies = browser.client.cookies
        return async_to_sync(client.get)(path)

    asked(get("/async"))
    assert is_in(get("/exempt-async"))
    prove(browser, script, browser.get("/plain"))
    assert is_in(get("/async"))
    assert is_in(get("/classes/async"))


def test_it_says_where_it_belongs() -> None:
    gate = NumberVerificationMiddleware(ok)
    with pytest.raises(ImproperlyConfigured, match="AuthenticationMiddleware"):
        gate.process_view(RequestFactory().get("/"), ok, [], {})
