"""Every key of ``NUMVERIFY`` with its default; the README prints this table."""

from __future__ import annotations

from typing import Any

VIRTUAL, PLAYGROUND, PRODUCTION = "virtual", "playground", "production"
ENVIRONMENTS = (VIRTUAL, PLAYGROUND, PRODUCTION)
VONAGE_API = "https://api-eu.vonage.com"

#: ``(events, seconds)`` for each bucket; None switches a bucket off. Starts of
#: anonymous callers count in buckets of their own, so that they lock nobody out.
DEFAULT_LIMITS: dict[str, tuple[int, int] | None] = {
    "phone": (5, 600),
    "user": (10, 600),
    "ip": (60, 600),
    "all": (5000, 86400),
    "anonymous_phone": (3, 600),
    "anonymous_ip": (20, 600),
    "anonymous_all": (500, 86400),
}

DEFAULTS: dict[str, Any] = {
    "ENVIRONMENT": PRODUCTION,
    "PROVIDER": "vonage_number_verification",
    "PROVIDERS": {
        "vonage_number_verification": "numverify.providers.vonage.VonageNumberVerification"
    },
    "CREDENTIALS": None,
    "VONAGE_APPLICATION_ID": "",
    "VONAGE_PRIVATE_KEY": "",
    "VONAGE_PRIVATE_KEY_PATH": "",
    "VONAGE_PRIVATE_KEY_FALLBACKS": (),
    "VONAGE_REDIRECT_URI": "",
    "VONAGE_API_BASE_URL": "",
    "VONAGE_AUTH_HOSTS": (".vonage.com",),
    "VERIFY_BODY": "phoneNumber",
    "TOKEN_EXPIRES_IN_UNIT": "minutes",
    "CONNECT_TIMEOUT": 1.0,
    "READ_TIMEOUT": 2.0,
    "CALL_TIMEOUT": 2.0,
    "CALLBACK_TIMEOUT": 4.5,
    "POOL_SIZE": 10,
    "PROXY": None,
    "CA_BUNDLE": None,
    "BREAKER_FAILURES": 5,
    "BREAKER_SECONDS": 30,
    "ATTEMPT_SECONDS": 300,
    "CLAIM_SECONDS": 60,
    "COMPLETION_SECONDS": 60,
    "TYPED_COMPLETION_SECONDS": 180,
    "MAX_WRONG_CODES": 5,
    "HMAC_KEYS": {},
    "ALLOW_ANONYMOUS_START": False,
    "ENROLLED_NUMBER": None,
    "REPROVE_DAYS": 180,
    "RECENT_LOGIN_SECONDS": 900,
    "REAUTHENTICATE_URL": "",
    "NUMBER_CHANGE_ALLOWED": None,
    "JSON_USER": None,
    "RECEIPT_SECONDS": 300,
    "STEP_UP_MAX_AGE": 600,
    "SITE_MAX_AGE": 43200,
    "EXEMPT_PATHS": (),
    "CONSENT_TEXT": "",
    "CONSENT_COUNTRIES": ("49",),
    "LIMITS": DEFAULT_LIMITS,
    "CACHE": "default",
    "TRUSTED_PROXIES": 0,
    "CLIENT_IP": None,
    "DEFAULT_REGION": "",
}
