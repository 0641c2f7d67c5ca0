"""The pages in a real browser, with JavaScript and without."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Demo

pytestmark = pytest.mark.browser
OUTCOME = ".nv-is-verified, .nv-is-not_verified, .nv-is-failed"
OPEN = "a.nv-button:has-text('Open the check')"


def _begin(page: Any, demo: Demo, number: str, button: str = "Check on this phone") -> None:
    page.goto(f"{demo.site}/login")
    page.fill("input[name=phone]", number)
    page.click(f"button:has-text('{button}')")
    page.wait_for_url("**/attempts/*")


@pytest.mark.parametrize("javascript", [True, False])
@pytest.mark.parametrize(
    ("number", "heading"),
    [
        ("+99012345678", "Number verified"),
        ("+9902345601", "Number not confirmed"),
        ("+99012345699", "We could not find out"),
    ],
)
def test_one_phone(browser: Any, demo: Demo, number: str, heading: str, javascript: bool) -> None:
    page = browser.new_page(java_script_enabled=javascript, viewport={"width": 360, "height": 700})
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    _begin(page, demo, number)
    page.click(OPEN)
    page.wait_for_selector(OUTCOME)
    assert page.inner_text("h1") == heading
    if javascript:
        assert page.evaluate("document.activeElement.tagName") == "H1"
    assert not messages
    page.context.close()


def test_another_phone_and_its_code(browser: Any, demo: Demo) -> None:
    desktop = browser.new_context().new_page()
    _begin(desktop, demo, "+99012345678", "My SIM is in another phone")
    assert desktop.locator(".nv-qr-frame svg").count() == 1
    phone = browser.new_context().new_page()
    phone.goto(desktop.locator(".nv-address").text_content().strip())
    assert phone.inner_text("h1") == "Was this you?"
    phone.click("button")
    phone.click(OPEN)
    phone.wait_for_selector(".nv-code")
    code = phone.inner_text(".nv-code")
    # The desktop noticed by itself, by the script.
    desktop.wait_for_selector("input[name=completion_code]")
    desktop.fill("input[name=completion_code]", "AAAA-AAAA")
    desktop.click("button:has-text('Finish')")
    desktop.wait_for_selector(".errorlist")
    desktop.fill("input[name=completion_code]", code.lower().replace("-", " "))
    desktop.click("button:has-text('Finish')")
    desktop.wait_for_selector(".nv-is-verified")
    phone.context.close()
    desktop.context.close()


def test_the_script_asks_until_the_attempt_has_ended(browser: Any, demo: Demo) -> None:
    context = browser.new_context()
    watching, acting = context.new_page(), context.new_page()
    _begin(watching, demo, "+99012345678")
    polled: list[str] = []
    watching.on("request", lambda request: polled.append(request.resource_type))
    acting.goto(watching.url)
    acting.click("button:has-text('Cancel this check')")
    acting.wait_for_selector(".nv-is-failed")
    watching.wait_for_selector(".nv-is-failed")
    assert "fetch" in polled
    assert watching.locator("script").count() == 0
    context.close()


def test_step_up(browser: Any, demo: Demo) -> None:
    page = browser.new_page()
    page.goto(f"{demo.site}/vault")
    page.fill("[name=username]", "alice")
    page.fill("[name=password]", demo.password("alice"))
    page.click("button.nv-button")
    page.click("button:has-text('Check on this phone')")
    page.click(OPEN)
    page.wait_for_url("**/vault")
    assert page.inner_text("h1") == "The vault is open"
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 1280])
@pytest.mark.parametrize("path", ["/", "/login", "/sign-in"])
def test_nothing_overflows_and_targets_are_large(
    browser: Any, demo: Demo, path: str, width: int, scheme: str
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 720}, color_scheme=scheme)
    page.goto(demo.site + path)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    heights = page.evaluate(
        "[...document.querySelectorAll('a, button, summary, input:not([type=hidden])')]"
        ".map(one => one.getBoundingClientRect().height)"
    )
    assert heights
    assert min(heights) >= 44
    page.context.close()
