"""The home page, and a page that wants a fresh proof of the number."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from numverify import stepup
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


@login_required
def vault(request: HttpRequest) -> HttpResponse:
    """Only for who proved the confirmed number within five minutes."""
    if not stepup.is_elevated(request, max_age=ELEVATED_SECONDS):
        query = urlencode({"purpose": "step_up", "next": reverse("vault")})
        return redirect(f"{reverse('numverify:login')}?{query}")
    return render(request, "demo/vault.html", {"minutes": ELEVATED_SECONDS // 60})
