"""A number that a visitor proved before there was an account, for the site's sign-up form.

The session holds the attempt's id and never the digits; the attempt serves once.
"""

from __future__ import annotations

import time

from django.db import router, transaction
from django.http import HttpRequest
from django.utils import timezone

from . import enrolment, numbers, recent_login
from .conf import conf
from .enrolled import EnrolledNumber
from .exceptions import NumberProofRequired
from .flow.parties import ours
from .models import Purpose, Status, VerificationAttempt

_PROVEN = "numverify_sign_up"
# Not bound to a transaction: what marks it as used is the same conditional UPDATE.
_UNBOUND = ""


def keep(request: HttpRequest, attempt: VerificationAttempt) -> bool:
    """Remember what this very request has settled; False if it is no visitor's sign-up."""
    if not (
        attempt.status == Status.VERIFIED
        and attempt.purpose == Purpose.SIGN_UP
        and attempt.environment == conf.environment
        and attempt.user_id is None
        and not request.user.is_authenticated
    ):
        return False
    request.session[_PROVEN] = {"attempt": str(attempt.public_id), "at": time.time()}
    # A session key planted before the proof must not carry what the proof gave (T14).
    request.session.cycle_key()
    return True


def proven_number(request: HttpRequest) -> str | None:
    """The number that this session proved, in E.164, while it is not used; None otherwise.

    For the form to show (``numverify.phone.mask``) and to test; :func:`take` or
    :func:`enrol_proven` uses it up.
    """
    attempt = _attempt(request)
    return attempt.phone if attempt else None


def take(request: HttpRequest) -> str | None:
    """The number, once: for sites that keep the numbers themselves."""
    attempt = _use(request)
    return attempt.phone if attempt else None


def enrol_proven(request: HttpRequest, user: object) -> EnrolledNumber | None:
    """Make the proven number the first of a new account; None if there is none to use.

    Raises:
        NumberProofRequired: the account has a number. Who signs up has none; anybody
            else must prove that one first (T4).
    """
    with transaction.atomic(using=router.db_for_write(EnrolledNumber)):
        if numbers.of(user).exists():
            raise NumberProofRequired
        attempt = _use(request)
        if attempt is None:
            return None
        number = enrolment.insert(user, attempt, primary=True)
        enrolment.announce(request, "number_enrolled", number, user)
    return number


def _use(request: HttpRequest) -> VerificationAttempt | None:
    attempt = _attempt(request)
    request.session.pop(_PROVEN, None)
    if attempt is None:
        return None
    # The row decides: two tabs that sign up at once would both find the entry.
    used = ours().use_proof(attempt.public_id, _UNBOUND, now=timezone.now())
    return attempt if used else None


def _attempt(request: HttpRequest) -> VerificationAttempt | None:
    entry = request.session.get(_PROVEN)
    if not isinstance(entry, dict) or not recent_login.is_fresh(entry["at"], 0):
        return None
    unused = ours().with_proof(entry["attempt"], _UNBOUND)
    return unused.filter(purpose=Purpose.SIGN_UP, user=None).exclude(phone="").first()
