"""The gate for a whole site: every view asks, save those that are exempt."""

# ruff: noqa: ARG002 - the signature is Django's
from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.views import LogoutView
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.deprecation import MiddlewareMixin

from .conf import conf
from .decorators import EXEMPT
from .gates import Gate


class NumberVerificationMiddleware(MiddlewareMixin):
    """Every view needs a log-in and a proof that is at most ``SITE_MAX_AGE`` seconds old.

    Belongs after ``AuthenticationMiddleware``. Exempt are: views that anybody may
    see by Django's ``login_not_required``, as numverify's own and Django's log-in and
    password-reset views are; ``LOGIN_URL``; log-out; static files; ``EXEMPT_PATHS``;
    views under ``number_verification_exempt``. Everything else is closed, so that a view
    somebody forgets is one that asks.
    """

    def process_view(
        self, request: HttpRequest, view: Any, args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        if not hasattr(request, "user"):
            raise ImproperlyConfigured(
                "NumberVerificationMiddleware must come after"
                " django.contrib.auth.middleware.AuthenticationMiddleware in MIDDLEWARE."
            )
        if _is_exempt_view(request, view) or _is_exempt_path(request):
            return None
        return Gate(max_age=conf.site_max_age).refusal(request)


def _is_exempt_view(request: HttpRequest, view: Any) -> bool:
    match = request.resolver_match
    apps = match.app_names if match else []
    return (
        getattr(view, EXEMPT, False)
        or not getattr(view, "login_required", True)
        or _is_logout(view)
        or ("admin" in apps and match is not None and match.url_name == "logout")
    )


def _is_logout(view: Any) -> bool:
    kind = getattr(view, "view_class", None)
    return isinstance(kind, type) and issubclass(kind, LogoutView)


def _is_exempt_path(request: HttpRequest) -> bool:
    # Django writes the prefix of the script before the first two by itself.
    if request.path == urlsplit(resolve_url(conf.login_url)).path:
        return True
    static = str(conf.django("STATIC_URL") or "")
    # "/" would open the whole site, and "//" begins another host's address.
    local = static.startswith("/") and not static.startswith("//") and static != "/"
    if local and request.path.startswith(static):
        return True
    return any(_covers(path, request.path_info) for path in conf.exempt_paths)


def _covers(exempt: str, path: str) -> bool:
    """``/api/public/`` covers all below it; ``/`` is the first page alone."""
    return path == exempt or (exempt.endswith("/") and exempt != "/" and path.startswith(exempt))
