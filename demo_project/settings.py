"""Settings of the demo, from the environment and a ``.env`` file.

Without Vonage credentials the Virtual Operator plays the network. What the demo keeps
(database, keys, passwords) lies in ``.demo/``; remove that folder to start afresh.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import environ

from . import keys, state

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(env.str("ENV_FILE", default=str(BASE_DIR / ".env")))
DEMO_DIR = Path(env.str("DEMO_DIR", default=str(BASE_DIR / ".demo")))
PORT = env.int("PORT", default=3000)

SECRET_KEY = env.str("SECRET_KEY", default="") or state.secret(DEMO_DIR / "secret.key")
DEBUG = env.bool("DEBUG", default=True)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
ROOT_URLCONF = "demo_project.urls"
WSGI_APPLICATION = "demo_project.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
# On localhost all ports share their cookies: names of our own keep other sites' apart.
SESSION_COOKIE_NAME = "numverify_demo_session"
CSRF_COOKIE_NAME = "numverify_demo_csrf"

INSTALLED_APPS = [
    "demo_project",
    "numverify",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "demo_project.policy.strict_policy",
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


def _database(url: dict[str, Any]) -> dict[str, Any]:
    """SQLite set up as a server would: readers never block, writers wait their turn."""
    if url["ENGINE"] == "django.db.backends.sqlite3":
        url["OPTIONS"] = {
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            **url.get("OPTIONS", {}),
        }
    return url


DATABASES = {
    "default": _database(env.db_url("DATABASE_URL", default=f"sqlite:///{DEMO_DIR / 'demo.db'}"))
}
# In memory is enough for the one process of the demo; several need a shared cache.
CACHES = {"default": env.cache_url("CACHE_URL", default="locmemcache://numverify-demo")}

# The filter belongs to the handlers: a logger's filters do not see its children's records.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "numverify.logs.RedactingFilter"}},
    "formatters": {"line": {"format": "{levelname} {name}: {message}", "style": "{"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["redact"],
            "formatter": "line",
        }
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        # Each of these has a handler of Django's own, or may be made verbose.
        "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "django.db.backends": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "urllib3": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "numverify": {"handlers": ["console"], "level": "INFO", "propagate": False},
    },
}


def redirect_uri(port: int) -> str:
    """Where the operator sends the phone back to, unless the environment says so."""
    return env.str("VONAGE_REDIRECT_URI", default="") or f"http://localhost:{port}/callback"


_ID = env.str("VONAGE_APPLICATION_ID", default="")
_KEY = env.str("VONAGE_PRIVATE_KEY", multiline=True, default="")
_KEY_PATH = env.str("VONAGE_PRIVATE_KEY_PATH", default="")
_BASE_URL = env.str("VONAGE_API_BASE_URL", default="")
# Half of the credentials is a mistake to report, not a reason to rehearse.
HAS_CREDENTIALS = bool(_ID or _KEY or _KEY_PATH)


def _account() -> dict[str, Any]:
    if HAS_CREDENTIALS:
        return {
            "ENVIRONMENT": env.str("NUMVERIFY_ENVIRONMENT", default="playground"),
            "VONAGE_APPLICATION_ID": _ID,
            "VONAGE_PRIVATE_KEY": _KEY,
            "VONAGE_PRIVATE_KEY_PATH": _KEY_PATH,
        }
    application = keys.application(DEMO_DIR)
    return {
        "ENVIRONMENT": "virtual",
        "VONAGE_APPLICATION_ID": application.application_id,
        "VONAGE_PRIVATE_KEY": application.private_key,
        # Nobody has these numbers, so nobody minds that they are tried again and again.
        "LIMITS": {"phone": (100, 600), "anonymous_phone": (100, 600)},
    }


NUMVERIFY: dict[str, Any] = {
    **_account(),
    "VONAGE_REDIRECT_URI": redirect_uri(PORT),
    "VONAGE_API_BASE_URL": _BASE_URL,
    "ALLOW_ANONYMOUS_START": True,
    "HMAC_KEYS": {"demo-1": state.secret(DEMO_DIR / "hmac.key")},
    "ENROLLED_NUMBER": "demo_project.people.enrolled_number",
    "CONSENT_TEXT": env.str("NUMVERIFY_CONSENT_TEXT", default=""),
}
