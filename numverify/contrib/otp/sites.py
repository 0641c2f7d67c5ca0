"""An admin that asks for a verified session, and lets the mobile network verify it.

Not in ``admin.py``: the default admin site imports this while ``admin.py`` registers at it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django_otp.admin import OTPAdminSite

from numverify.forms import safe_next
from numverify.models import Purpose

from .forms import BUTTON, AdminAuthenticationForm, has_number


class NumverifyOTPAdminSite(OTPAdminSite):
    """``default_site`` of an ``AdminConfig``, or the base of a site's own.

    django-otp's lists our device at its log-in and asks for a code, which there never is:
    a user without another device could not get in.
    """

    login_form = AdminAuthenticationForm
    login_template = "numverify_otp/admin/login.html"

    @method_decorator(never_cache)
    @login_not_required
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's, then on to the step-up if the button was pressed and the password right."""
        context = {"network_url": self._network_url(request), **(extra_context or {})}
        response = super().login(request, context)
        if request.method == "POST" and BUTTON in request.POST and response.has_header("Location"):
            return HttpResponseRedirect(step_up_url(request, response["Location"]))
        return response

    def _network_url(self, request: HttpRequest) -> str:
        """Where somebody goes who is logged in already, and only not verified; or ``""``."""
        user = request.user
        if not (user.is_active and getattr(user, "is_staff", False) and has_number(user)):
            return ""
        index = reverse("admin:index", current_app=self.name)
        return step_up_url(request, request.GET.get("next", "") or index)


def step_up_url(request: HttpRequest, target: str) -> str:
    """The page that starts a step-up, and leads to ``target``, a page of this site, after it."""
    query = {"purpose": str(Purpose.STEP_UP), "next": safe_next(request, target)}
    return f"{reverse('numverify:login')}?{urlencode(query)}"
