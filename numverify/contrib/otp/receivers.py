"""What the core announces, and what django-otp is to make of it."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django_otp.middleware import OTPMiddleware

from numverify import signals
from numverify.enrolled import EnrolledNumber
from numverify.models import VerificationAttempt

from . import devices
from .middleware import EnrolledNumberMiddleware


@receiver(signals.session_renewed, dispatch_uid="numverify_otp.renewed")
def renew_user(request: HttpRequest, **_kwargs: Any) -> None:
    """Give the user ``otp_device`` and ``is_verified()`` again, as templates ask for them."""
    OTPMiddleware(EnrolledNumberMiddleware(lambda _request: HttpResponse()))(request)


@receiver(signals.session_verified, dispatch_uid="numverify_otp.mark")
def mark_session(request: HttpRequest, attempt: VerificationAttempt, **_kwargs: Any) -> None:
    devices.mark(request, attempt)


@receiver(signals.number_enrolled, dispatch_uid="numverify_otp.confirm")
def confirm_device(request: HttpRequest | None, number: EnrolledNumber, **_kwargs: Any) -> None:
    """The device is there from the start, as ``otp_required(if_configured=True)`` asks.

    The session is not marked: whoever just chose the number has proven nothing about who
    he is.
    """
    if request is not None:
        devices.confirm(request, number)


@receiver(signals.number_removed, dispatch_uid="numverify_otp.removed")
@receiver(signals.primary_changed, dispatch_uid="numverify_otp.changed")
def forget_device(user: Any, **_kwargs: Any) -> None:
    devices.forget_stale(user)
