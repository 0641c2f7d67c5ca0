"""Every page and state in Chromium: WCAG 2.2 AA by axe-core, a strict policy, long words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import translation

from .chromium import show, violations, violations_everywhere
from .pages import STATES

pytestmark = pytest.mark.browser
PLAIN = "<!doctype html><html lang=en><title>A page</title><main><h1>A page</h1>{}</main></html>"


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    fresh = browser.new_page(reduced_motion="reduce")
    yield fresh
    fresh.context.close()


@pytest.mark.parametrize("state", STATES)
def test_no_violation_of_wcag_and_none_of_the_policy(page: Any, state: str) -> None:
    complaints = show(page, STATES[state]().text)
    assert violations_everywhere(page) == []
    assert complaints == []


def test_a_violation_is_found_where_there_is_one(page: Any) -> None:
    assert not show(page, PLAIN.format("<p>Good.</p>"))
    assert violations(page) == []
    page.set_content(PLAIN.format('<input name="a"><img src="/static/numverify/icon.svg">'))
    assert {found.partition(":")[0] for found in violations(page)} == {"label", "image-alt"}


def test_a_breach_of_the_policy_is_noticed(page: Any) -> None:
    complaints = show(page, PLAIN.format('<p style="color:red">x</p><script>alert(1)</script>'))
    assert len([each for each in complaints if "Content Security Policy" in each]) == 2


@pytest.mark.parametrize("language", ["de", "es"])
@pytest.mark.parametrize("state", STATES)
def test_long_words_do_not_break_a_narrow_page(page: Any, state: str, language: str) -> None:
    with translation.override(language):
        html = STATES[state]().text
    page.set_viewport_size({"width": 360, "height": 720})
    assert show(page, html) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    wide = "[...document.querySelectorAll('.nv-card *')].filter(one => one.scrollWidth > 360)"
    assert page.evaluate(f"{wide}.length") == 0
    buttons = page.evaluate(
        "[...document.querySelectorAll('.nv-button')].map(one => one.offsetHeight)"
    )
    assert max(buttons, default=0) <= 80  # two lines at most


# -- what axe-core cannot see --------------------------------------------------------


@pytest.mark.parametrize("state", ["verified", "not_verified", "failed", "expired", "error"])
def test_focus_goes_to_the_outcome(page: Any, state: str) -> None:
    show(page, STATES[state]().text)
    assert page.evaluate("document.activeElement.tagName") == "H1"


@pytest.mark.parametrize("state", ["code wanted", "code wrong"])
def test_focus_goes_to_the_code_that_is_wanted(page: Any, state: str) -> None:
    show(page, STATES[state]().text)
    assert page.evaluate("document.activeElement.name") == "completion_code"


def test_the_end_of_the_time_is_announced_while_there_is_some(page: Any) -> None:
    page.clock.install()
    show(page, STATES["code wanted"]().text)
    status = page.locator("[role=status]")
    assert "about 5 minutes" in page.inner_text("section")
    page.clock.run_for(240_000)
    assert "Less than a minute" not in status.inner_text()
    page.clock.run_for(2_000)
    assert status.inner_text().count("Less than a minute is left") == 1
    assert violations(page) == []


@pytest.mark.parametrize("state", ["login", "login with errors", "pending here", "code wanted"])
def test_all_that_can_be_pressed_is_reached_by_keyboard(page: Any, state: str) -> None:
    show(page, STATES[state]().text)
    wanted = page.locator("a[href], button, summary, input:not([type=hidden])").count()
    reached = set()
    for _ in range(wanted + 3):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.outerHTML"))
    pressed = [one for one in reached if one.startswith(("<a", "<button", "<summary", "<input"))]
    assert len(pressed) == wanted


def test_pages_reflow_when_magnified(page: Any) -> None:
    """WCAG 1.4.10: at 400 % a window of 1280 px is one of 320."""
    page.set_viewport_size({"width": 320, "height": 512})
    for make in STATES.values():
        with translation.override("de"):
            show(page, make().text)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
