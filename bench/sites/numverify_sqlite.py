"""numverify as a site has it: sessions, CSRF, log-in, and the attempt in the database."""

from __future__ import annotations

from typing import Any

from .base import *  # noqa: F403
from .base import APPLICATION_ID, BASE_URL, KEY_PATH, REDIRECT_URI, SQLITE

DATABASES: dict[str, dict[str, Any]] = {"default": SQLITE}
ROOT_URLCONF = "numverify.sandbox.urls"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "numverify",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
NUMVERIFY: dict[str, Any] = {
    "ENVIRONMENT": "virtual",
    "ALLOW_ANONYMOUS_START": True,
    "VONAGE_APPLICATION_ID": APPLICATION_ID,
    "VONAGE_PRIVATE_KEY_PATH": KEY_PATH,
    "VONAGE_API_BASE_URL": BASE_URL,
    "VONAGE_REDIRECT_URI": REDIRECT_URI,
    # Counted, as on a site; only never reached.
    "LIMITS": dict.fromkeys(
        ("phone", "ip", "all", "anonymous_phone", "anonymous_ip", "anonymous_all"), (10**9, 600)
    ),
}
