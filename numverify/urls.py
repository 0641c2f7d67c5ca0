"""``path("numverify/", include("numverify.urls"))``; no trailing slashes."""

from __future__ import annotations

from django.urls import path

from .views import attempts, callback, login, numbers, openapi

app_name = "numverify"
urlpatterns = [
    path("login", login.login, name="login"),
    path("callback", callback.callback, name="callback"),
    path("complete", attempts.complete, name="complete"),
    path("openapi.json", openapi.openapi, name="openapi"),
    path("attempts/<uuid:public_id>", attempts.attempt, name="attempt"),
    path("handover/<str:token>", attempts.handover, name="handover"),
    path("sign-up", numbers.sign_up, name="sign_up"),
    path("numbers", numbers.numbers, name="numbers"),
    path("numbers/add", numbers.add, name="number_add"),
    path("numbers/<uuid:public_id>/prove", numbers.prove, name="number_prove"),
    path("numbers/<uuid:public_id>/remove", numbers.remove, name="number_remove"),
    path("numbers/<uuid:public_id>/primary", numbers.primary, name="number_primary"),
]
