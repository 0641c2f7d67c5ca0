"""A user's own numbers: who may change them, and what a proof of one changes.

Two guards stand before every change: a recent log-in, and, for whoever has a number, a
proof of one of his numbers in this session. The second is what a stolen password does
not give (T4), so that neither waiting nor removing a number first leads around it.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from django.contrib import auth
from django.db import IntegrityError, OperationalError, router, transaction
from django.db.models import F
from django.dispatch import Signal
from django.http import HttpRequest
from django.utils import timezone

from . import logs, numbers, recent_login, signals, stepup, tokens
from .conf import conf
from .enrolled import EnrolledNumber
from .exceptions import FlowError, NumberProofRequired, TooManyNumbers, UnknownAttempt
from .models import Purpose, Status, VerificationAttempt

_PROOF = "numverify_proof"
_NOTE = "numverify_note"
_SIGNALS: dict[str, Signal] = {
    "number_enrolled": signals.number_enrolled,
    "number_removed": signals.number_removed,
    "primary_changed": signals.primary_changed,
}
#: Nobody needs more; whoever has a password could have the network asked about many.
MAX_NUMBERS = 5
ADDED, PROVEN, REMOVED, MADE_PRIMARY = "added", "proven", "removed", "made_primary"


# -- who may change ----------------------------------------------------------------------
def guard(request: HttpRequest, *, grace: float = 0) -> None:
    """May this session change its user's numbers?

    Args:
        grace: seconds that what was tested at the start of an attempt may be older now.

    Raises:
        UnknownAttempt: the site keeps the numbers elsewhere (``ENROLLED_NUMBER``).
        LoginTooOld: send the user to log in.
        NumberProofRequired: he has a number, and has not just proven one.
    """
    recent_login.guard(request, grace=grace)
    if not may_change(request, grace=grace):
        raise NumberProofRequired


def may_change(request: HttpRequest, *, grace: float = 0) -> bool:
    """Has the user no number yet, or was one of his just proven in this session?

    A number that must be proven again counts as one that he has: otherwise a thief of
    the password would wait until it lapses.
    """
    rows = numbers.of(request.user)
    if not rows.exists() or _has_proof(request, grace):
        return True
    if stepup.is_elevated(request, max_age=conf.recent_login_seconds + grace):
        return True
    other_factor = conf.number_change_allowed
    return other_factor is not None and other_factor(request) is True


def _has_proof(request: HttpRequest, grace: float) -> bool:
    entry = request.session.get(_PROOF)
    if not isinstance(entry, dict) or not recent_login.is_fresh(entry["at"], grace):
        return False
    mine = entry["user"] == str(request.user.pk) and entry["auth"] == _auth_fingerprint(request)
    # Of a number that is still his: a removed one proves nothing any more.
    return mine and numbers.of(request.user).filter(public_id=entry["number"]).exists()


def _keep_proof(request: HttpRequest, number: EnrolledNumber) -> None:
    request.session[_PROOF] = {
        "at": time.time(),
        "user": str(request.user.pk),
        "number": str(number.public_id),
        "auth": _auth_fingerprint(request),
    }


def _auth_fingerprint(request: HttpRequest) -> str:
    return tokens.digest(str(request.session.get(auth.HASH_SESSION_KEY, "")))


def room_for_more(user: Any) -> None:
    """Raises :class:`TooManyNumbers`."""
    if numbers.of(user).count() >= MAX_NUMBERS:
        raise TooManyNumbers


# -- what a proof changes ----------------------------------------------------------------
def confirm(request: HttpRequest, attempt: VerificationAttempt) -> bool:
    """Take the number of an enrolment that this very request has settled.

    A number that the user has is proven again; another one is added, if the guards still
    hold: between start and answer another session may have enrolled a number.
    """
    if not _is_ours(request, attempt):
        return False
    try:
        number, added = _take(request, attempt)
    except FlowError as refusal:
        logs.event(
            "enrolment_refused",
            logging.WARNING,
            attempt=str(attempt.public_id),
            reason=refusal.code,
        )
        note(request, refusal.code)
        return False
    if added:
        announce(request, "number_enrolled", number, request.user)
    _keep_proof(request, number)
    note(request, ADDED if added else PROVEN)
    # A session key planted before must not carry what the proof gave (T14).
    request.session.cycle_key()
    return True


def _is_ours(request: HttpRequest, attempt: VerificationAttempt) -> bool:
    return bool(
        attempt.status == Status.VERIFIED
        and attempt.purpose == Purpose.ENROL
        and attempt.environment == conf.environment
        and request.user.is_authenticated
        and request.user.pk == attempt.user_id
    )


def _take(request: HttpRequest, attempt: VerificationAttempt) -> tuple[EnrolledNumber, bool]:
    recent_login.guard(request, grace=conf.attempt_seconds)
    try:
        return _add_or_prove(request, attempt)
    except (IntegrityError, OperationalError):
        # Another session enrolled at the same time, and won: its number is a number to
        # be proven now, so that the guards are asked again.
        return _add_or_prove(request, attempt)


def _add_or_prove(
    request: HttpRequest, attempt: VerificationAttempt
) -> tuple[EnrolledNumber, bool]:
    with transaction.atomic(using=router.db_for_write(EnrolledNumber)):
        rows = _locked(request.user)
        known = next((row for row in rows if row.phone == attempt.phone), None)
        if known is not None:
            _prove(known)
            return known, False
        guard(request, grace=conf.attempt_seconds)
        room_for_more(request.user)
        return insert(request.user, attempt, primary=not rows), True


def _locked(user: Any) -> list[EnrolledNumber]:
    """The user's numbers, locked until the transaction ends, the oldest first.

    By a write that changes nothing: on SQLite a transaction that begins by reading may
    not write once another one has. Read after it, to see what was waited for.
    """
    rows = numbers.of(user)
    rows.update(primary=F("primary"))
    return list(rows.order_by("pk"))


def _prove(number: EnrolledNumber) -> None:
    number.last_proven_at = timezone.now()
    number.save(update_fields=["last_proven_at"])


def insert(user: Any, attempt: VerificationAttempt, *, primary: bool) -> EnrolledNumber:
    now = timezone.now()
    return numbers.of(user).create(
        user=user,
        environment=attempt.environment,
        phone=attempt.phone,
        phone_mask=attempt.phone_mask,
        phone_hmac=attempt.phone_hmac,
        phone_hmac_key=attempt.phone_hmac_key,
        primary=True if primary else None,
        attempt_id=attempt.public_id,
        confirmed_at=now,
        last_proven_at=now,
    )


def proven(request: HttpRequest, attempt: VerificationAttempt) -> None:
    """A step-up proved the number, too: whoever uses it need not prove it again."""
    numbers.of(request.user).filter(phone=attempt.phone).update(last_proven_at=timezone.now())


# -- changes without a proof of their own ------------------------------------------------
def remove(request: HttpRequest, public_id: Any) -> None:
    """Remove a number; of those that stay, the one proven last takes a primary's place.

    Raises what :func:`guard` raises, and UnknownAttempt for a number that is not his.
    """
    with transaction.atomic(using=router.db_for_write(EnrolledNumber)):
        number, others = _pick(request, public_id)
        successor = max(others, key=lambda row: row.last_proven_at, default=None)
        number.delete()
        if number.is_primary and successor is not None:
            _set_primary(request.user, successor)
        announce(request, "number_removed", number, request.user)
        if number.is_primary and successor is not None:
            announce(request, "primary_changed", successor, request.user)
    note(request, REMOVED)


def make_primary(request: HttpRequest, public_id: Any) -> None:
    """Let another number count. Raises as :func:`remove` does."""
    with transaction.atomic(using=router.db_for_write(EnrolledNumber)):
        number, _others = _pick(request, public_id)
        if number.is_primary:
            return
        _set_primary(request.user, number)
        announce(request, "primary_changed", number, request.user)
    note(request, MADE_PRIMARY)


def find(user: Any, public_id: Any) -> EnrolledNumber:
    """Raises UnknownAttempt for a number that is not this user's."""
    number = numbers.of(user).filter(public_id=public_id).first()
    if number is None:
        raise UnknownAttempt
    return number


def _pick(request: HttpRequest, public_id: Any) -> tuple[EnrolledNumber, list[EnrolledNumber]]:
    rows = _locked(request.user)
    # Under the lock: another session may just have removed the number that was proven.
    guard(request)
    chosen = [row for row in rows if row.public_id == public_id]
    if not chosen:
        raise UnknownAttempt
    return chosen[0], [row for row in rows if row.public_id != public_id]


def _set_primary(user: Any, number: EnrolledNumber) -> None:
    # Two statements: in one, the constraint would be broken in between.
    rows = numbers.of(user)
    rows.filter(primary=True).update(primary=None)
    rows.filter(pk=number.pk).update(primary=True)
    number.primary = True


def announce(request: HttpRequest, name: str, number: EnrolledNumber, user: Any) -> None:
    """Drop this session's elevation, and tell the site after commit.

    Elevations of the user's other sessions are compared with the primary number each
    time they are used, so that they end with it.
    """
    stepup.drop(request)
    logs.event(name, attempt=str(number.attempt_id))
    transaction.on_commit(
        lambda: _SIGNALS[name].send_robust(
            sender=EnrolledNumber, user=user, number=number, request=request
        ),
        using=router.db_for_write(EnrolledNumber),
    )


# -- a word for the next page ------------------------------------------------------------
def note(request: HttpRequest, code: str) -> None:
    request.session[_NOTE] = code


def take_note(request: HttpRequest) -> str:
    """What :func:`note` left, once."""
    return str(request.session.pop(_NOTE, ""))
