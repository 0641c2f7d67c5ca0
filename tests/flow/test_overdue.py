"""What becomes of attempts that nobody finished in time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from numverify import flow
from numverify.exceptions import Reason
from numverify.flow import overdue
from numverify.models import TERMINAL, Binding, Status, VerificationAttempt
from tests.factories import make_attempt
from tests.fakes import Script

from .steps import PROGRAM, begin, call_back, stored

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("status", "end", "reason"),
    [
        (Status.PENDING, Status.EXPIRED, Reason.NO_CALLBACK),
        (Status.CLAIMED, Status.FAILED, Reason.ABANDONED),
        (Status.AWAITING_COMPLETION, Status.EXPIRED, Reason.NOT_COMPLETED),
    ],
)
def test_the_sweep_ends_what_is_overdue(status: Status, end: Status, reason: Reason) -> None:
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False):
        now = timezone.now()
        attempt = make_attempt(status=status, deadline=now)
        in_time = make_attempt(status=status, deadline=now + timedelta(seconds=1))
        assert flow.sweep() == 1
        row = stored(attempt)
    assert (row.status, row.reason, row.ended_at, row.deadline) == (end, reason, now, None)
    assert stored(in_time).status == status
    assert flow.sweep(now) == 0


def test_the_sweep_leaves_what_has_ended_alone() -> None:
    before = [stored(make_attempt(status=status)).__dict__ for status in TERMINAL]
    assert flow.sweep(timezone.now() + HOUR) == 0
    after = [VerificationAttempt.objects.get(pk=row["id"]).__dict__ for row in before]
    assert [row["ended_at"] for row in after] == [row["ended_at"] for row in before]
    assert [row["status"] for row in after] == [row["status"] for row in before]


def test_a_claim_is_abandoned_after_sixty_seconds(script: Script) -> None:
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        attempt = begin().attempt
        swept: list[int] = []

        def stall() -> None:
            clock.shift(59)
            swept.append(flow.sweep())
            clock.shift(1)
            swept.append(flow.sweep())

        script.during_finish = stall
        assert not call_back(script).settled
    assert swept == [0, 1]
    assert stored(attempt).reason == Reason.ABANDONED


def test_the_answer_of_the_network_is_kept(script: Script) -> None:
    begin(Binding.COMPLETION, PROGRAM)
    attempt = call_back(script, PROGRAM).attempt
    assert flow.sweep(timezone.now() + HOUR) == 1
    assert (stored(attempt).status, stored(attempt).result) == (Status.EXPIRED, True)


def test_more_than_a_batch(monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any) -> None:
    monkeypatch.setattr(overdue, "_BATCH", 3)
    for _ in range(7):
        make_attempt()
    with django_assert_num_queries(4 + 7):
        assert flow.sweep(timezone.now() + HOUR) == 7
    assert set(VerificationAttempt.objects.values_list("status", flat=True)) == {"expired"}


def test_a_callback_that_was_faster_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = make_attempt()
    real = overdue._overdue_after

    def then_claimed(*args: Any) -> list[VerificationAttempt]:
        rows = real(*args)
        VerificationAttempt.objects.filter(pk=attempt.pk).update(status=Status.CLAIMED)
        return rows

    monkeypatch.setattr(overdue, "_overdue_after", then_claimed)
    assert flow.sweep(timezone.now() + HOUR) == 0
    assert stored(attempt).status == Status.CLAIMED


def test_the_sweep_serves_every_environment(configure: Any) -> None:
    attempt = make_attempt(environment="production")
    assert flow.sweep(timezone.now() + HOUR) == 1
    assert stored(attempt).status == Status.EXPIRED
