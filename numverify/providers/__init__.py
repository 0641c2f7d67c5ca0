"""The services that recognise a SIM. Nothing below here knows the ORM."""

from __future__ import annotations

from typing import Any

from django.utils.module_loading import import_string

from ..conf import conf
from ..exceptions import ConfigurationError
from .base import Provider


def get_provider(name: str | None = None, *, request: Any = None) -> Provider:
    """The provider ``name`` (default: ``NUMVERIFY["PROVIDER"]``), built from settings.

    ``request`` is the ``HttpRequest`` at hand, or None; it is handed to the site's
    ``CREDENTIALS`` resolver, so that tenants can have credentials of their own.

    Raises:
        ConfigurationError: an unknown name, one that cannot be imported, or settings
            that cannot work.
    """
    name = name or conf.provider
    try:
        path = conf.providers[name]
    except KeyError:
        known = ", ".join(sorted(conf.providers))
        raise ConfigurationError(f"There is no provider {name!r}; known: {known}.") from None
    try:
        provider_class = import_string(path)
    except ImportError as error:
        raise ConfigurationError(f"The provider {name!r} cannot be imported.") from error
    provider: Provider = provider_class.from_settings(request=request)
    return provider
