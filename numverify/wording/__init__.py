"""Words for people: what happened, as far as it is known, and what to do next.

Every page and every JSON ``detail`` takes its sentences from here. They say what the
API proved and no more: no answer of it proves "was on Wi-Fi". ``title`` is a heading,
``text`` a sentence that stands alone, ``action`` the next step (``""``: none).
"""

from __future__ import annotations

from typing import Protocol

from ..exceptions import Reason
from .base import NOT_AVAILABLE, Wording
from .errors import ERRORS
from .notes import NOTES
from .reasons import REASONS, STATUSES

__all__ = ["ENUMERABLE", "Wording", "for_attempt", "for_error", "for_note", "for_reason"]

#: The reasons that would tell a stranger which numbers an operator knows (T18).
ENUMERABLE = frozenset(
    {Reason.NOT_SUPPORTED, Reason.FORBIDDEN, Reason.REQUEST, Reason.BALANCE, Reason.CREDENTIALS}
)


class _Attempt(Protocol):
    """What :func:`for_attempt` reads of a ``VerificationAttempt``."""

    @property
    def status(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def claimed_at(self) -> object: ...
    @property
    def user_id(self) -> object: ...


def for_reason(reason: str) -> Wording:
    """The words for a reason; for one of another version's, those for ``unknown``."""
    return REASONS.get(reason, REASONS[Reason.UNKNOWN])


def for_attempt(attempt: _Attempt) -> Wording:
    """The words for an attempt as it stands now, whatever its status and reason."""
    if attempt.status == "failed":
        return _for_failed(attempt)
    if attempt.status == "not_verified":
        return REASONS[Reason.NUMBER_MISMATCH]
    if attempt.status == "expired" and attempt.reason in REASONS:
        return REASONS[attempt.reason]
    return STATUSES.get(attempt.status, REASONS[Reason.UNKNOWN])


def _for_failed(attempt: _Attempt) -> Wording:
    stranger = attempt.user_id is None and attempt.claimed_at is None
    if stranger and attempt.reason in ENUMERABLE:
        return NOT_AVAILABLE
    return for_reason(attempt.reason)


def for_error(code: str) -> Wording:
    """The words for an error's ``code``, which may also be a reason."""
    return ERRORS.get(code) or REASONS.get(code) or ERRORS["refused"]


def for_note(code: str) -> Wording:
    """The words for a change of numbers that was made, or for the code of its refusal."""
    return NOTES.get(code) or for_error(code)
