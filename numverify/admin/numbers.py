"""Confirmed numbers in the admin: read-only, masked."""

# ruff: noqa: ARG002 - the signatures are Django's
from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ..enrolled import EnrolledNumber
from ..redaction import redact_name
from .attempts import CappedPaginator

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[EnrolledNumber]
else:
    _ModelAdmin = admin.ModelAdmin

#: Others would tell a number digit by digit to people who may see its mask only.
_LOOKUPS = frozenset({"environment__exact", "user__id__exact", "user__in", "public_id__exact"})


@admin.register(EnrolledNumber)
class EnrolledNumberAdmin(_ModelAdmin):
    list_display = (
        "number",
        "user_label",
        "is_primary",
        "confirmed_at",
        "last_proven_at",
        "environment",
    )
    list_display_links = ("number",)
    list_filter = ("environment",)
    list_select_related = ("user",)
    ordering = ("-id",)
    sortable_by = ()
    actions = None
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    fields = ("public_id", *list_display, "attempt_id")

    # -- read-only -------------------------------------------------------------------
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: EnrolledNumber | None = None
    ) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: EnrolledNumber | None = None
    ) -> bool:
        # Asked by the pages of users as well: who may delete a user takes the numbers along.
        match = request.resolver_match
        ours = f"{self.opts.app_label}_{self.opts.model_name}_"
        return match is not None and not str(match.url_name).startswith(ours)

    def get_queryset(self, request: HttpRequest) -> QuerySet[EnrolledNumber]:
        return super().get_queryset(request).defer("phone")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in _LOOKUPS

    # -- columns ---------------------------------------------------------------------
    @admin.display(description=_("phone number"))
    def number(self, row: EnrolledNumber) -> str:
        return row.phone_mask

    @admin.display(description=_("user"))
    def user_label(self, row: EnrolledNumber) -> str:
        return redact_name(str(row.user))

    @admin.display(description=_("primary"), boolean=True)
    def is_primary(self, row: EnrolledNumber) -> bool:
        return row.is_primary
