"""none -> ``pending`` | ``failed``: announce an attempt to the provider, then record it."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils import timezone

from .. import phone, tokens
from ..conf import conf
from ..exceptions import Call, ProviderError
from ..models import Binding, Status, VerificationAttempt
from ..providers import get_provider
from . import timings
from .events import announce
from .faults import only_foreseen
from .parties import Party


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for.

    Args:
        next: must already be known to be safe to redirect to.
        handover: make a link by which a phone's browser can take the attempt over.
        consent_version: SHA-256 of the text that the person agreed to, or ``""``.
        bind_digest: of the one transaction that a step-up confirms, or ``""``.
    """

    phone: str = field(repr=False)
    purpose: str
    binding: str
    channel: str
    next: str = ""
    handover: bool = False
    consent_version: str = ""
    bind_digest: str = ""


@dataclass(frozen=True, slots=True)
class Begun:
    """A recorded attempt: ``pending``, or ``failed`` with its reason.

    ``attempt_secret`` is for callers without a session, ``handover_token`` for the link
    that a phone's browser opens; both exist here alone.
    """

    attempt: VerificationAttempt
    auth_url: str = field(default="", repr=False)
    attempt_secret: str = field(default="", repr=False)
    handover_token: str = field(default="", repr=False)
    retry_after: int | None = None


def start(order: Order, party: Party) -> Begun:
    """Start an attempt for an admitted order: the provider's call, then one INSERT.

    The guards are :func:`numverify.admission.start`'s, which is what to call.

    Raises:
        ConfigurationError: the site is set up wrongly; nothing was sent or stored.
    """
    name = conf.provider
    provider = get_provider(name, request=party.request)
    state = tokens.new_state()
    secret = _secret_if(order.binding == Binding.COMPLETION and not party.nonce)
    handover = _secret_if(order.handover)
    attempt = _new_attempt(order, party)
    attempt.provider = name
    attempt.state_hash = tokens.digest(state)
    attempt.attempt_secret_hash = tokens.digest(secret) if secret else ""
    attempt.handover_hash = tokens.digest(handover) if handover else ""
    try:
        with only_foreseen():
            started = provider.start(order.phone, state, correlator=attempt.correlator)
    except ProviderError as error:
        return _not_begun(attempt, error)
    _record(attempt, started.calls)
    announce("attempt_started", attempt)
    token = f"{attempt.public_id}.{handover}" if handover else ""
    return Begun(attempt, started.auth_url, secret, token)


def _secret_if(wanted: bool) -> str:
    return tokens.new_secret() if wanted else ""


def _new_attempt(order: Order, party: Party) -> VerificationAttempt:
    now = timezone.now()
    expires = now + timedelta(seconds=conf.attempt_seconds)
    key_id, phone_hmac = phone.phone_hmac(order.phone)
    return VerificationAttempt(
        user=party.user,
        purpose=order.purpose,
        environment=conf.environment,
        binding=order.binding,
        channel=order.channel,
        phone=order.phone,
        phone_mask=phone.mask(order.phone),
        phone_hmac=phone_hmac,
        phone_hmac_key=key_id,
        country_code=phone.country_code(order.phone),
        browser_nonce_hmac=(party.nonces() or [""])[0],
        next=order.next,
        consent_version=order.consent_version,
        consented_at=now if order.consent_version else None,
        bind_digest=order.bind_digest,
        client_ip=party.client_ip,
        user_agent=party.user_agent,
        correlator=str(uuid.uuid4()),
        created_at=now,
        expires_at=expires,
        deadline=expires,
    )


def _record(attempt: VerificationAttempt, calls: Iterable[Call]) -> None:
    """The one INSERT, after the call, with its outcome and timing."""
    for column, milliseconds in timings.columns(calls).items():
        setattr(attempt, column, milliseconds)
    attempt.save(force_insert=True)


def _not_begun(attempt: VerificationAttempt, error: ProviderError) -> Begun:
    attempt.status = Status.FAILED
    attempt.reason, attempt.detail = error.reason, error.detail
    attempt.deadline, attempt.ended_at = None, timezone.now()
    _record(attempt, error.calls)
    announce("start_failed", attempt, logging.WARNING)
    return Begun(attempt, retry_after=error.retry_after)
