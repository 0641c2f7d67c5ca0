"""The app at the root, as the tutorial's backend has it."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("", include("numverify.urls"))]
