"""``NUMVERIFY["JSON_USER"] = "numverify.contrib.drf.json_user"``."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.settings import api_settings


def json_user(request: HttpRequest) -> Any:
    """The user by ``DEFAULT_AUTHENTICATION_CLASSES``, sessions left out; None without one.

    Raises:
        PermissionDenied: credentials came, and they are not right.
    """
    # Not `Request.user`: its setter would change `request.user`, and so the session's.
    wrapped = Request(request)
    for authentication in api_settings.DEFAULT_AUTHENTICATION_CLASSES:
        if issubclass(authentication, SessionAuthentication):
            continue  # a session counts with Django's own CSRF test, or not at all
        try:
            found = authentication().authenticate(wrapped)
        except APIException:
            raise PermissionDenied from None
        if found is not None:
            return found[0]
    return None
