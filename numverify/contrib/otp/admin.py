"""Devices in the admin: seen, and removed where somebody may; never made or changed."""

# ruff: noqa: ARG002 - the signatures are Django's
from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from numverify.redaction import redact_name

from .models import NumberVerificationDevice

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[NumberVerificationDevice]
else:
    _ModelAdmin = admin.ModelAdmin

_LOOKUPS = frozenset({"confirmed__exact", "environment__exact"})


@admin.register(NumberVerificationDevice)
class NumberVerificationDeviceAdmin(_ModelAdmin):
    """Removing a device ends what it verified; a user cannot be removed without it."""

    list_display = (
        "user_label",
        "number",
        "confirmed",
        "environment",
        "created_at",
        "last_used_at",
    )
    list_filter = ("confirmed", "environment")
    list_select_related = ("user",)
    ordering = ("-id",)
    fields = list_display

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: NumberVerificationDevice | None = None
    ) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """What is not listed could tell an HMAC, or a user's fields, bit by bit."""
        return lookup in _LOOKUPS

    @admin.display(description=_("user"))
    def user_label(self, device: NumberVerificationDevice) -> str:
        return redact_name(str(device.user))

    @admin.display(description=_("phone number"))
    def number(self, device: NumberVerificationDevice) -> str:
        return device.phone_mask
