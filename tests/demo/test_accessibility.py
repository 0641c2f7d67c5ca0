"""The demo as it is served, under its strict policy, looked at by axe-core on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from demo_project.policy import POLICY
from tests.chromium import documented_policy, violations_everywhere

from .conftest import Demo

pytestmark = pytest.mark.browser
OPEN = "a.nv-button:has-text('Open the check')"


def _complaint(message: Any) -> list[str]:
    # An icon that Django's admin does not name; and the poll of a page whose session was
    # just renewed, which ends the polling.
    missing = message.text.startswith("Failed to load resource")
    benign = re.search(r"/favicon\.ico$|/attempts/[\w-]+$", message.location["url"])
    return [] if missing and benign else [message.text]


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page whose console stays empty: no breach of the policy, no error of a script."""
    fresh = browser.new_page(reduced_motion="reduce")
    complaints: list[str] = []
    fresh.on("console", lambda message: complaints.extend(_complaint(message)))
    fresh.on("pageerror", lambda error: complaints.append(str(error)))
    yield fresh
    fresh.context.close()
    assert complaints == []


def _sign_in(page: Any, demo: Demo) -> None:
    page.fill("[name=username]", "alice")
    page.fill("[name=password]", demo.password("alice"))
    page.click("button.nv-button")


def test_the_demo_keeps_what_the_pages_promise(page: Any, demo: Demo) -> None:
    sent = page.goto(f"{demo.site}/login").headers["content-security-policy"]
    assert sent == POLICY
    assert set(documented_policy().split("; ")) - set(sent.split("; ")) == {"img-src 'self'"}


@pytest.mark.parametrize("path", ["/", "/login", "/sign-in"])
def test_pages(page: Any, demo: Demo, path: str) -> None:
    page.goto(demo.site + path)
    assert violations_everywhere(page) == []


@pytest.mark.parametrize("language", ["de", "es"])
def test_pages_speak_the_browsers_language(browser: Any, demo: Demo, language: str) -> None:
    page = browser.new_page(locale=language, viewport={"width": 360, "height": 720})
    page.goto(f"{demo.site}/login")
    assert page.get_attribute("html", "lang") == language
    assert page.inner_text("h1") != "Check your phone number"
    assert violations_everywhere(page) == []
    page.context.close()


def test_a_sign_in_that_fails(page: Any, demo: Demo) -> None:
    page.goto(f"{demo.site}/sign-in")
    page.fill("[name=username]", "alice")
    page.fill("[name=password]", "not hers")
    page.click("button.nv-button")
    assert page.locator(".nv-alert").count() == 1
    assert violations_everywhere(page) == []


def test_on_the_way_into_the_vault(page: Any, demo: Demo) -> None:
    page.goto(f"{demo.site}/vault")
    _sign_in(page, demo)
    page.wait_for_selector(".nv-number")
    assert violations_everywhere(page) == []
    page.click("button:has-text('Check on this phone')")
    page.wait_for_url("**/attempts/*")
    assert violations_everywhere(page) == []
    page.click(OPEN)
    page.wait_for_url("**/vault")
    assert violations_everywhere(page) == []


def test_an_attempt_that_ends(page: Any, demo: Demo) -> None:
    page.goto(f"{demo.site}/login")
    page.fill("input[name=phone]", "+9902345601")
    page.click("button:has-text('Check on this phone')")
    page.click(OPEN)
    page.wait_for_selector(".nv-is-not_verified")
    assert page.evaluate("document.activeElement.tagName") == "H1"
    assert violations_everywhere(page) == []


def test_the_records_of_staff_keep_the_policy(page: Any, demo: Demo) -> None:
    """Django's own pages are not ours to judge; that the policy does not break them is."""
    page.goto(f"{demo.site}/admin/numverify/verificationattempt/")
    page.fill("[name=username]", "staff")
    page.fill("[name=password]", demo.password("staff"))
    page.click("[type=submit]")
    page.wait_for_selector("#changelist-search")
