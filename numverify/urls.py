"""``path("numverify/", include("numverify.urls"))``; no trailing slashes."""

from __future__ import annotations

from django.urls import path

from .views import attempts, callback, login

app_name = "numverify"
urlpatterns = [
    path("login", login.login, name="login"),
    path("callback", callback.callback, name="callback"),
    path("complete", attempts.complete, name="complete"),
    path("attempts/<uuid:public_id>", attempts.attempt, name="attempt"),
    path("handover/<str:token>", attempts.handover, name="handover"),
]
