"""System checks of the adapter; ids and what to do: ``docs/django-otp.md``."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.checks import CheckMessage, Error, Warning  # noqa: A004

from numverify.checks.registry import concern
from numverify.conf import conf

_OTP = "django_otp.middleware.OTPMiddleware"
_OURS = "numverify.contrib.otp.middleware.EnrolledNumberMiddleware"


@concern()
def otp_middleware() -> Iterable[CheckMessage]:
    """In MIDDLEWARE, by their paths: a subclass of a site's own silences what is missing."""
    paths = list(conf.django("MIDDLEWARE") or ())
    if _OTP not in paths:
        yield Warning(
            "There is no OTPMiddleware: nobody is ever verified for django-otp.",
            hint=f"Add {_OTP!r} to MIDDLEWARE, after AuthenticationMiddleware.",
            id="numverify_otp.W001",
        )
    elif _OURS not in paths[paths.index(_OTP) :]:
        yield Warning(
            "A session stays verified for django-otp when its user's number changes.",
            hint=f"Add {_OURS!r} to MIDDLEWARE, after OTPMiddleware.",
            id="numverify_otp.W002",
        )


@concern()
def django_otp_app() -> Iterable[CheckMessage]:
    if "django_otp" not in (conf.django("INSTALLED_APPS") or ()):
        yield Error(
            "numverify.contrib.otp needs django-otp among the apps.",
            hint="Add 'django_otp' to INSTALLED_APPS.",
            id="numverify_otp.E003",
        )
