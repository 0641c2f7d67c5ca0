"""Who we are to the service. Nothing is asked of it, and no function for keys is called:
that may go to a vault."""

from __future__ import annotations

import os
import stat
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.checks import CheckMessage, Error, Warning  # noqa: A004

from ..conf import conf
from ..defaults import DEFAULTS
from ..exceptions import ConfigurationError
from ..providers.vonage.signing import load_key
from .registry import concern


def from_settings() -> bool:
    """Whether the settings name the credentials of Vonage's provider, or should."""
    if conf.provider != DEFAULTS["PROVIDER"] or conf.credentials is not None:
        return False
    # The virtual environment makes itself a throw-away key pair if it has none.
    return not conf.is_virtual or bool(conf.vonage_application_id or _keys())


def _keys() -> list[tuple[str, Any]]:
    keys: list[tuple[str, Any]] = [("VONAGE_PRIVATE_KEY", conf.vonage_private_key)]
    if not conf.vonage_private_key:
        path = conf.vonage_private_key_path
        keys = [("VONAGE_PRIVATE_KEY_PATH", Path(path) if path else "")]
    spare = enumerate(conf.vonage_private_key_fallbacks)
    keys += [(f"VONAGE_PRIVATE_KEY_FALLBACKS[{index}]", key) for index, key in spare]
    return [(name, key) for name, key in keys if key]


@concern()
def application_id() -> Iterable[CheckMessage]:
    if from_settings() and not _is_uuid(conf.vonage_application_id):
        yield Error(
            "NUMVERIFY['VONAGE_APPLICATION_ID'] is not the UUID of an application.",
            hint="Copy the application id from Vonage's dashboard.",
            id="numverify.E010",
        )


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


@concern()
def private_keys() -> Iterable[CheckMessage]:
    if not from_settings():
        return
    keys = _keys()
    if not keys:
        yield _bad_key("NUMVERIFY has no VONAGE_PRIVATE_KEY or VONAGE_PRIVATE_KEY_PATH.")
    for name, key in keys:
        if not callable(key):
            try:
                load_key(f"NUMVERIFY {name}", key)
            except ConfigurationError as error:
                yield _bad_key(str(error))


def _bad_key(text: str) -> CheckMessage:
    hint = "Give the RSA key, 2048 bits or more, that the dashboard made with the application."
    return Error(text, hint=hint, id="numverify.E011")


@concern()
def private_key_files() -> Iterable[CheckMessage]:
    if from_settings() and os.name == "posix":
        for name, path in _key_files():
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                yield Warning(
                    f"Other users of this machine can use the file of NUMVERIFY {name}.",
                    hint="chmod 600, owned by the user that runs the site.",
                    id="numverify.W012",
                )


def _key_files() -> Iterator[tuple[str, Path]]:
    for name, key in _keys():
        if isinstance(key, str) and "-----BEGIN" in key:
            continue
        if isinstance(key, str | Path) and Path(key).is_file():
            yield name, Path(key)
