"""The authorization response: claim the attempt, ask the network, settle.

A ladder of guards, cheapest first. Four things make it safe: the claim is the first
statement and a single conditional UPDATE; no transaction is open while the network is
asked; what was claimed is settled by whatever happens; and a repeat changes nothing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError
from django.utils import timezone

from .. import logs, tokens
from ..conf import conf
from ..exceptions import (
    AttemptExpired,
    AttemptUsed,
    CodesNotForBrowsers,
    ConfigurationError,
    FlowError,
    InvalidCallback,
    OtherBrowser,
    ProviderError,
    Reason,
    Unavailable,
)
from ..models import Binding, Status, VerificationAttempt
from ..providers import get_provider
from ..providers.base import Verification
from . import timings
from .events import announce
from .faults import only_foreseen
from .overdue import end, expire_if_overdue
from .parties import Party, may_call_back, may_refuse, ours


@dataclass(frozen=True, slots=True)
class AuthorizationResponse:
    """An authorization response with the shape that RFC 6749 (4.1.2) gives it."""

    state: str = field(repr=False)
    code: str = field(default="", repr=False)
    error: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """What the callback came to.

    Args:
        settled: this very request made the transition; only then may anyone be elevated.
        completion_code: the one copy of the code, for the device that was checked.
    """

    attempt: VerificationAttempt
    settled: bool
    completion_code: str = field(default="", repr=False)
    retry_after: int | None = None


def finish(response: AuthorizationResponse, party: Party) -> Finished:
    """Take an authorization response.

    Raises:
        InvalidCallback: nobody issued this state (400).
        OtherBrowser, CodesNotForBrowsers: not bound to this caller (403).
        AttemptExpired (410), AttemptUsed (409): too late, or a repeat.
            None of these changed anything but an overdue status.
    """
    if response.error:
        return _refused(response, party)
    now = timezone.now()
    state_hash = tokens.digest(response.state)
    claimed = ours().claim(
        state_hash,
        may_call_back(party),
        now=now,
        deadline=now + timedelta(seconds=conf.claim_seconds),
    )
    if not claimed:
        raise _why_not(state_hash, party, now)
    attempt = ours().get(state_hash=state_hash)
    logs.event("attempt_claimed", attempt=str(attempt.public_id), correlator=attempt.correlator)
    try:
        return _settle(attempt, response.code, party)
    except DatabaseError as error:
        # Fail closed: the answer could not be written down, so nobody is let in by it.
        logs.event("database_fault", logging.ERROR, error=type(error).__name__)
        raise Unavailable(code=Reason.OUTCOME_UNKNOWN) from None


def _why_not(state_hash: str, party: Party, now: datetime) -> FlowError:
    """Why a response could not be claimed: the ladder, and one reason for each rung."""
    attempt = ours().filter(state_hash=state_hash).first()
    if attempt is None:
        return InvalidCallback(code="unknown_state")
    refusal = _unbound(attempt, party)
    if refusal:
        logs.event(
            "callback_refused",
            logging.WARNING,
            attempt=str(attempt.public_id),
            reason=refusal.code,
            correlator=attempt.correlator,
        )
        return refusal
    bound_to = str(attempt.public_id) if attempt.binding == Binding.SESSION else ""
    expire_if_overdue(attempt, now)
    if attempt.status == Status.EXPIRED:
        return AttemptExpired(bound_to=bound_to)
    return AttemptUsed(bound_to=bound_to)


def _unbound(attempt: VerificationAttempt, party: Party) -> FlowError | None:
    if ours().filter(may_call_back(party), pk=attempt.pk).exists():
        return None
    handed_over = bool(attempt.handset_nonce_hmac)
    if attempt.binding == Binding.COMPLETION and party.is_browser and not handed_over:
        return CodesNotForBrowsers()
    return OtherBrowser()


def _refused(response: AuthorizationResponse, party: Party) -> Finished:
    """``pending`` -> ``failed``: the operator or the person said no, before any code."""
    now = timezone.now()
    state_hash = tokens.digest(response.state)
    attempt = ours().filter(may_refuse(party), state_hash=state_hash).first()
    if attempt is None or attempt.status != Status.PENDING or attempt.expires_at <= now:
        raise _why_not(state_hash, party, now)
    reason = _refusal(attempt, response.error, party)
    if not end(attempt, Status.PENDING, Status.FAILED, reason=reason):
        # Another response was faster: this one is a repeat, and learns no outcome.
        raise _why_not(state_hash, party, now)
    return Finished(attempt, settled=True)


def _refusal(attempt: VerificationAttempt, error: str, party: Party) -> Reason:
    try:
        with only_foreseen():
            reason = get_provider(attempt.provider, request=party.request).refusal(error)
    except (ProviderError, ConfigurationError):
        return Reason.UNKNOWN
    return reason


def _settle(attempt: VerificationAttempt, code: str, party: Party) -> Finished:
    try:
        answer = _ask(attempt, code, party)
    except ProviderError as error:
        values = timings.columns(error.calls)
        settled = end(
            attempt,
            Status.CLAIMED,
            Status.FAILED,
            reason=error.reason,
            detail=error.detail,
            **values,
        )
        return Finished(attempt, settled, retry_after=error.retry_after)
    answered = _answered(answer)
    if not answered["result"]:
        answered["reason"] = Reason.NUMBER_MISMATCH
        return Finished(attempt, end(attempt, Status.CLAIMED, Status.NOT_VERIFIED, **answered))
    if attempt.binding == Binding.SESSION:
        return Finished(attempt, end(attempt, Status.CLAIMED, Status.VERIFIED, **answered))
    return _await_completion(attempt, answered)


def _ask(attempt: VerificationAttempt, code: str, party: Party) -> Verification:
    """The provider's calls, with the number of the row: never one from a request."""
    try:
        with only_foreseen():
            provider = get_provider(attempt.provider, request=party.request)
            answer = provider.finish(
                attempt.phone, code, correlator=attempt.correlator, seconds=conf.callback_timeout
            )
    except ConfigurationError:
        detail = "The settings changed so that the answer could not be fetched."
        raise ProviderError(Reason.CREDENTIALS, detail=detail) from None
    return answer


def _answered(answer: Verification) -> dict[str, Any]:
    now = timezone.now()
    return {
        # `is`: whatever a provider class takes for true, only True verifies (T8).
        "result": answer.verified is True,
        "answered_at": now,
        "token_expires_at": now + timedelta(seconds=answer.token_seconds),
        **timings.columns(answer.calls),
    }


def _await_completion(attempt: VerificationAttempt, answered: dict[str, Any]) -> Finished:
    """``claimed`` -> ``awaiting_completion``: the code goes to this device, once."""
    typed = bool(attempt.browser_nonce_hmac)
    code = tokens.new_typed_code() if typed else tokens.new_secret()
    seconds = conf.typed_completion_seconds if typed else conf.completion_seconds
    values = {
        **answered,
        "completion_code_hmac": tokens.keyed("completion", completion_form(code, typed=typed))[1],
        "deadline": timezone.now() + timedelta(seconds=seconds),
    }
    won = ours().move(attempt.pk, Status.CLAIMED, Status.AWAITING_COMPLETION, **values)
    if not won:
        attempt.refresh_from_db()
        return Finished(attempt, settled=False)
    attempt.status = Status.AWAITING_COMPLETION
    for name, value in values.items():
        setattr(attempt, name, value)
    announce("attempt_answered", attempt)
    return Finished(attempt, settled=True, completion_code=code)


def completion_form(code: str, *, typed: bool) -> str:
    """The form of a code that is hashed: people's spellings of a typed one are one."""
    return tokens.from_typed(code) if typed else code
