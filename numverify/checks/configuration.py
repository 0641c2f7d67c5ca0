"""The dict ``NUMVERIFY`` itself: known keys, usable values."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004
from django.utils.module_loading import import_string

from ..conf import conf
from ..defaults import DEFAULT_LIMITS, DEFAULTS
from . import values
from .registry import TAG, concern

_MAX_KEY_ID = 32  # the column that names the key of an HMAC


def check_dict(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001
    """The only check that looks at settings which are no dict."""
    return [] if values.is_dict() else [_unusable("NUMVERIFY must be a dict.")]


register(check_dict, TAG, Tags.security)


@concern()
def unknown_keys() -> Iterable[CheckMessage]:
    for key in conf.user_settings:
        if key not in DEFAULTS:
            hint = _nearest(str(key), DEFAULTS)
            yield Error(f"NUMVERIFY has no setting {key!r}.", hint=hint, id="numverify.E001")


def _nearest(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word.upper(), [name.upper() for name in known], n=1)
    found = [name for name in known if close and name.upper() == close[0]]
    return f"Did you mean {found[0]!r}?" if found else "Remove it; the README lists all settings."


@concern()
def usable_values() -> Iterable[CheckMessage]:
    yield from map(_unusable, values.faults())


def _unusable(text: str) -> CheckMessage:
    return Error(text, hint="The README lists all settings.", id="numverify.E002")


@concern()
def limits() -> Iterable[CheckMessage]:
    for bucket, limit in conf.raw("LIMITS").items():
        if bucket not in DEFAULT_LIMITS:
            text, hint = f"There is no limit {bucket!r}.", _nearest(str(bucket), DEFAULT_LIMITS)
        elif limit is not None and not _is_limit(limit):
            text = f"The limit {bucket!r} cannot be used."
            hint = "Give (events, seconds), two whole numbers above 0, or None for no limit."
        else:
            continue
        yield Error(f"NUMVERIFY['LIMITS']: {text}", hint=hint, id="numverify.E003")


def _is_limit(limit: Any) -> bool:
    pair = isinstance(limit, tuple | list) and len(limit) == 2  # noqa: PLR2004
    return pair and all(type(number) is int and number > 0 for number in limit)


@concern()
def provider() -> Iterable[CheckMessage]:
    path = conf.providers.get(conf.provider)
    if path is None:
        hint = _nearest(conf.provider, conf.providers)
        yield Error(f"There is no provider {conf.provider!r}.", hint=hint, id="numverify.E004")
        return
    try:
        import_string(path)
    except ImportError:
        text = f"The provider {conf.provider!r} cannot be imported from {path!r}."
        yield Error(text, hint="Correct NUMVERIFY['PROVIDERS'].", id="numverify.E004")


@concern()
def hmac_keys() -> Iterable[CheckMessage]:
    for key_id, secret in conf.raw("HMAC_KEYS").items():
        if not isinstance(key_id, str) or not 0 < len(key_id) <= _MAX_KEY_ID:
            text = f"The id {key_id!r} must be text of 1 to {_MAX_KEY_ID} characters."
        elif not isinstance(secret, str | bytes) or not secret:
            text = f"The key {key_id!r} is empty, or no text."
        else:
            continue
        hint = "Give {id: secret}; the first signs, all search."
        yield Error(f"NUMVERIFY['HMAC_KEYS']: {text}", hint=hint, id="numverify.E005")


@concern(deploy=True)
def hmac_keys_of_their_own() -> Iterable[CheckMessage]:
    keys = conf.raw("HMAC_KEYS")
    if keys and conf.secret_key not in keys.values():
        return
    # Whoever learns the one could look up the numbers, and a rotation would lose them.
    yield Warning(
        "SECRET_KEY makes the HMACs of phone numbers.",
        hint="Set NUMVERIFY['HMAC_KEYS'] = {'1': <a random secret of its own>}.",
        id="numverify.W006",
    )
