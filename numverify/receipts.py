"""Receipts: what a client without a session shows the site's own API after a step-up.

A session is elevated; a token has nothing to elevate. So the answer of ``POST /complete``
holds a signed, short-lived receipt, which the app sends with the request that needs the
proof (header ``Numverify-Receipt``), and which the API gives to :func:`check`.

It holds no phone number: the attempt's id, the user's key, the number's HMAC, purpose,
environment and time. It is worth nothing without the user's own token.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.cache import caches
from django.core.signing import BadSignature, Signer
from django.utils import timezone

from . import binds, logs, phone, stepup, tokens
from .conf import conf
from .exceptions import ConfigurationError, NumverifyError
from .flow.parties import ours
from .models import Purpose, Status, VerificationAttempt

HEADER = "Numverify-Receipt"
_SALT = "numverify.receipts"
_LABEL = "receipt"
_MAX_LENGTH = 2048
# The next request may reach a server whose clock is a little behind.
_CLOCK_SKEW = 60


class ReceiptError(NumverifyError):
    """A receipt that does not count; ``code`` is stable and safe to show.

    ``bad_signature``, ``expired``, ``other_user``, ``other_environment``,
    ``other_purpose``, ``other_transaction``, ``number_changed``,
    ``credentials_changed``, ``used``, ``unavailable`` (the cache does not answer).
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a good receipt says.

    Args:
        attempt_id: the attempt's public id; the admin finds it.
        user_id: the key of the user, as text.
        bind_digest: of the one transaction that was confirmed, or ``""``.
    """

    attempt_id: UUID
    user_id: str
    purpose: str
    environment: str
    verified_at: datetime
    bind_digest: str = ""


def is_due(attempt: VerificationAttempt) -> bool:
    """May there be a receipt: for a verified step-up of a user, made here?

    A ``check`` proves a number of its caller's choice (T4): there is none for it.
    """
    return (
        conf.receipt_seconds > 0
        and attempt.status == Status.VERIFIED
        and attempt.purpose == Purpose.STEP_UP
        and attempt.environment == conf.environment
        and attempt.user_id is not None
        and attempt.ended_at is not None
    )


def issue(attempt: VerificationAttempt) -> str:
    """A receipt for the request that settled ``attempt``, to be given to its user alone.

    It counts for ``RECEIPT_SECONDS`` from the moment the attempt was verified, however
    late it is issued; it fits into an HTTP header.

    Raises:
        ValueError: the attempt gives none, see :func:`is_due`.
    """
    if not is_due(attempt) or attempt.ended_at is None:
        raise ValueError("Only a verified step-up of a user has a receipt.")
    claims = {
        "attempt": str(attempt.public_id),
        "user": str(attempt.user_id),
        "phone": attempt.phone_hmac,
        "auth": tokens.keyed(_LABEL, _auth_hash(attempt.user))[1],
        "purpose": str(attempt.purpose),
        "environment": str(attempt.environment),
        "bind": attempt.bind_digest,
        "at": attempt.ended_at.timestamp(),
    }
    return _signer().sign_object(claims)


def check(
    receipt: str,
    *,
    user: Any,
    max_age: float | None = None,
    purpose: str = Purpose.STEP_UP,
    bind: Any = None,
    scope: str = "",
    single_use: bool = False,
) -> Receipt:
    """What ``receipt`` says, if it counts for ``user`` now.

    Args:
        user: whom the request's own credentials (token, session) name. Never whom the
            receipt names.
        max_age: seconds since the verification; ``RECEIPT_SECONDS`` is the most.
        bind: the transaction to which the proof must be bound, as it is about to happen;
            a bound receipt serves that transaction alone, once, and nothing else.
        scope: the view of the transaction, as it was offered.
        single_use: refuse the receipt when it comes again (asks the cache ``CACHE``).

    Raises:
        ReceiptError: it does not count; nothing was used up.
    """
    try:
        claims = _read(receipt)
        _now_and_here(claims, max_age, purpose)
        _of_user(claims, user)
        found = _receipt(claims)
        _use(found, user, bind, scope, single_use=single_use)
    except ReceiptError as error:
        logs.event("receipt_refused", logging.WARNING, reason=error.code)
        raise
    return found


def _signer() -> Signer:
    first, *others = tokens.signing_keys(_LABEL)
    fallbacks: list[bytes | str] = [*others]
    return Signer(key=first, fallback_keys=fallbacks, salt=_SALT)


def _read(receipt: str) -> Mapping[str, Any]:
    """The claims of a receipt that we signed, with whichever of the site's keys."""
    if not isinstance(receipt, str) or len(receipt) > _MAX_LENGTH:
        raise ReceiptError("bad_signature")
    try:
        claims = _signer().unsign_object(receipt)
    except (BadSignature, ValueError):
        raise ReceiptError("bad_signature") from None
    return dict(claims)


def _now_and_here(claims: Mapping[str, Any], max_age: float | None, purpose: str) -> None:
    if claims["environment"] != conf.environment:
        raise ReceiptError("other_environment")
    limit = conf.receipt_seconds if max_age is None else min(max_age, conf.receipt_seconds)
    if limit <= 0 or not -_CLOCK_SKEW <= time.time() - claims["at"] <= limit:
        raise ReceiptError("expired")
    if claims["purpose"] != purpose:
        raise ReceiptError("other_purpose")


def _of_user(claims: Mapping[str, Any], user: Any) -> None:
    """The same user, whose password and number are what they were."""
    known = user is not None and user.is_authenticated and user.is_active
    if not known or claims["user"] != str(user.pk):
        raise ReceiptError("other_user")
    if claims["auth"] not in tokens.keyed_all(_LABEL, _auth_hash(user)):
        raise ReceiptError("credentials_changed")
    try:
        number = stepup.enrolled_number(user)
    except ConfigurationError:
        number = None
    if number is None or claims["phone"] not in phone.phone_hmacs(number):
        raise ReceiptError("number_changed")


def _auth_hash(user: Any) -> str:
    """Changes with the password; ``""`` for user models that have none."""
    get_hash = getattr(user, "get_session_auth_hash", None)
    return str(get_hash()) if get_hash else ""


def _receipt(claims: Mapping[str, Any]) -> Receipt:
    return Receipt(
        attempt_id=UUID(claims["attempt"]),
        user_id=claims["user"],
        purpose=claims["purpose"],
        environment=claims["environment"],
        verified_at=datetime.fromtimestamp(claims["at"], UTC),
        bind_digest=claims["bind"],
    )


def _use(receipt: Receipt, user: Any, bind: Any, scope: str, *, single_use: bool) -> None:
    """The last guard, since it uses the receipt up."""
    if bind is None:
        if receipt.bind_digest:
            raise ReceiptError("other_transaction")
        if single_use:
            _use_once(receipt)
        return
    if receipt.bind_digest not in binds.digests(bind, user=user, scope=scope):
        raise ReceiptError("other_transaction")
    # The row decides, as for sessions: of two requests at once, one gets it.
    if not ours().use_proof(receipt.attempt_id, receipt.bind_digest, now=timezone.now()):
        raise ReceiptError("used")


def _use_once(receipt: Receipt) -> None:
    key = f"numverify:receipt:{receipt.attempt_id}"
    try:
        fresh = caches[conf.cache].add(key, 1, timeout=conf.receipt_seconds + 2 * _CLOCK_SKEW)
    except Exception as error:  # noqa: BLE001 - each cache client has errors of its own
        logs.event("receipt_refused", logging.ERROR, error=type(error).__name__)
        raise ReceiptError("unavailable") from None
    if not fresh:
        raise ReceiptError("used")
