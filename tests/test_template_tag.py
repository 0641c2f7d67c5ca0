"""``{% load numverify %}``: what a page may show."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.template import Context, Template
from django.test import RequestFactory

from .fakes import Script
from .gated import prove
from .views.clients import PHONE, Browser

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.gated")]
ASK = "{% if request|number_verified:60 %}yes{% else %}no{% endif %}"


@pytest.fixture
def browser(configure: Any, script: Script) -> Browser:
    configure(ENROLLED_NUMBER=lambda user: PHONE)
    return Browser(get_user_model().objects.create_user("ada"))


def shown(browser: Browser, template: str = ASK) -> str:
    return str(browser.get("/tag", {"template": template}).content.decode())


def test_it_says_whether(browser: Browser, script: Script) -> None:
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        assert shown(browser) == "no"
        prove(browser, script, browser.get("/bare"))
        assert shown(browser) == "yes"
        assert shown(browser, ASK.replace("60", "'60'")) == "yes"
        clock.shift(61)
        assert shown(browser) == "no"
        assert shown(browser, "{{ request|number_verified }}") == "True"
        clock.shift(600)
        assert shown(browser, "{{ request|number_verified }}") == "False"


def test_nobody_has_not(script: Script) -> None:
    assert shown(Browser()) == "no"


@pytest.mark.parametrize("context", [{}, {"request": None}, {"request": "text"}])
def test_a_page_without_request_has_not(context: dict[str, Any]) -> None:
    assert Template("{% load numverify %}" + ASK).render(Context(context)) == "no"


def test_a_request_without_session_has_not() -> None:
    """As an error page that is made before any middleware ran."""
    context = Context({"request": RequestFactory().get("/")})
    assert Template("{% load numverify %}" + ASK).render(context) == "no"
