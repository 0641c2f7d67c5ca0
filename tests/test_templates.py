"""What all pages show, and never show; log-in, hand-over, code and error."""

from __future__ import annotations

import re

import pytest
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from numverify import wording
from numverify.models import Status

from .pages import (
    AUTH_URL,
    FOLDER,
    MASK,
    NUMBER,
    PAGES,
    error_page,
    every_page,
    handover_page,
    login_page,
    render,
    row,
)


@pytest.mark.parametrize("name", PAGES)
def test_each_page_begins_with_its_context(name: str) -> None:
    source = (FOLDER / f"{name}.html").read_text()
    assert re.match(r"(\{% (extends|load)[^%]*%\})+\{% comment %\}\n", source)
    assert re.search(r"^Context:", source, re.MULTILINE)


def test_no_page_needs_more_than_a_strict_policy_allows() -> None:
    for page in every_page():
        for tag, attributes in page.elements:
            assert tag != "style"
            assert "style" not in attributes
            assert not any(name.startswith("on") for name in attributes)
            assert tag != "script" or attributes["src"]
        assert not re.search(r"<script[^>]*>[^<]", page.text)


def test_no_page_shows_the_number_or_leftovers_of_the_template() -> None:
    for page in every_page()[2:]:
        assert NUMBER.removeprefix("+") not in page.text
        assert not re.search(r"\{[{%#]|[}%#]\}", page.text)


def test_pages_let_browsers_name_their_origin_to_us_alone() -> None:
    # "no-referrer" would make a browser's form say "Origin: null", and fail CSRF.
    for page in every_page():
        assert page.all("meta", name="referrer") == [{"name": "referrer", "content": "same-origin"}]


def test_every_page_has_one_heading_a_language_and_labels() -> None:
    for page in every_page():
        assert len(page.all("h1")) == 1
        assert page.all("html") == [{"lang": "en-us", "dir": "ltr"}]
        labels = {label["for"] for label in page.all("label") if "for" in label}
        for field in page.all("input"):
            if field["type"] not in ("hidden", "checkbox"):
                assert field["id"] in labels


def test_the_language_is_the_active_one() -> None:
    with translation.override("ar"):
        page = error_page()
    assert page.all("html") == [{"lang": "ar", "dir": "rtl"}]


def test_every_form_that_posts_has_a_csrf_token() -> None:
    for page in every_page():
        tokens = page.all("input", name="csrfmiddlewaretoken")
        assert len(page.all("form", method="post")) == len(tokens) == len(page.all("form"))


# -- login ---------------------------------------------------------------------------


def test_login_offers_this_phone_first_and_another_one_second() -> None:
    page = login_page()
    buttons = page.all("button", type="submit")
    assert [button["value"] for button in buttons] == ["session", "completion"]
    assert {button["name"] for button in buttons} == {"binding"}
    assert not page.all("input", name="binding")  # it would come before the button's value
    assert page.all("form")[0]["action"] == reverse("numverify:login")
    assert {field["name"] for field in page.all("input", type="hidden")} == {
        "csrfmiddlewaretoken",
        "next",
        "purpose",
        "bind",
    }


def test_login_says_what_is_wrong_next_to_the_field() -> None:
    page = login_page({"phone": "12"})
    (field,) = page.all("input", name="phone")
    assert field["aria-invalid"] == "true"
    described = field["aria-describedby"].split()
    assert any(page.all("ul", id=name) for name in described)
    assert page.all("div", role="alert")


def test_login_asks_for_consent_only_where_there_is_a_text() -> None:
    assert not login_page().all("input", name="consent")
    page = login_page(consent_text="Line <one>\n\nLine two")
    (box,) = page.all("input", name="consent")
    assert "checked" not in box
    assert "Line &lt;one&gt;" in page.text


def test_login_shows_a_confirmed_number_masked_and_asks_for_none() -> None:
    page = login_page(enrolled=NUMBER)
    assert not page.all("input", name="phone")
    assert MASK in page.text


def test_login_names_test_numbers_only_where_they_work() -> None:
    assert "+990" not in login_page().text
    assert NUMBER in login_page(is_virtual=True).text


def test_the_phone_is_asked_before_it_gets_the_link() -> None:
    page = handover_page(bound=False)
    assert AUTH_URL.partition("?")[0] not in page.text
    assert MASK in page.text
    assert "Continue only if you began this yourself" in page.text
    assert page.all("form", method="post")


def test_once_asked_the_phone_gets_instruction_and_link() -> None:
    page = handover_page(bound=True)
    (link,) = page.all("a")
    assert link["href"] == AUTH_URL
    assert link["rel"] == "noreferrer"
    assert page.text.index("VPN") < page.text.index("<a ")
    assert not page.all("form")


@pytest.mark.parametrize("bound", [True, False])
@pytest.mark.parametrize("status", sorted(set(Status.values) - {Status.PENDING}))
def test_a_hand_over_of_a_spent_attempt_offers_nothing(status: str, bound: bool) -> None:
    page = handover_page(bound=bound, attempt=row(status=status))
    assert not page.all("form")
    assert not page.all("a")


def test_the_code_is_shown_with_its_warning() -> None:
    page = render("code", attempt=row(), completion_code="K7QP-3M9D", seconds=180)
    assert page.text.count("K7QP-3M9D") == 1
    assert "180 seconds" in page.text
    assert "Never tell it to anybody." in page.text
    assert not page.all("script")
    assert not page.all("form")


def test_an_error_says_its_code_and_escapes() -> None:
    page = error_page("<script>x</script>", 400)
    assert not page.all("script")
    assert "400 &lt;script&gt;" in page.text


def test_an_error_of_the_site_needs_no_request() -> None:
    words = wording.for_error("try_again")
    context = {"code": "try_again", "wording": words, "status": 503, "restart_url": "/login"}
    assert "try_again" in render_to_string("numverify/error.html", context, request=None)


def test_static_files_of_the_pages_are_there() -> None:
    for name in ("numverify.css", "attempt.js", "icon.svg"):
        assert finders.find(f"numverify/{name}")
