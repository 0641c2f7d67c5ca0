"""URLs of the test site: the app at the root, the admin, nothing else."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("numverify.urls")),
]
