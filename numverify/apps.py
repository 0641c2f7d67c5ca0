"""Django's entry point."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NumverifyConfig(AppConfig):
    name = "numverify"
    verbose_name = _("Number verification")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in  # noqa: PLC0415

        from . import checks, recent_login  # noqa: F401, PLC0415 - `checks` registers them

        user_logged_in.connect(recent_login.on_login, dispatch_uid="numverify.on_login")
