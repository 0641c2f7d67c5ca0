"""``/openapi.json``: the description of the JSON API, for whoever builds a client."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from . import api, http

FILE = Path(__file__).resolve().parent.parent / "openapi.json"


@functools.cache
def description() -> dict[str, Any]:
    """The OpenAPI 3.1 document as it is in the package; do not change it."""
    document: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return document


@http.secured("GET", on_error=api.error)
def openapi(request: HttpRequest) -> HttpResponse:
    """The document, with this site's address. Public: it says what the source says."""
    base = request.build_absolute_uri(reverse("numverify:login")).removesuffix("/login")
    return JsonResponse({**description(), "servers": [{"url": base}]})
