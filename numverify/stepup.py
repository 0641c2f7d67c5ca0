"""Elevation: what a session gets by a verified step-up, and when it has it still."""

from __future__ import annotations

import time
from typing import Any

from django.contrib import auth
from django.http import HttpRequest

from . import phone, tokens
from .conf import conf
from .exceptions import ConfigurationError, InvalidPhoneNumber
from .models import Purpose, Status, VerificationAttempt

_ELEVATION = "numverify_elevation"
# The next request may reach a server whose clock is a little behind.
_CLOCK_SKEW = 60


def enrolled_number(user: Any) -> str | None:
    """The user's confirmed number by ``ENROLLED_NUMBER``, in E.164, or None.

    Raises:
        ConfigurationError: what the site keeps is no number that counts here. It is not
            taken for "none": a number of the caller's choice would take its place (T4).
    """
    resolver = conf.enrolled_number
    if resolver is None or user is None or not user.is_authenticated:
        return None
    number = resolver(user)
    try:
        return phone.parse(number) if number else None
    except InvalidPhoneNumber:
        raise ConfigurationError("NUMVERIFY['ENROLLED_NUMBER'] gave no valid number.") from None


def elevate(request: HttpRequest, attempt: VerificationAttempt) -> bool:
    """Elevate the session by an attempt that this very request has settled.

    False, and nothing changed, unless the attempt is a verified step-up of this user
    in this environment. A ``check`` proves a number that its caller chose: somebody
    with a stolen password would prove his own, so it never elevates (T4).
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
    request.session[_ELEVATION] = {
        "at": time.time(),
        "user": str(user.pk),
        "phone": attempt.phone_hmac,
        "auth": _auth_fingerprint(request),
        "environment": attempt.environment,
        "attempt": str(attempt.public_id),
    }
    # A session key planted before the proof must not carry what the proof gave (T14).
    request.session.cycle_key()
    return True


def is_elevated(request: HttpRequest, *, max_age: float) -> bool:
    """Did this session verify this user's enrolled number within ``max_age`` seconds?"""
    entry = request.session.get(_ELEVATION)
    if not isinstance(entry, dict):
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
    """Take the elevation back."""
    request.session.pop(_ELEVATION, None)


def _auth_fingerprint(request: HttpRequest) -> str:
    # Changes with the password, so that an elevation does not outlive it.
    return tokens.digest(str(request.session.get(auth.HASH_SESSION_KEY, "")))
