"""The tutorial port: the key is read and a JWT signed for each call that needs one,
``requests.post`` opens a connection each time, ``create()`` and ``save()`` keep the row.
"""

from __future__ import annotations

import json
import secrets
import time
import uuid
from pathlib import Path

import jwt
import requests
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from ..base import APPLICATION_ID, BASE_URL, KEY_PATH, REDIRECT_URI
from .models import Verification

SCOPE = "dpv:FraudPreventionAndDetection#number-verification-verify-read"


def bearer() -> dict[str, str]:
    now = int(time.time())
    claims = {
        "application_id": APPLICATION_ID,
        "iat": now,
        "exp": now + 900,
        "jti": str(uuid.uuid4()),
    }
    token = jwt.encode(claims, Path(KEY_PATH).read_text(), algorithm="RS256")
    return {"Authorization": f"Bearer {token}"}


@csrf_exempt
def login(request: HttpRequest) -> JsonResponse:
    phone, state = json.loads(request.body)["phone"], secrets.token_hex(10)
    answer = requests.post(
        f"{BASE_URL}/v0.1/network-enablement",
        headers=bearer(),
        json={"phone_number": phone, "scopes": [SCOPE], "state": state},
        timeout=10,
    ).json()
    Verification.objects.create(phone=phone, state=state)
    return JsonResponse({"url": answer["scopes"][SCOPE]["auth_url"]})


def callback(request: HttpRequest) -> JsonResponse:
    verification = Verification.objects.get(state=request.GET["state"])
    token = requests.post(
        f"{BASE_URL}/oauth2/token",
        headers=bearer(),
        data={
            "grant_type": "authorization_code",
            "code": request.GET["code"],
            "redirect_uri": REDIRECT_URI,
        },
        timeout=10,
    ).json()["access_token"]
    answer = requests.post(
        f"{BASE_URL}/camara/number-verification/v031/verify",
        headers={"Authorization": f"Bearer {token}"},
        json={"phoneNumber": verification.phone},
        timeout=10,
    ).json()
    verified = answer["devicePhoneNumberVerified"]
    verification.status = "verified" if verified else "not_verified"
    verification.save()
    return JsonResponse({"devicePhoneNumberVerified": verified})


urlpatterns = [path("login", login), path("callback", callback)]
