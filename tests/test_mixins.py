"""The mixin: the gate of the decorator, for classes."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.views import View

from numverify.mixins import NumberVerificationRequiredMixin

from .fakes import Script
from .gated import asked, is_in, prove
from .views.clients import PHONE, Browser

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.gated")]


@pytest.fixture
def ada(configure: Any, script: Script) -> User:
    configure(ENROLLED_NUMBER=lambda user: PHONE)
    return get_user_model().objects.create_user("ada")


@pytest.fixture
def browser(ada: User) -> Browser:
    return Browser(ada)


@pytest.mark.parametrize("view", ["/classes/plain", "/classes/async"])
def test_a_class_asks(browser: Browser, script: Script, view: str) -> None:
    assert Browser().get(view)["Location"].startswith("/accounts/login/")
    assert prove(browser, script, browser.get(view)) == view
    assert is_in(browser.get(view))


def test_its_age_is_an_attribute(browser: Browser, script: Script) -> None:
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        prove(browser, script, browser.get("/classes/plain"))
        clock.shift(60)
        assert is_in(browser.get("/classes/plain"))
        clock.shift(0.001)
        asked(browser.get("/classes/plain"))
        assert is_in(browser.get("/classes/async")), "the default is longer"


def test_methods_say_what_is_bound(browser: Browser, script: Script) -> None:
    refused = browser.submit("/classes/pay/10")
    assert asked(refused)["next"] == "/form"
    assert "10 EUR" in browser.get(refused["Location"]).content.decode()
    prove(browser, script, refused)
    asked(browser.submit("/classes/pay/90"))
    asked(browser.submit("/classes/twin/10"))
    assert is_in(browser.submit("/classes/pay/10"))
    asked(browser.submit("/classes/pay/10"))


def test_a_form_may_be_looked_at(browser: Browser, script: Script) -> None:
    assert is_in(browser.get("/classes/form"))
    prove(browser, script, browser.submit("/classes/form"))
    assert is_in(browser.submit("/classes/form"))


def test_the_purpose_is_looked_at(browser: Browser, script: Script) -> None:
    prove(browser, script, browser.submit("/classes/form"))
    session = browser.client.session
    session["numverify_elevation"] = session["numverify_elevation"] | {"purpose": "login"}
    session.save()
    assert is_in(browser.get("/classes/plain"))
    asked(browser.submit("/classes/form"))


def test_a_program_gets_json(browser: Browser) -> None:
    response = browser.get("/classes/async", accept="application/json")
    assert (response.status_code, response.json()["error"]) == (403, "verification_required")


def test_nothing_of_the_view_runs_before(ada: User) -> None:
    ran = []

    class Base(View):
        def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            ran.append(request)
            return HttpResponse()

    class Gated(NumberVerificationRequiredMixin, Base):
        pass

    request = RequestFactory().get("/")
    request.user, request.session = ada, {}  # type: ignore[assignment]
    assert Gated.as_view()(request).status_code == 302
    assert ran == []
