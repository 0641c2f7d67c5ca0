"""URLs of the test site: the app at the root, the admin, and one protected page."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from numverify import stepup


def protected(request: HttpRequest) -> HttpResponse:
    """403 unless this session verified its user's enrolled number in the last 300 s."""
    return HttpResponse(status=200 if stepup.is_elevated(request, max_age=300) else 403)


urlpatterns = [
    path("admin/", admin.site.urls),
    path("protected", protected),
    path("", include("numverify.urls")),
]
