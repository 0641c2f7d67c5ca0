"""Settings: one dict, ``NUMVERIFY``, read at access so that ``override_settings`` works.

This module alone reads :data:`django.conf.settings`. Each key of
:data:`numverify.defaults.DEFAULTS` has a typed property of its name in lower case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

from django.conf import settings as django_settings

from .defaults import DEFAULT_LIMITS, DEFAULTS, ENVIRONMENTS, VIRTUAL
from .exceptions import ConfigurationError
from .reading import Reader

# What is left of CALLBACK_TIMEOUT for our own work once the network was asked.
CALLBACK_RESERVE_SECONDS = 0.4
_KEY_ID_LENGTH = 32  # of the model's column


def _is_key(item: tuple[Any, Any]) -> bool:
    key_id, secret = item
    return isinstance(key_id, str) and 0 < len(key_id) <= _KEY_ID_LENGTH and bool(secret)


def _field(name: str, user: Any) -> Any:
    if not hasattr(user, name):
        raise ConfigurationError("NUMVERIFY['ENROLLED_NUMBER'] names no field of the user.")
    return getattr(user, name)


class Settings(Reader):
    """Typed access to ``settings.NUMVERIFY`` and to the few Django settings we need.

    Raises :class:`ConfigurationError` where a value cannot be used.
    """

    @property
    def user_settings(self) -> Mapping[str, Any]:
        return cast("Mapping[str, Any]", getattr(django_settings, "NUMVERIFY", {}))

    # -- which service -------------------------------------------------------------
    @property
    def environment(self) -> str:
        return self._choice("ENVIRONMENT", ENVIRONMENTS)

    @property
    def is_virtual(self) -> bool:
        return self.environment == VIRTUAL

    @property
    def provider(self) -> str:
        return self._text("PROVIDER")

    @property
    def providers(self) -> Mapping[str, str]:
        return {**DEFAULTS["PROVIDERS"], **self.raw("PROVIDERS")}

    @property
    def credentials(self) -> Callable[..., Any] | None:
        return self._callable("CREDENTIALS")

    @property
    def vonage_application_id(self) -> str:
        return self._text("VONAGE_APPLICATION_ID")

    @property
    def vonage_private_key(self) -> str | Callable[[], str]:
        return cast("str | Callable[[], str]", self.raw("VONAGE_PRIVATE_KEY") or "")

    @property
    def vonage_private_key_path(self) -> str:
        return self._text("VONAGE_PRIVATE_KEY_PATH")

    @property
    def vonage_private_key_fallbacks(self) -> tuple[str | Callable[[], str], ...]:
        return tuple(self.raw("VONAGE_PRIVATE_KEY_FALLBACKS"))

    @property
    def vonage_redirect_uri(self) -> str:
        return self._text("VONAGE_REDIRECT_URI")

    @property
    def vonage_api_base_url(self) -> str:
        """The base URL that was set; empty means Vonage's (or the embedded operator's)."""
        return self._text("VONAGE_API_BASE_URL").rstrip("/")

    @property
    def vonage_auth_hosts(self) -> tuple[str, ...]:
        return tuple(str(host).lower() for host in self.raw("VONAGE_AUTH_HOSTS"))

    @property
    def verify_hashed(self) -> bool:
        return (
            self._choice("VERIFY_BODY", ("phoneNumber", "hashedPhoneNumber")) == "hashedPhoneNumber"
        )

    @property
    def token_expires_in_seconds(self) -> int:
        """Seconds in one unit of ``expires_in``."""
        unit = self._choice("TOKEN_EXPIRES_IN_UNIT", ("minutes", "seconds"))
        return 60 if unit == "minutes" else 1

    # -- how long ------------------------------------------------------------------
    @property
    def connect_timeout(self) -> float:
        return self._seconds("CONNECT_TIMEOUT")

    @property
    def read_timeout(self) -> float:
        return self._seconds("READ_TIMEOUT")

    @property
    def call_timeout(self) -> float:
        return self._seconds("CALL_TIMEOUT")

    @property
    def callback_timeout(self) -> float:
        """Seconds the upstream calls of one callback may take together."""
        return max(self._seconds("CALLBACK_TIMEOUT") - CALLBACK_RESERVE_SECONDS, 0.1)

    @property
    def attempt_seconds(self) -> float:
        return self._seconds("ATTEMPT_SECONDS")

    @property
    def claim_seconds(self) -> float:
        return self._seconds("CLAIM_SECONDS")

    @property
    def completion_seconds(self) -> float:
        return self._seconds("COMPLETION_SECONDS")

    @property
    def typed_completion_seconds(self) -> float:
        return self._seconds("TYPED_COMPLETION_SECONDS")

    @property
    def max_wrong_codes(self) -> int:
        return max(self._count("MAX_WRONG_CODES"), 1)

    # -- the transport -------------------------------------------------------------
    @property
    def pool_size(self) -> int:
        return max(self._count("POOL_SIZE"), 1)

    @property
    def proxy(self) -> str | None:
        """None: the standard environment variables; an empty string: no proxy."""
        return cast("str | None", self.raw("PROXY"))

    @property
    def ca_bundle(self) -> str | None:
        return cast("str | None", self.raw("CA_BUNDLE"))

    @property
    def breaker_failures(self) -> int:
        """Failures in a row that open the breaker; 0 switches it off."""
        return self._count("BREAKER_FAILURES")

    @property
    def breaker_seconds(self) -> float:
        return self._seconds("BREAKER_SECONDS")

    # -- who may start -------------------------------------------------------------
    @property
    def hmac_keys(self) -> Mapping[str, str]:
        """Ordered: the first signs, all search. Falls back to Django's SECRET_KEY."""
        keys = self.raw("HMAC_KEYS") or {"secret-key": self.secret_key}
        if not isinstance(keys, Mapping) or not all(map(_is_key, keys.items())):
            raise ConfigurationError(
                "NUMVERIFY['HMAC_KEYS'] must map key ids (up to 32 characters) to secrets."
            )
        return keys

    @property
    def allow_anonymous_start(self) -> bool:
        return bool(self.raw("ALLOW_ANONYMOUS_START"))

    @property
    def enrolled_number(self) -> Callable[[Any], str | None] | None:
        """``callable(user) -> E.164 number or None``: the user's confirmed number."""
        name = self.raw("ENROLLED_NUMBER")
        if isinstance(name, str) and name.isidentifier():
            return partial(_field, name)
        return self._callable("ENROLLED_NUMBER")

    @property
    def reprove_days(self) -> int:
        """Days after which a number must be proven again; 0: never."""
        return self._count("REPROVE_DAYS")

    @property
    def recent_login_seconds(self) -> float:
        return self._seconds("RECENT_LOGIN_SECONDS")

    @property
    def reauthenticate_url(self) -> str:
        return self._text("REAUTHENTICATE_URL") or self.login_url

    @property
    def number_change_allowed(self) -> Callable[[Any], bool] | None:
        return self._callable("NUMBER_CHANGE_ALLOWED")

    @property
    def json_user(self) -> Callable[[Any], Any] | None:
        """``callable(request) -> user or None``: who a JSON caller without a session is."""
        return self._callable("JSON_USER")

    @property
    def receipt_seconds(self) -> float:
        """How long a receipt counts; 0: none is issued, and none counts."""
        value = self.raw("RECEIPT_SECONDS")
        off = value is None or (value == 0 and not isinstance(value, bool))
        return 0.0 if off else self._seconds("RECEIPT_SECONDS")

    # -- step-up -------------------------------------------------------------------
    @property
    def step_up_max_age(self) -> float:
        """How old a proof may be where a view does not say."""
        return self._seconds("STEP_UP_MAX_AGE")

    @property
    def site_max_age(self) -> float:
        """How old a proof may be for the middleware and the admin."""
        return self._seconds("SITE_MAX_AGE")

    @property
    def exempt_paths(self) -> tuple[str, ...]:
        """Paths that the middleware lets through; one that ends in ``/`` with all below."""
        return self._paths("EXEMPT_PATHS")

    # -- consent -------------------------------------------------------------------
    @property
    def consent_text(self) -> str:
        return str(self.raw("CONSENT_TEXT") or "")

    @property
    def consent_countries(self) -> tuple[str, ...]:
        """Country codes without ``+``; ``"*"`` for every number."""
        return tuple(str(code).lstrip("+") for code in self.raw("CONSENT_COUNTRIES"))

    @property
    def limits(self) -> Mapping[str, tuple[int, int] | None]:
        return {**DEFAULT_LIMITS, **self.raw("LIMITS")}

    @property
    def cache(self) -> str:
        """Alias of the cache for limits and hand-overs."""
        return self._text("CACHE")

    @property
    def trusted_proxies(self) -> int:
        return self._count("TRUSTED_PROXIES")

    @property
    def client_ip(self) -> Callable[[Any], str | None] | None:
        return self._callable("CLIENT_IP")

    @property
    def default_region(self) -> str:
        return self._text("DEFAULT_REGION")

    # -- Django's own --------------------------------------------------------------
    @property
    def secret_key(self) -> str:
        return str(django_settings.SECRET_KEY)

    @property
    def session_cookie_name(self) -> str:
        return str(django_settings.SESSION_COOKIE_NAME)

    @property
    def session_engine(self) -> str:
        return str(django_settings.SESSION_ENGINE)

    @property
    def login_url(self) -> str:
        return str(django_settings.LOGIN_URL)

    def django(self, name: str) -> Any:
        """Another Django setting by name, for the system checks."""
        return getattr(django_settings, name, None)


conf = Settings()
