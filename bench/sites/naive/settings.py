"""The tutorial's backend as one would first write it in Django. See :mod:`.views`."""

from __future__ import annotations

from typing import Any

from ..base import *  # noqa: F403
from ..base import SQLITE

DATABASES: dict[str, dict[str, Any]] = {"default": SQLITE}
ROOT_URLCONF = "bench.sites.naive.views"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "bench.sites.naive",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
