"""A customer's site: numverify below a prefix, a page and a payment behind a step-up."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from numverify.decorators import number_verification_required


@number_verification_required
def transfer(request: HttpRequest) -> HttpResponse:
    return HttpResponse("transferred")


def amount(request: HttpRequest) -> str:
    return request.GET["amount"]


@number_verification_required(bind=amount)
def pay(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"paid {request.GET['amount']}")


def open_to_all(request: HttpRequest) -> HttpResponse:
    return HttpResponse("open")


urlpatterns = [
    path("numverify/", include("numverify.urls")),
    path("transfer/", transfer),
    path("pay/", pay),
    path("open/", open_to_all),
]
