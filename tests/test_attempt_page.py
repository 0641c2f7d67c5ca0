"""Progress and outcome of an attempt, as its page says them."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils.safestring import mark_safe

from numverify import forms, wording
from numverify.exceptions import Reason
from numverify.models import TERMINAL, Status

from .pages import (
    AUTH_URL,
    HANDOVER_URL,
    MASK,
    attempt_page,
    row,
)


def test_the_instruction_comes_before_the_link() -> None:
    page = attempt_page(row(), auth_url=AUTH_URL)
    (link,) = page.all("a")
    assert link["href"] == AUTH_URL
    assert link["rel"] == "noreferrer"
    assert page.text.index("mobile data") < page.text.index("<a ")
    assert "Wi-Fi" in page.text
    assert "VPN" in page.text


def test_another_phone_gets_a_code_to_scan_and_no_link_is_shown_here() -> None:
    svg = mark_safe('<svg class="nv-qr"></svg>')
    page = attempt_page(row(), handover_url=HANDOVER_URL, handover_qr=svg)
    assert svg in page.text
    assert HANDOVER_URL in page.text
    assert not page.all("a")
    assert page.all("div", role="img")[0]["aria-label"]


def test_without_a_drawing_the_address_is_open() -> None:
    (details,) = attempt_page(row(), handover_url=HANDOVER_URL).all("details")
    assert "open" in details


@pytest.mark.parametrize("status", Status.values)
def test_links_of_a_pending_attempt_are_gone_later(status: str) -> None:
    page = attempt_page(row(status=status), auth_url=AUTH_URL, handover_url=HANDOVER_URL)
    pending = status == Status.PENDING
    assert (HANDOVER_URL in page.text) is pending
    assert bool(page.all("a", href=AUTH_URL)) is pending


@pytest.mark.parametrize("status", Status.values)
def test_refreshed_until_it_has_ended(status: str) -> None:
    attempt = row(status=status)
    page = attempt_page(attempt)
    alive = status not in TERMINAL
    assert bool(page.all("meta", **{"http-equiv": "refresh"})) is alive
    assert bool(page.all("script")) is alive
    # Not this page's own address: it may be the callback, which works once.
    where = reverse("numverify:attempt", args=[attempt.public_id])
    polled = page.all("section", **{"data-nv-poll": where, "data-nv-status": status})
    assert bool(polled) is alive


def test_a_code_that_is_being_typed_is_not_wiped_by_a_refresh() -> None:
    page = attempt_page(row(status="awaiting_completion"), code_form=forms.CompleteForm())
    assert not page.all("meta", **{"http-equiv": "refresh"})
    assert page.all("script")


def test_the_code_goes_to_complete_with_the_id() -> None:
    attempt = row(status="awaiting_completion")
    form = forms.CompleteForm({"completion_code": "A"})
    form.is_valid()
    form.add_error("completion_code", "Not right.")
    page = attempt_page(attempt, code_form=form)
    (where,) = page.all("form")
    assert where["action"] == reverse("numverify:complete")
    assert page.all("input", name="id")[0]["value"] == str(attempt.public_id)
    assert page.all("input", name="completion_code")[0]["aria-invalid"] == "true"
    assert [link["href"] for link in page.all("a")] == ["/login"]  # a new code is never far
    assert "Not right." in page.text


@pytest.mark.parametrize("status", Status.values)
def test_focus_goes_to_an_outcome_and_nowhere_before(status: str) -> None:
    (heading,) = attempt_page(row(status=status)).all("h1")
    assert ("autofocus" in heading) is (status in TERMINAL)
    assert heading.get("tabindex") == ("-1" if status in TERMINAL else None)


@pytest.mark.parametrize("status", Status.values)
def test_outcome_and_reference_are_told_to_everybody(status: str) -> None:
    attempt = row(status=status)
    page = attempt_page(attempt)
    assert page.all("div", role="status")
    assert attempt.reference_display in page.text
    assert MASK in page.text
    assert str(wording.for_attempt(attempt).title) in page.text


def test_after_a_success_one_goes_on_and_after_all_else_one_starts_again() -> None:
    on = attempt_page(row(status="verified"), continue_url="/vault")
    assert [link["href"] for link in on.all("a")] == ["/vault"]
    assert not attempt_page(row(status="verified")).all("a")
    for status in ("not_verified", "failed", "expired"):
        assert [link["href"] for link in attempt_page(row(status=status)).all("a")] == ["/login"]


def test_only_a_pending_attempt_can_be_cancelled() -> None:
    attempt = row()
    (form,) = attempt_page(attempt).all("form")
    assert form["action"] == reverse("numverify:attempt", args=[attempt.public_id])
    assert not attempt_page(row(status="claimed")).all("form")


def test_people_are_told_how_long_they_have_and_warned_in_their_language() -> None:
    for page in (
        attempt_page(row(), auth_url=AUTH_URL),
        attempt_page(row(status="awaiting_completion"), code_form=forms.CompleteForm()),
    ):
        assert "open for about 5 minutes" in page.text
        (card,) = page.all("section", **{"data-nv-left": "300"})
        assert card["data-nv-soon"].startswith("Less than a minute")
    assert "open for about 1 minute." in attempt_page(row(), minutes_left=1).text


@pytest.mark.parametrize("status", sorted({*TERMINAL, Status.CLAIMED}))
def test_nobody_is_hurried_who_can_do_nothing(status: str) -> None:
    page = attempt_page(row(status=status))
    assert "open for about" not in page.text
    assert "data-nv-left" not in page.text


def test_a_rehearsal_is_called_one() -> None:
    said = "Virtual Operator"
    assert said in attempt_page(row(status="verified", environment="virtual")).text
    assert said not in attempt_page(row(status="verified", environment="production")).text


def test_strangers_see_byte_for_byte_the_same_whatever_the_number() -> None:
    attempt = row(status="failed")
    seen = set()
    for reason in wording.ENUMERABLE:
        attempt.reason, attempt.detail = reason, f"detail {reason}"
        seen.add(attempt_page(attempt).text)
    assert len(seen) == 1
    attempt.reason = Reason.UPSTREAM_TIMEOUT
    assert attempt_page(attempt).text not in seen
