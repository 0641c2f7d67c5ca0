"""The gate for an admin site.

Apart from :mod:`numverify.admin`, which registers models: a class that is named by
``AdminConfig.default_site`` is imported while the default site is still being made.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin

from .conf import conf
from .gates import Gate

if TYPE_CHECKING:
    _AdminSite = admin.AdminSite
else:
    _AdminSite = object


class NumberVerificationAdminSiteMixin(_AdminSite):
    """Every page of the admin asks for a proof, after log-in and permission; log-out never.

    ``verification_max_age`` is in seconds; None: ``SITE_MAX_AGE``.
    """

    verification_max_age: float | None = None

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        return super().admin_view(view if view == self.logout else self._gated(view), cacheable)

    def _gated(self, view: Callable[..., Any]) -> Callable[..., Any]:
        # With what Django reads of a view: `csrf_exempt`, for one.
        @functools.wraps(view)
        def gated(request: Any, *args: Any, **kwargs: Any) -> Any:
            gate = Gate(max_age=self.verification_max_age or conf.site_max_age)
            return gate.refusal(request) or view(request, *args, **kwargs)

        return gated


class NumberVerificationAdminSite(NumberVerificationAdminSiteMixin, admin.AdminSite):
    """For ``default_site`` of an ``AdminConfig``."""
