"""The floor: two Django views, three calls over a urllib3 pool, nothing else.

No middleware, no database, no checks, one JWT for ever: what cannot be saved without
leaving Django. It is no way to verify anybody.
"""

from __future__ import annotations

import json
import secrets
import time
import uuid
from pathlib import Path
from typing import Any

import jwt
import urllib3
from django.http import HttpRequest, JsonResponse
from django.urls import path

from .base import *  # noqa: F403
from .base import APPLICATION_ID, BASE_URL, KEY_PATH, REDIRECT_URI

ROOT_URLCONF = __name__
INSTALLED_APPS: list[str] = []
MIDDLEWARE: list[str] = []
DATABASES: dict[str, dict[str, Any]] = {}

_pool = urllib3.PoolManager(maxsize=10)
_numbers: dict[str, str] = {}
_now = int(time.time())
_bearer = "Bearer " + jwt.encode(
    {
        "application_id": APPLICATION_ID,
        "iat": _now,
        "exp": _now + 900,
        "jti": str(uuid.uuid4()),
    },
    Path(KEY_PATH).read_text(),
    algorithm="RS256",
)


def _post(path_: str, bearer: str, **body: Any) -> dict[str, Any]:
    headers = {"Authorization": bearer}
    response = _pool.request("POST", BASE_URL + path_, headers=headers, **body)
    answer: dict[str, Any] = json.loads(response.data)
    return answer


def login(request: HttpRequest) -> JsonResponse:
    phone, state = json.loads(request.body)["phone"], secrets.token_urlsafe(15)
    scope = "dpv:FraudPreventionAndDetection#number-verification-verify-read"
    body = {"phone_number": phone, "scopes": [scope], "state": state}
    answer = _post("/v0.1/network-enablement", _bearer, json=body)
    _numbers[state] = phone
    return JsonResponse({"url": answer["scopes"][scope]["auth_url"]})


def callback(request: HttpRequest) -> JsonResponse:
    phone = _numbers.pop(request.GET["state"])
    form = {
        "grant_type": "authorization_code",
        "code": request.GET["code"],
        "redirect_uri": REDIRECT_URI,
    }
    token = _post("/oauth2/token", _bearer, fields=form, encode_multipart=False)["access_token"]
    body = {"phoneNumber": phone}
    path_ = "/camara/number-verification/v031/verify"
    return JsonResponse(_post(path_, f"Bearer {token}", json=body))


urlpatterns = [path("login", login), path("callback", callback)]
