"""The app, and a payment that uses a proof up."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from numverify.decorators import number_verification_required


@csrf_exempt
@number_verification_required(bind="a payment", max_age=3600)
def pay(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def number(user: Any) -> str:
    """``ENROLLED_NUMBER``."""
    return "+99012345678"


urlpatterns = [path("pay", pay), path("", include("numverify.urls"))]
