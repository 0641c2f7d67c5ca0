"""What becomes of attempts that nobody finished in time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from ..exceptions import Reason
from ..models import Status, VerificationAttempt
from .events import announce

_BATCH = 200
_ENDINGS: dict[str, tuple[Status, Reason]] = {
    Status.PENDING: (Status.EXPIRED, Reason.NO_CALLBACK),
    # Its worker died between the exchange and the answer: the code is spent.
    Status.CLAIMED: (Status.FAILED, Reason.ABANDONED),
    Status.AWAITING_COMPLETION: (Status.EXPIRED, Reason.NOT_COMPLETED),
}


def end(attempt: VerificationAttempt, old: str, new: str, **values: Any) -> bool:
    """``old`` -> terminal ``new``; announces it if this call made the transition.

    Afterwards ``attempt`` is as stored, whoever won.
    """
    values = {"ended_at": timezone.now(), "deadline": None, **values}
    won = VerificationAttempt.objects.all().move(attempt.pk, old, new, **values)
    if not won:
        attempt.refresh_from_db()
        return False
    attempt.status = new
    for name, value in values.items():
        setattr(attempt, name, value)
    announce("attempt_settled", attempt)
    return True


def expire_if_overdue(attempt: VerificationAttempt, now: datetime) -> bool:
    """End an attempt whose time is over; True if this call ended it."""
    if attempt.deadline is None or attempt.deadline > now:
        return False
    new, reason = _ENDINGS[attempt.status]
    return end(attempt, attempt.status, new, reason=reason)


def sweep(now: datetime | None = None) -> int:
    """End all overdue attempts, one by one in small batches; how many were ended.

    Only tidies: every read, callback and completion tests the time for itself. Safe to
    run beside verifications and beside itself.
    """
    now = now or timezone.now()
    ended, last = 0, 0
    while batch := _overdue_after(last, now):
        ended += sum(expire_if_overdue(attempt, now) for attempt in batch)
        last = batch[-1].pk
    return ended


def _overdue_after(pk: int, now: datetime) -> list[VerificationAttempt]:
    rows = VerificationAttempt.objects.overdue(now).filter(pk__gt=pk)
    return list(rows.order_by("pk")[:_BATCH])
