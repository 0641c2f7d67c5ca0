"""Rows for tests that do not care how they came about."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from numverify import phone, tokens
from numverify.models import (
    TERMINAL,
    Binding,
    Channel,
    EnvironmentName,
    Purpose,
    Status,
    VerificationAttempt,
)


def make_attempt(**overrides: Any) -> VerificationAttempt:
    """A saved attempt: pending, begun now by a browser, for ``+99012345678``.

    What depends on number, status or start (mask, HMAC, times) follows ``overrides``,
    unless it is overridden itself.
    """
    number = overrides.get("phone", "+99012345678")
    key, number_hmac = phone.phone_hmac(number)
    created = overrides.get("created_at", timezone.now())
    values: dict[str, Any] = {
        "purpose": Purpose.CHECK,
        "provider": "vonage_number_verification",
        "environment": EnvironmentName.VIRTUAL,
        "binding": Binding.SESSION,
        "channel": Channel.WEB,
        "phone": number,
        "phone_mask": phone.mask(number),
        "phone_hmac": number_hmac,
        "phone_hmac_key": key,
        "country_code": phone.country_code(number),
        "state_hash": tokens.digest(tokens.new_state()),
        "browser_nonce_hmac": tokens.keyed("browser", tokens.new_secret())[1],
        "correlator": str(uuid.uuid4()),
        "client_ip": "192.0.2.1",
        "user_agent": "Mozilla/5.0 (Android 16; Mobile)",
        "created_at": created,
        "expires_at": created + timedelta(minutes=5),
        "start_ms": 41,
        **_ending(overrides.get("status", Status.PENDING), created),
    }
    return VerificationAttempt.objects.create(**values | overrides)


def _ending(status: str, created: Any) -> dict[str, Any]:
    if status not in TERMINAL:
        return {"deadline": created + timedelta(minutes=5)}
    ended: dict[str, Any] = {"deadline": None, "ended_at": created + timedelta(seconds=9)}
    if status in (Status.VERIFIED, Status.NOT_VERIFIED):
        ended |= {"result": status == Status.VERIFIED, "token_ms": 42, "verify_ms": 43}
        ended |= {"claimed_at": created + timedelta(seconds=8), "answered_at": ended["ended_at"]}
    return ended
