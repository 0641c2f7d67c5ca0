"""Django's entry point: ``"numverify.contrib.otp"`` in ``INSTALLED_APPS``."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NumverifyOTPConfig(AppConfig):
    name = "numverify.contrib.otp"
    label = "numverify_otp"
    verbose_name = _("Number verification for django-otp")
    # An integer: django-otp reads the key of a device back by int().
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks, receivers  # noqa: F401, PLC0415 - registers them
