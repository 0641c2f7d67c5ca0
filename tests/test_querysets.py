"""The transitions: one conditional UPDATE each, whose row count decides."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from numverify.models import Status, VerificationAttempt

from .factories import make_attempt

pytestmark = pytest.mark.django_db
ANYONE = Q()
SOON = timedelta(seconds=60)
attempts = VerificationAttempt.objects.all


def claim(state_hash: str, bound: Q = ANYONE, **late: float) -> bool:
    now = timezone.now() + timedelta(**late)
    return attempts().claim(state_hash, bound, now=now, deadline=now + SOON)


def test_a_claim_is_one_update_and_nothing_else() -> None:
    attempt = make_attempt()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert claim(attempt.state_hash)
    assert [query["sql"].split()[0] for query in queries] == ["UPDATE"]
    attempt.refresh_from_db()
    assert attempt.status == Status.CLAIMED
    assert attempt.claimed_at is not None
    assert attempt.deadline == attempt.claimed_at + SOON


def test_a_claim_is_made_once() -> None:
    attempt = make_attempt()
    assert claim(attempt.state_hash)
    assert not claim(attempt.state_hash)


@pytest.mark.parametrize("status", [each for each in Status if each != Status.PENDING])
def test_only_a_pending_attempt_is_claimed(status: Status) -> None:
    attempt = make_attempt(status=status)
    assert not claim(attempt.state_hash)
    attempt.refresh_from_db()
    assert attempt.status == status


def test_an_unbound_claim_changes_nothing() -> None:
    attempt = make_attempt()
    assert not claim(attempt.state_hash, Q(user_id=0))
    attempt.refresh_from_db()
    assert (attempt.status, attempt.claimed_at) == (Status.PENDING, None)


def test_a_late_claim_changes_nothing() -> None:
    attempt = make_attempt()
    assert not claim(attempt.state_hash, seconds=301)
    assert claim(attempt.state_hash, seconds=299)


def test_a_claim_leaves_others_alone() -> None:
    one, other = make_attempt(), make_attempt()
    assert claim(one.state_hash)
    other.refresh_from_db()
    assert other.status == Status.PENDING
    assert not claim("0" * 64)


def test_a_move_needs_the_old_status() -> None:
    attempt = make_attempt(status=Status.CLAIMED)
    assert not attempts().move(attempt.pk, Status.PENDING, Status.FAILED)
    assert attempts().move(attempt.pk, Status.CLAIMED, Status.FAILED, reason="abandoned")
    assert not attempts().move(attempt.pk, Status.CLAIMED, Status.VERIFIED)
    attempt.refresh_from_db()
    assert (attempt.status, attempt.reason) == (Status.FAILED, "abandoned")


# -- completion ----------------------------------------------------------------------
def awaiting(**values: Any) -> VerificationAttempt:
    defaults = {
        "status": Status.AWAITING_COMPLETION,
        "completion_code_hmac": "a" * 64,
        "deadline": timezone.now() + SOON,
        "completion_failures": 1,
    }
    return make_attempt(**defaults | values)


def test_the_right_code_completes_once_and_is_no_failure() -> None:
    attempt = awaiting()
    codes = ["b" * 64, "a" * 64]
    assert attempts().complete(attempt.pk, codes, now=timezone.now())
    assert not attempts().complete(attempt.pk, codes, now=timezone.now())
    attempt.refresh_from_db()
    assert attempt.status == Status.VERIFIED
    assert (attempt.completion_code_hmac, attempt.completion_failures) == ("", 0)
    assert attempt.deadline is None
    assert attempt.ended_at is not None


@pytest.mark.parametrize(
    ("values", "codes", "late"),
    [
        ({}, ["b" * 64], 0),
        ({}, [], 0),
        ({}, ["a" * 64], 61),
        ({"status": Status.CLAIMED}, ["a" * 64], 0),
        ({"status": Status.PENDING}, ["a" * 64], 0),
        ({"deadline": None}, ["a" * 64], 0),
    ],
)
def test_nothing_else_completes(values: dict[str, Any], codes: list[str], late: int) -> None:
    attempt = awaiting(**values)
    now = timezone.now() + timedelta(seconds=late)
    assert not attempts().complete(attempt.pk, codes, now=now)
    attempt.refresh_from_db()
    assert attempt.status != Status.VERIFIED
    assert attempt.completion_failures == 1


def test_tries_are_counted_by_the_database() -> None:
    attempt = awaiting(completion_failures=0)
    assert [attempts().count_try(attempt.pk, 3) for _ in range(4)] == [True, True, True, False]
    attempt.refresh_from_db()
    assert attempt.completion_failures == 3


def test_tries_belong_to_the_wait_for_a_code() -> None:
    assert not attempts().count_try(make_attempt().pk, 5)
    assert not attempts().count_try(make_attempt(status=Status.VERIFIED).pk, 5)


# -- the phone of a hand-over --------------------------------------------------------
def test_the_first_phone_has_it_for_good() -> None:
    attempt = make_attempt()
    assert attempts().bind_handset(attempt.pk, "a" * 64, now=timezone.now())
    assert not attempts().bind_handset(attempt.pk, "b" * 64, now=timezone.now())
    assert not attempts().bind_handset(attempt.pk, "a" * 64, now=timezone.now())
    attempt.refresh_from_db()
    assert attempt.handset_nonce_hmac == "a" * 64


def test_no_phone_takes_what_is_over() -> None:
    now = timezone.now()
    claimed = make_attempt(status=Status.CLAIMED)
    assert not attempts().bind_handset(claimed.pk, "a" * 64, now=now)
    assert not attempts().bind_handset(make_attempt().pk, "a" * 64, now=now + timedelta(hours=1))


# -- the sweep -----------------------------------------------------------------------
def test_overdue() -> None:
    now = timezone.now()
    late = make_attempt(deadline=now)
    make_attempt(deadline=now + timedelta(microseconds=1))
    make_attempt(status=Status.VERIFIED)
    assert list(attempts().overdue(now)) == [late]
