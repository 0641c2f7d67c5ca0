"""Which values of ``NUMVERIFY`` cannot be used at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from uuid import UUID

from django.utils.functional import Promise

from ..conf import Settings, conf
from ..exceptions import ConfigurationError

_TEXT: tuple[type, ...] = (str,)
_LIST: tuple[type, ...] = (list, tuple, set, frozenset)
_DICT: tuple[type, ...] = (Mapping,)
# Where a wrong type would pass unseen: bool("false") is true, tuple("49") is ("4", "9").
_TYPES: dict[str, tuple[type, ...]] = {
    "ALLOW_ANONYMOUS_START": (bool,),
    "CACHE": _TEXT,
    "CONSENT_COUNTRIES": _LIST,
    "CONSENT_TEXT": (str, Promise),
    "DEFAULT_REGION": _TEXT,
    "HMAC_KEYS": _DICT,
    "LIMITS": _DICT,
    "PROVIDER": _TEXT,
    "PROVIDERS": _DICT,
    "VONAGE_APPLICATION_ID": (str, UUID),
    "VONAGE_API_BASE_URL": _TEXT,
    "VONAGE_AUTH_HOSTS": _LIST,
    "VONAGE_PRIVATE_KEY_FALLBACKS": _LIST,
    "VONAGE_PRIVATE_KEY_PATH": (str, Path),
    "VONAGE_REDIRECT_URI": _TEXT,
}


def is_dict() -> bool:
    given: object = conf.user_settings
    return isinstance(given, Mapping)


def faults() -> list[str]:
    """A sentence for each value that cannot be used; no value is repeated in it."""
    return [*_wrong_types(), *dict.fromkeys(_wrong_values())]


def _wrong_types() -> Iterator[str]:
    for key, types in _TYPES.items():
        value = conf.raw(key)
        if not isinstance(value, types):
            names = " or ".join(each.__name__ for each in types)
            # The value stays unsaid: it may be a secret at the wrong place.
            yield f"NUMVERIFY[{key!r}] must be {names}, not {type(value).__name__}."


def _wrong_values() -> Iterator[str]:
    for name, attribute in vars(Settings).items():
        if isinstance(attribute, property) and name.upper() not in _TYPES:
            try:
                attribute.fget(conf)  # type: ignore[misc]
            except ConfigurationError as error:
                yield str(error)
            except Exception as error:  # noqa: BLE001 - whatever a wrong value makes of it
                yield f"The setting behind {name!r} cannot be used: {type(error).__name__}."
