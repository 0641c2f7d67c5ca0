"""The home page, and a page that wants a fresh proof of the number."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from numverify.decorators import number_verification_required
from numverify.virtual_operator import rules

from .settings import HAS_CREDENTIALS, NUMVERIFY

ELEVATED_SECONDS = 300


def home(request: HttpRequest) -> HttpResponse:
    context = {
        "is_virtual": not HAS_CREDENTIALS,
        "environment": NUMVERIFY["ENVIRONMENT"],
        "plain": rules.PLAIN,
        "faults": rules.FAULTS,
    }
    return render(request, "demo/home.html", context)


@number_verification_required(max_age=ELEVATED_SECONDS)
def vault(request: HttpRequest) -> HttpResponse:
    """Only for who proved the confirmed number within five minutes."""
    return render(request, "demo/vault.html", {"minutes": ELEVATED_SECONDS // 60})
