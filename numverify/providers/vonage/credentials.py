"""Who we are to Vonage: the application, its keys, its redirect URI."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...conf import conf
from ...exceptions import ConfigurationError
from ...virtual_operator import embedded
from ..route import is_loopback, split_url

#: PEM text, the path of a PEM file, or a function that returns PEM text.
PrivateKey = str | Path | Callable[[], str | bytes]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What ``NUMVERIFY["CREDENTIALS"]`` returns for a request (or None).

    Args:
        application_id: the application's UUID in the dashboard.
        private_key: PEM text, a path, or a function. Files and functions are read when
            a JWT is signed, every few minutes, so a rotation needs no restart. Return
            the same function each time: it is part of what caches are keyed by.
        redirect_uri: exactly as in the dashboard, character for character.
        private_key_fallbacks: further keys that may be live during a rotation.
        setting: the setting to name when a key cannot be used.
    """

    application_id: str
    private_key: PrivateKey
    redirect_uri: str
    private_key_fallbacks: tuple[PrivateKey, ...] = ()
    setting: str = "CREDENTIALS"

    def __repr__(self) -> str:
        return f"Credentials(application_id={self.application_id!r})"


def credentials_from_settings(request: Any = None) -> Credentials:
    """The credentials for ``request``, by the resolver or from the settings.

    Raises ConfigurationError: something is missing. Only the virtual environment does
    without: it makes itself a throw-away key pair.
    """
    if conf.credentials is not None:
        return _complete(_resolved(conf.credentials(request)))
    application_id, setting = conf.vonage_application_id, "VONAGE_PRIVATE_KEY"
    key: PrivateKey = conf.vonage_private_key
    if not key and conf.vonage_private_key_path:
        key, setting = Path(conf.vonage_private_key_path), "VONAGE_PRIVATE_KEY_PATH"
    if not application_id and not key and _may_be_throwaway():
        application_id, key = embedded.throwaway_credentials()
    return _complete(
        Credentials(
            application_id=application_id,
            private_key=key,
            redirect_uri=conf.vonage_redirect_uri,
            private_key_fallbacks=conf.vonage_private_key_fallbacks,
            setting=setting,
        )
    )


def _may_be_throwaway() -> bool:
    # A key that nobody has registered is of use to an operator on this machine alone.
    if not conf.is_virtual:
        return False
    parts = split_url(conf.vonage_api_base_url)
    return not conf.vonage_api_base_url or bool(parts and is_loopback(parts.hostname))


def _resolved(value: Any) -> Credentials:
    if not isinstance(value, Credentials):
        raise ConfigurationError(
            "NUMVERIFY['CREDENTIALS'] must return numverify.providers.vonage.Credentials."
        )
    return value


def _complete(credentials: Credentials) -> Credentials:
    missing = {
        "VONAGE_APPLICATION_ID": credentials.application_id,
        "VONAGE_PRIVATE_KEY (or VONAGE_PRIVATE_KEY_PATH)": credentials.private_key,
        "VONAGE_REDIRECT_URI": credentials.redirect_uri,
    }
    names = [name for name, value in missing.items() if not value]
    if names:
        raise ConfigurationError(f"NUMVERIFY has no {', no '.join(names)}.")
    return credentials
