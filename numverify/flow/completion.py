"""The initiator's side: complete with the code, read, cancel, hand over to a phone."""

from __future__ import annotations

import logging
import uuid
from typing import Any

from django.utils import timezone

from .. import logs, tokens
from ..conf import conf
from ..exceptions import (
    AttemptExpired,
    AttemptUsed,
    FlowError,
    OtherBrowser,
    Reason,
    UnknownAttempt,
    WrongCode,
)
from ..models import Binding, Status, VerificationAttempt
from .callback import completion_form
from .events import announce
from .overdue import end, expire_if_overdue
from .parties import Party, is_initiator, ours


def find(public_id: Any, party: Party) -> VerificationAttempt:
    """The attempt, for whoever began it; ended first if its time is over.

    Raises:
        UnknownAttempt: there is none, or it is somebody else's: the two look the same.
    """
    attempt = _by_public_id(public_id)
    if attempt is None or not is_initiator(attempt, party):
        raise UnknownAttempt
    expire_if_overdue(attempt, timezone.now())
    return attempt


def complete(public_id: Any, code: str, party: Party) -> VerificationAttempt:
    """``awaiting_completion`` -> ``verified`` for both halves, in time, once.

    Raises:
        WrongCode: the code or the half is wrong, or there is no such attempt (403).
            Only a caller with the right half spends one of the tries: otherwise
            strangers could use them up.
        AttemptExpired (410), AttemptUsed (409).
    """
    try:
        attempt = find(public_id, party)
    except UnknownAttempt:
        raise WrongCode from None
    if attempt.binding != Binding.COMPLETION or attempt.status != Status.AWAITING_COMPLETION:
        raise _not_awaiting(attempt)
    # The try is counted before the code is tested: a burst of guesses has five, too.
    if not ours().count_try(attempt.pk, conf.max_wrong_codes):
        attempt.refresh_from_db()
        raise _not_awaiting(attempt)
    form = completion_form(code, typed=bool(attempt.browser_nonce_hmac))
    now = timezone.now()
    if ours().complete(attempt.pk, tokens.keyed_all("completion", form), now=now):
        attempt.refresh_from_db()
        announce("attempt_completed", attempt)
        return attempt
    raise _wrong(attempt)


def _not_awaiting(attempt: VerificationAttempt) -> FlowError:
    if attempt.status == Status.EXPIRED:
        return AttemptExpired()
    if attempt.status in {Status.PENDING, Status.CLAIMED}:
        return AttemptUsed(code="not_ready")
    return AttemptUsed()


def _wrong(attempt: VerificationAttempt) -> FlowError:
    """A wrong code; the last try ends the attempt. Or another request was faster."""
    attempt.refresh_from_db()
    expire_if_overdue(attempt, timezone.now())
    if attempt.status != Status.AWAITING_COMPLETION:
        return _not_awaiting(attempt)
    logs.event("code_wrong", logging.WARNING, attempt=str(attempt.public_id))
    if attempt.completion_failures >= conf.max_wrong_codes:
        end(attempt, Status.AWAITING_COMPLETION, Status.FAILED, reason=Reason.TOO_MANY_CODES)
        return WrongCode(code="too_many_codes")
    return WrongCode()


def cancel(public_id: Any, party: Party) -> VerificationAttempt:
    """``pending`` -> ``failed``, as its initiator wishes; later statuses stay as they are."""
    attempt = find(public_id, party)
    end(attempt, Status.PENDING, Status.FAILED, reason=Reason.CANCELLED)
    return attempt


def handed_over(token: str) -> VerificationAttempt:
    """The attempt that a hand-over link names, for the page on the phone.

    Raises:
        UnknownAttempt: no attempt has this token.
        AttemptExpired: it is no longer pending.
    """
    now = timezone.now()
    public_id, _, secret = token.partition(".")
    attempt = _by_public_id(public_id)
    if attempt is None or not tokens.matches(attempt.handover_hash, tokens.digest(secret)):
        raise UnknownAttempt
    if expire_if_overdue(attempt, now) or attempt.status != Status.PENDING:
        raise AttemptExpired
    return attempt


def take_over(token: str, party: Party) -> VerificationAttempt:
    """Bind the phone's browser to the attempt: the first one, for good.

    Raises:
        UnknownAttempt, AttemptExpired; OtherBrowser: another phone was first.
    """
    attempt = handed_over(token)
    nonces = party.nonces()
    if ours().bind_handset(attempt.pk, nonces[0], now=timezone.now()):
        attempt.handset_nonce_hmac = nonces[0]
    elif not is_handset(attempt, party):
        raise OtherBrowser
    return attempt


def is_handset(attempt: VerificationAttempt, party: Party) -> bool:
    return any(tokens.matches(attempt.handset_nonce_hmac, nonce) for nonce in party.nonces())


def seconds_left(attempt: VerificationAttempt) -> float:
    """Until the present status is overdue; 0 if the attempt has ended."""
    if attempt.deadline is None:
        return 0.0
    return max((attempt.deadline - timezone.now()).total_seconds(), 0.0)


def _by_public_id(public_id: Any) -> VerificationAttempt | None:
    try:
        key = uuid.UUID(str(public_id))
    except ValueError:
        return None
    return ours().filter(public_id=key).first()
