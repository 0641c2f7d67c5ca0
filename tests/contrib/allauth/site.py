"""URLs of the site, and a view that allauth protects."""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import reauthentication_required
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from tests.views.clients import PHONE


def number_of(user: Any) -> str | None:
    return PHONE if user.username == "alice" else None


def secret(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{request.method} {request.POST.get('amount', '')}")


urlpatterns = [
    path("secret", reauthentication_required(secret)),
    path("accounts/", include("allauth.urls")),
    path("", include("recipe")),
    path("", include("numverify.urls")),
]
