"""Elevation: what a session gets by a verified step-up, and when it has it still."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from django.contrib import auth
from django.http import HttpRequest

from . import binds, numbers, phone, tokens
from .conf import conf
from .exceptions import ConfigurationError, InvalidPhoneNumber
from .models import Purpose, Status, VerificationAttempt

# The next request may reach a server whose clock is a little behind.
_CLOCK_SKEW = 60


def enrolled_number(user: Any) -> str | None:
    """The user's confirmed number in E.164, or None: by ``ENROLLED_NUMBER``, else the primary.

    A number that must be proven again is still the user's: taken for "none", it would
    let a second factor lapse by waiting. The start of a step-up refuses it
    (:func:`numverify.numbers.must_reprove`).

    Raises:
        ConfigurationError: what the site keeps is no number that counts here. It is not
            taken for "none": a number of the caller's choice would take its place (T4).
    """
    if user is None or not user.is_authenticated:
        return None
    resolver = conf.enrolled_number
    number = resolver(user) if resolver else numbers.primary(user)
    try:
        return phone.parse(number) if number else None
    except InvalidPhoneNumber:
        raise ConfigurationError("NUMVERIFY['ENROLLED_NUMBER'] gave no valid number.") from None


def elevate(request: HttpRequest, attempt: VerificationAttempt) -> bool:
    """Elevate the session by an attempt that this very request has settled.

    False, and nothing changed, unless the attempt is a verified step-up of this user
    in this environment. A ``check`` proves a number that its caller chose: somebody
    with a stolen password would prove his own, so it never elevates (T4).
    An attempt that is bound to a transaction serves that transaction and nothing else.
    """
    user = request.user
    if not (
        attempt.status == Status.VERIFIED
        and attempt.purpose == Purpose.STEP_UP
        and attempt.environment == conf.environment
        and user.is_authenticated
        and user.pk == attempt.user_id
    ):
        return False
    proof = {
        "at": time.time(),
        "user": str(user.pk),
        "phone": attempt.phone_hmac,
        "auth": _auth_fingerprint(request),
        "environment": attempt.environment,
        "attempt": str(attempt.public_id),
        "purpose": attempt.purpose,
    }
    binds.keep(request, attempt.bind_digest, proof)
    # A session key planted before the proof must not carry what the proof gave (T14).
    request.session.cycle_key()
    return True


def is_elevated(
    request: HttpRequest, *, max_age: float, purpose: str = "", bound_to: Sequence[str] = ()
) -> bool:
    """Did this session verify this user's enrolled number within ``max_age`` seconds?

    Args:
        purpose: only a proof of an attempt with this purpose counts; ``""``: any.
        bound_to: the digests of one transaction: only a proof of exactly that counts,
            whether it was used or not (:func:`numverify.binds.use` says). Without, only
            a proof that is bound to nothing.
    """
    entry = binds.entry(request, bound_to)
    if not isinstance(entry, dict) or purpose not in {"", entry.get("purpose")}:
        return False
    if not -_CLOCK_SKEW <= time.time() - entry["at"] <= max_age:
        return False
    try:
        number = enrolled_number(request.user)
    except ConfigurationError:
        return False
    return (
        number is not None
        and entry["phone"] in phone.phone_hmacs(number)
        and entry["user"] == str(request.user.pk)
        and entry["auth"] == _auth_fingerprint(request)
        and entry["environment"] == conf.environment
    )


def drop(request: HttpRequest) -> None:
    """Take every elevation back."""
    binds.drop(request)


def _auth_fingerprint(request: HttpRequest) -> str:
    # Changes with the password, so that an elevation does not outlive it.
    return tokens.digest(str(request.session.get(auth.HASH_SESSION_KEY, "")))
