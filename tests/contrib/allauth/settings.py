"""The test site with django-allauth, set up as ``docs/allauth.md`` says."""

from __future__ import annotations

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS, MIDDLEWARE, NUMVERIFY

INSTALLED_APPS = [*INSTALLED_APPS, "allauth", "allauth.account"]
MIDDLEWARE = [*MIDDLEWARE, "allauth.account.middleware.AccountMiddleware"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
ROOT_URLCONF = "tests.contrib.allauth.site"
ACCOUNT_ADAPTER = "recipe.AccountAdapter"
NUMVERIFY = {
    **NUMVERIFY,
    "PROVIDER": "scripted",
    "PROVIDERS": {"scripted": "tests.fakes.ScriptedProvider"},
    "ENROLLED_NUMBER": "tests.contrib.allauth.site.number_of",
}
