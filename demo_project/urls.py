"""The app at the root, so that the tutorial's own client finds /login and /callback."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from . import views

urlpatterns = [
    path("", views.home, name="home"),
    path("vault", views.vault, name="vault"),
    path("sign-in", LoginView.as_view(template_name="demo/sign_in.html"), name="sign_in"),
    path("sign-out", LogoutView.as_view(), name="sign_out"),
    path("admin/", admin.site.urls),
    path("", include("numverify.urls")),
]
