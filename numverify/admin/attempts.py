"""Attempts in the admin: read-only, numbers masked, searched by exact values alone."""

# ruff: noqa: ARG002 - the signatures are Django's
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import PAGE_VAR, SEARCH_VAR
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from .. import clients
from ..models import VerificationAttempt
from ..redaction import redact, redact_name
from ..wording import for_reason
from . import search

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[VerificationAttempt]
else:
    _ModelAdmin = admin.ModelAdmin

MAX_COUNT = 10_000
_MAX_TYPED = 254
#: A lookup such as `phone__startswith` would tell a number digit by digit to people who
#: may see its mask only, so that what is not listed here is refused.
_LOOKUPS = frozenset(
    (
        *search.LOOKUPS,
        "status__exact",
        "binding__exact",
        "environment__exact",
        "purpose__exact",
        "created_at__gte",
        "created_at__lt",
    )
)
#: Not even loaded: what no page shows cannot leak from one.
_NEVER_LOADED = (
    "phone",
    "state_hash",
    "browser_nonce_hmac",
    "attempt_secret_hash",
    "handover_hash",
    "handset_nonce_hmac",
    "completion_code_hmac",
    "next",
)


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts up to MAX_COUNT rows, so that a list of millions opens at once."""

    @cached_property
    def count(self) -> int:
        rows: QuerySet[VerificationAttempt] = self.object_list  # type: ignore[assignment]
        return rows.order_by()[:MAX_COUNT].count()

    @property
    def is_capped(self) -> bool:
        return self.count >= MAX_COUNT


@admin.register(VerificationAttempt)
class VerificationAttemptAdmin(_ModelAdmin):
    list_display = (
        "created_at",
        "reference_label",
        "number",
        "status_label",
        "reason",
        "user_label",
        "purpose",
        "binding_label",
        "environment",
    )
    list_display_links = ("created_at", "reference_label")
    list_filter = ("status", "binding", "environment", "created_at")
    list_select_related = ("user",)
    ordering = ("-id",)
    sortable_by = ("created_at",)
    actions = None
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    search_fields = ("reference__exact",)  # shows the box; `search` does the search
    search_help_text = _("Reference, id, whole phone number, or user (user name or e-mail)")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "status_label",
                    "reason_label",
                    "detail",
                    "result",
                    "reference_label",
                    "public_id",
                )
            },
        ),
        (_("Who"), {"fields": ("user_label", "number", "country_code", "consented_at")}),
        (
            _("How"),
            {
                "fields": (
                    "purpose",
                    "binding",
                    "channel",
                    "environment",
                    "provider",
                    "client_ip",
                    "user_agent_label",
                    "completion_failures",
                )
            },
        ),
        (
            _("When"),
            {"fields": ("created_at", "expires_at", "claimed_at", "answered_at", "ended_at")},
        ),
        (
            _("Timings"),
            {
                "fields": (
                    "start_ms",
                    "phone_seconds",
                    "token_ms",
                    "verify_ms",
                    "token_expires_at",
                    "correlator",
                )
            },
        ),
    )

    class Media:
        css = {"all": ("numverify/admin.css",)}

    # -- read-only -------------------------------------------------------------------
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: VerificationAttempt | None = None
    ) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: VerificationAttempt | None = None
    ) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[VerificationAttempt]:
        return super().get_queryset(request).defer(*_NEVER_LOADED)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in _LOOKUPS

    # -- search ----------------------------------------------------------------------
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Search answers with a redirect: what was typed stays in no URL and no history."""
        data = request.POST if request.method == "POST" else request.GET
        typed = clients.safe_text(data.get(SEARCH_VAR, ""), _MAX_TYPED).strip()
        if not typed:
            return super().changelist_view(request, extra_context)
        if not self.has_view_permission(request):
            raise PermissionDenied
        return HttpResponseRedirect(self._search_url(request, typed))

    def _search_url(self, request: HttpRequest, typed: str) -> str:
        params = request.GET.copy()
        for name in (SEARCH_VAR, PAGE_VAR, *search.LOOKUPS):
            params.pop(name, None)
        found = search.find(typed)
        if found:
            params[found[0]] = found[1]
        else:
            self.message_user(request, _("Nothing was found by that."), messages.WARNING)
        return f"{request.path}?{params.urlencode()}"

    @property
    def _nothing(self) -> str:
        return str(self.get_empty_value_display())

    # -- columns ---------------------------------------------------------------------
    @admin.display(description=_("reference"))
    def reference_label(self, attempt: VerificationAttempt) -> str:
        return attempt.reference_display

    @admin.display(description=_("phone number"))
    def number(self, attempt: VerificationAttempt) -> str:
        return attempt.phone_mask

    @admin.display(description=_("status"))
    def status_label(self, attempt: VerificationAttempt) -> SafeString:
        return format_html(
            '<span class="numverify-status numverify-{}">{}</span>',
            attempt.status,
            attempt.get_status_display(),
        )

    @admin.display(description=_("reason"))
    def reason_label(self, attempt: VerificationAttempt) -> str:
        return str(for_reason(attempt.reason).title) if attempt.reason else self._nothing

    @admin.display(description=_("binding"))
    def binding_label(self, attempt: VerificationAttempt) -> str:
        return attempt.binding

    @admin.display(description=_("user"))
    def user_label(self, attempt: VerificationAttempt) -> str:
        return redact_name(str(attempt.user)) if attempt.user else self._nothing

    @admin.display(description=_("user agent"))
    def user_agent_label(self, attempt: VerificationAttempt) -> str:
        return redact(attempt.user_agent)

    @admin.display(description=_("time on the phone (s)"))
    def phone_seconds(self, attempt: VerificationAttempt) -> str:
        if attempt.claimed_at is None:
            return self._nothing
        return f"{(attempt.claimed_at - attempt.created_at).total_seconds():.1f}"
