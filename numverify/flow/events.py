"""What the world is told of an attempt: one log record, and a signal after commit."""

from __future__ import annotations

import logging

from django.db import transaction
from django.dispatch import Signal

from .. import logs, signals
from ..models import Status, VerificationAttempt

_SIGNALS: dict[str, Signal] = {
    Status.PENDING: signals.verification_started,
    Status.VERIFIED: signals.verification_succeeded,
    Status.NOT_VERIFIED: signals.verification_denied,
    Status.FAILED: signals.verification_failed,
    Status.EXPIRED: signals.verification_failed,
}


def announce(event: str, attempt: VerificationAttempt, level: int = logging.INFO) -> None:
    """Log ``event`` and send the signal of the status that the attempt now has."""
    logs.event(
        event,
        level,
        attempt=str(attempt.public_id),
        status=str(attempt.status),
        reason=str(attempt.reason),
        purpose=str(attempt.purpose),
        binding=str(attempt.binding),
        channel=str(attempt.channel),
        provider=attempt.provider,
        environment=str(attempt.environment),
        correlator=attempt.correlator,
    )
    signal = _SIGNALS.get(attempt.status)
    if signal:
        transaction.on_commit(
            lambda: signal.send_robust(sender=VerificationAttempt, attempt=attempt),
            using=attempt._state.db,  # noqa: SLF001 - where a router put the row
        )
