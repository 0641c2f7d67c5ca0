"""Settings of the test site; :mod:`tests.databases` picks the database, SQLite by default."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import environ

from tests import databases

SECRET_KEY = "tests-only-" + "x" * 40
DEBUG = False
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
USE_TZ = True
ROOT_URLCONF = "tests.urls"
DATABASES = {"default": environ.Env.db_url_config(databases.selected_url())}
if databases.on_sqlite():
    # A file of this process: threads would share the one connection of a database in
    # memory, and read the row counts of each other's statements.
    file = Path(tempfile.gettempdir()) / f"numverify-tests-{os.getpid()}.sqlite3"
    DATABASES["default"] |= {
        "TEST": {"NAME": str(file)},
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF",
        },
    }
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "numverify",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "numverify.contrib.otp",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
STATIC_URL = "static/"
LOGIN_URL = "/accounts/login/"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
NUMVERIFY: dict[str, object] = {
    "ENVIRONMENT": "virtual",
    "VONAGE_REDIRECT_URI": "http://testserver/callback",
    "HMAC_KEYS": {"test-2": "tests-only-hmac-key-two", "test-1": "tests-only-hmac-key-one"},
    "LIMITS": {},
}
