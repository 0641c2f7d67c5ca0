"""Keeps django-otp's mark no longer than the number is the user's."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import django_otp
from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import SimpleLazyObject

from numverify import logs
from numverify.exceptions import ConfigurationError

from .models import NumberVerificationDevice


class EnrolledNumberMiddleware:
    """After ``django_otp.middleware.OTPMiddleware``.

    That one tests whether the device is there, confirmed, and the user's. This one tests
    whether its number is still what the user has enrolled, in the environment where the
    site runs: one query, if any, and only in sessions that the device has verified.
    Lazy, like the other: a view that never looks at the user costs nothing.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        user: Any = SimpleLazyObject(partial(_checked, request, request.user))
        request.user = user
        request.auser = partial(_achecked, request, request.auser)
        response: HttpResponseBase | Awaitable[HttpResponseBase] = self.get_response(request)
        return response


def _checked(request: HttpRequest, user: Any) -> Any:
    device = getattr(user, "otp_device", None)
    if isinstance(device, NumberVerificationDevice) and not _is_current(device, user):
        request.session.pop(django_otp.DEVICE_ID_SESSION_KEY, None)
        user.otp_device = None
    return user


async def _achecked(request: HttpRequest, auser: Callable[[], Awaitable[Any]]) -> Any:
    return await sync_to_async(_checked)(request, await auser())


def _is_current(device: NumberVerificationDevice, user: Any) -> bool:
    try:
        # Before 1.7, django-otp itself let a device in that is not confirmed.
        return device.confirmed and device.is_current(user)
    except ConfigurationError as error:
        logs.event("configuration_fault", logging.ERROR, error=str(error))
        return False
