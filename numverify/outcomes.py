"""What a verified attempt gives: one dispatch by purpose, asked by the request that settled it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.http import HttpRequest

from . import enrolment, sign_up, signals, stepup
from .models import Purpose, VerificationAttempt

_Gives = Callable[[HttpRequest, VerificationAttempt], bool]


def _step_up(request: HttpRequest, attempt: VerificationAttempt) -> bool:
    if not stepup.elevate(request, attempt):
        return False
    enrolment.proven(request, attempt)
    return True


def _enrol(request: HttpRequest, attempt: VerificationAttempt) -> bool:
    enrolment.confirm(request, attempt)
    # The session proved a number of its own choice: that elevates nothing.
    return False


def _sign_up(request: HttpRequest, attempt: VerificationAttempt) -> bool:
    sign_up.keep(request, attempt)
    # There is no account yet that could be given anything.
    return False


#: A purpose that is not here gives nothing: a ``check`` proves a number of its caller's
#: choice.
_BY_PURPOSE: Mapping[str, _Gives] = {
    Purpose.STEP_UP: _step_up,
    Purpose.ENROL: _enrol,
    Purpose.SIGN_UP: _sign_up,
}


def apply(request: HttpRequest, attempt: VerificationAttempt) -> None:
    """Give the session what ``attempt`` is for; the caller's request settled it, just now.

    A repeat, a poll, or a look at the page must never come here. Each purpose tests for
    itself that the attempt is verified, this user's, and of this environment.
    """
    gives = _BY_PURPOSE.get(attempt.purpose)
    given = gives is not None and gives(request, attempt)
    # A proof that is bound to a transaction is nothing that others may build upon.
    if given and not attempt.bind_digest:
        signals.session_verified.send_robust(
            sender=VerificationAttempt, request=request, attempt=attempt
        )
