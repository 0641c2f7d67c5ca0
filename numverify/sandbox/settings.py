"""Settings of the throw-away site. ``__main__`` sets the environment they read."""

from __future__ import annotations

import os
import secrets
from typing import Any

SECRET_KEY = secrets.token_urlsafe(50)
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
ROOT_URLCONF = "numverify.sandbox.urls"
WSGI_APPLICATION = None
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["NUMVERIFY_SANDBOX_DATABASE"],
        # As a server would set it up: readers never block, writers queue.
        "OPTIONS": {
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
        },
    }
}
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "numverify",
]
# Tables straight from the models: the history of migrations is of no use to a
# database that lives for seconds, and costs half of the start.
MIGRATION_MODULES = dict.fromkeys(("auth", "contenttypes", "sessions", "numverify"))
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"nowhere": {"class": "logging.NullHandler"}},
    # The parent prints the steps; request lines would hold codes and states.
    "loggers": {
        name: {"handlers": ["nowhere"], "propagate": False}
        for name in ("django", "django.server", "numverify")
    },
}
NUMVERIFY: dict[str, Any] = {
    "ENVIRONMENT": "virtual",
    "ALLOW_ANONYMOUS_START": True,
    "VONAGE_APPLICATION_ID": os.environ["NUMVERIFY_SANDBOX_APPLICATION_ID"],
    "VONAGE_PRIVATE_KEY": os.environ["NUMVERIFY_SANDBOX_PRIVATE_KEY"],
    "VONAGE_API_BASE_URL": os.environ["NUMVERIFY_SANDBOX_OPERATOR"],
    "VONAGE_REDIRECT_URI": os.environ["NUMVERIFY_SANDBOX_REDIRECT_URI"],
    # A busy machine, where a second is soon over, is no fault of the operator.
    **dict.fromkeys(("CONNECT_TIMEOUT", "READ_TIMEOUT", "CALL_TIMEOUT"), 4.0),
    # One phone, one person: nobody to protect from floods.
    "LIMITS": dict.fromkeys(
        ("phone", "user", "ip", "all", "anonymous_phone", "anonymous_ip", "anonymous_all")
    ),
}
