"""From a settled attempt to django-otp's device and its mark on the session.

A device is confirmed only for the number that its user has enrolled, and only by a proof.
Where the user has another django-otp device, the first proof of a number needs a session
that this one has verified: a second factor must not be added by the first alone.
"""

from __future__ import annotations

import logging
from typing import Any

import django_otp
from django.http import HttpRequest

from numverify import logs, phone, stepup
from numverify.conf import conf
from numverify.enrolled import EnrolledNumber
from numverify.models import Purpose, Status, VerificationAttempt

from .models import NumberVerificationDevice

#: A settled attempt, or a number whose enrolment one has just confirmed.
Proof = VerificationAttempt | EnrolledNumber

#: What marks the session. Not ``enrol``, which only makes the device; not ``check``, whose
#: number is its caller's choice; not ``passwordless``, where the SIM is the first factor.
MARKING = frozenset({Purpose.STEP_UP, Purpose.LOGIN})
_PROOF = (
    "name",
    "confirmed",
    "phone_mask",
    "phone_hmac",
    "phone_hmac_key",
    "last_used_at",
    "last_generated_timestamp",
    "throttling_failure_timestamp",
    "throttling_failure_count",
)
_NAME_LENGTH = 64


def mark(request: HttpRequest, attempt: VerificationAttempt) -> bool:
    """Mark the session as verified by an attempt that this very request has settled.

    Comes after the session's key was changed (by :func:`numverify.stepup.elevate`, or by
    Django's log-in): django-otp's log-in does not change it (T14).

    Returns:
        False, and the session unmarked, unless the attempt is a verified step-up or
        log-in of this user, in this environment, with the enrolled number. One that is
        bound to a transaction confirms that transaction and nothing else.
    """
    if attempt.status != Status.VERIFIED or attempt.purpose not in MARKING or attempt.bind_digest:
        return False
    device = confirm(request, attempt)
    if device is None:
        return False
    django_otp.login(request, device)
    return True


def confirm(request: HttpRequest, proof: Proof) -> NumberVerificationDevice | None:
    """The user's device, confirmed by this proof; None if it proves nothing here."""
    user = request.user
    number = stepup.enrolled_number(user)
    if number is None or not _proves(proof, user, number):
        return None
    device = _find(user, number)
    if device is None:
        if not _may_add(request):
            logs.event("otp_device_refused", logging.WARNING, environment=proof.environment)
            return None
        device = _make(user, proof)
    return _proven(device, proof) if device.is_current(user) else None


def verified_otherwise(request: HttpRequest) -> bool:
    """Was this session verified by another device of django-otp?

    For ``NUMBER_CHANGE_ALLOWED``: whoever lost the phone changes the number by a code.
    """
    device = getattr(request.user, "otp_device", None)
    return device is not None and not _is_ours(device)


def forget(user: Any) -> None:
    """Remove the user's device, and with it what it verified, in every session."""
    NumberVerificationDevice.objects.filter(user=user).delete()


def forget_stale(user: Any) -> None:
    """Remove the user's device unless its number is the enrolled one."""
    device = NumberVerificationDevice.objects.filter(user=user).first()
    if device is not None and not device.is_current(user):
        forget(user)


def _proves(proof: Proof, user: Any, number: str) -> bool:
    return (
        proof.environment == conf.environment
        and proof.user_id == user.pk
        and proof.phone_hmac in phone.phone_hmacs(number)
    )


def _find(user: Any, number: str) -> NumberVerificationDevice | None:
    return NumberVerificationDevice.objects.filter(
        user=user, environment=conf.environment, phone_hmac__in=phone.phone_hmacs(number)
    ).first()


def _may_add(request: HttpRequest) -> bool:
    """Whoever stole a password would otherwise add the SIM that he holds (T4).

    A device of ours counts for nothing here: its number is not the enrolled one.
    """
    others = [
        device for device in django_otp.devices_for_user(request.user) if not _is_ours(device)
    ]
    return not others or verified_otherwise(request)


def _is_ours(device: Any) -> bool:
    return isinstance(device, NumberVerificationDevice)


def _make(user: Any, proof: Proof) -> NumberVerificationDevice:
    """The device, unconfirmed; two requests at once get the same one."""
    forget(user)  # what is there is of another number or environment
    device: NumberVerificationDevice = NumberVerificationDevice.objects.get_or_create(
        user=user, defaults={"environment": proof.environment, **_number_of(proof)}
    )[0]
    return device


def _number_of(proof: Proof) -> dict[str, str]:
    return {
        "name": proof.phone_mask[:_NAME_LENGTH],
        "phone_mask": proof.phone_mask,
        "phone_hmac": proof.phone_hmac,
        "phone_hmac_key": proof.phone_hmac_key,
    }


def _proven(device: NumberVerificationDevice, proof: Proof) -> NumberVerificationDevice:
    # Its HMAC follows a rotation of the keys.
    for field, value in _number_of(proof).items():
        setattr(device, field, value)
    device.confirmed = True
    device.throttle_reset(commit=False)
    device.cooldown_reset(commit=False)
    device.set_last_used_timestamp(commit=False)
    # Names its fields: a plain save would bring back a row that another tab has removed.
    device.save(update_fields=_PROOF)
    return device
