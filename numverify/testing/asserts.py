"""What tests say of answers and outcomes; failures tell status and reason, no number."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.urls import reverse

from ..models import Purpose, Status, VerificationAttempt
from .walk import Walk

_FORBIDDEN, _REDIRECTS = 403, frozenset({302, 303})


def assert_verification_required(response: Any, *, next: str | None = None) -> None:  # noqa: A002
    """The view behind it asked for a step-up: a redirect to start one, or JSON 403.

    Args:
        next: where the redirect must lead back to; not looked at by default.
    """
    if str(response.get("Content-Type", "")).startswith("application/json"):
        code = response.json().get("error")
        if (response.status_code, code) != (_FORBIDDEN, "verification_required"):
            raise AssertionError(
                "Expected 403 verification_required,"
                f" got {response.status_code} {code or 'without an error code'}."
            )
        return
    target = urlsplit(response.get("Location", ""))
    asked = parse_qs(target.query)
    start = reverse("numverify:login")
    if response.status_code not in _REDIRECTS or target.path != start:
        where = f" to {target.path}" if target.path else ""
        raise AssertionError(
            f"Expected a redirect to {start}, got HTTP {response.status_code}{where}."
        )
    if asked.get("purpose") != [Purpose.STEP_UP]:
        raise AssertionError("The redirect does not ask for purpose=step_up.")
    if next is not None and asked.get("next", [""]) != [next]:
        raise AssertionError(f"The redirect leads back to {asked.get('next')}, not to {next}.")


def assert_verified(outcome: Walk | VerificationAttempt) -> None:
    """It ended verified."""
    _expect(outcome, Status.VERIFIED)


def assert_not_verified(outcome: Walk | VerificationAttempt) -> None:
    """The network answered no."""
    _expect(outcome, Status.NOT_VERIFIED)


def assert_failed(outcome: Walk | VerificationAttempt, reason: str = "") -> None:
    """Nobody could find out, for ``reason`` (see :class:`numverify.exceptions.Reason`)."""
    attempt = _expect(outcome, Status.FAILED)
    if reason and attempt.reason != reason:
        raise AssertionError(f"Expected the reason {reason}, got {attempt.reason}.")


def _expect(outcome: Walk | VerificationAttempt, status: str) -> VerificationAttempt:
    attempt = outcome.attempt if isinstance(outcome, Walk) else outcome
    attempt.refresh_from_db()
    if attempt.status != status:
        told = attempt.status + (f", {attempt.reason}" if attempt.reason else "")
        raise AssertionError(f"Expected {status!s}, got {told}.")
    return attempt
