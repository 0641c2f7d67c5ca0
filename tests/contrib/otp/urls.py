"""A site with django-otp: a page for everybody, one for the verified, and two admins."""

from __future__ import annotations

from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django_otp.decorators import otp_required

from numverify.contrib.otp.admin import NumberVerificationDeviceAdmin
from numverify.contrib.otp.models import NumberVerificationDevice
from numverify.contrib.otp.sites import NumverifyOTPAdminSite

admin_site = NumverifyOTPAdminSite()
admin_site.register(NumberVerificationDevice, NumberVerificationDeviceAdmin)


def who(request: HttpRequest) -> HttpResponse:
    device = getattr(request.user, "otp_device", None)
    return HttpResponse(device.persistent_id if device else "nobody")


async def awho(request: HttpRequest) -> HttpResponse:
    user = await request.auser()
    device = getattr(user, "otp_device", None)
    return HttpResponse(device.persistent_id if device else "nobody")


def secret(request: HttpRequest) -> HttpResponse:
    return HttpResponse("secret")


urlpatterns = [
    path("who", who),
    path("awho", awho),
    path("secret", otp_required(secret)),
    path("if-configured", otp_required(secret, if_configured=True)),
    path("accounts/login/", LoginView.as_view(template_name="numverify/base.html")),
    path("admin/", admin_site.urls),
    path("", include("numverify.urls")),
]
