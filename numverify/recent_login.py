"""When this session's user last showed who he is: changes of his numbers need it to be recent."""

from __future__ import annotations

import time
from typing import Any

from django.contrib import auth
from django.http import HttpRequest

from .conf import conf
from .exceptions import LoginTooOld, UnknownAttempt

_LOGIN = "numverify_login"
# The next request may reach a server whose clock is a little behind.
_CLOCK_SKEW = 60


def mark(request: HttpRequest) -> None:
    """Remember that this session's user has just shown who he is.

    Django's ``login()`` does it by a signal. For sites that ask for the password again
    by other means: call it once the password was right.
    """
    request.session[_LOGIN] = {"at": time.time(), "user": request.session.get(auth.SESSION_KEY)}


def on_login(request: Any = None, user: Any = None, **kwargs: Any) -> None:  # noqa: ARG001
    """Receiver of ``user_logged_in``."""
    session = getattr(request, "session", None)
    # Log-ins that give a token send the signal, too: they must not come by a session.
    if session is not None and user is not None and session.get(auth.SESSION_KEY) == _key_of(user):
        mark(request)


def _key_of(user: Any) -> str:
    # As Django's `login()` writes it.
    return str(user._meta.pk.value_to_string(user))  # noqa: SLF001


def guard(request: HttpRequest, *, grace: float = 0) -> None:
    """Raises LoginTooOld; UnknownAttempt where the site keeps the numbers elsewhere.

    Args:
        grace: seconds that the log-in may be older, where it was tested before.
    """
    if conf.enrolled_number is not None or not request.user.is_authenticated:
        raise UnknownAttempt
    entry = request.session.get(_LOGIN)
    if not (
        isinstance(entry, dict)
        and entry["user"] == request.session.get(auth.SESSION_KEY)
        and is_fresh(entry["at"], grace)
    ):
        raise LoginTooOld


def is_fresh(at: float, grace: float) -> bool:
    return -_CLOCK_SKEW <= time.time() - at <= conf.recent_login_seconds + grace
