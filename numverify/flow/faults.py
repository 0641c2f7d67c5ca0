"""What a provider raises: of our own tree, or anything at all."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from .. import logs
from ..exceptions import ConfigurationError, ProviderError, Reason


@contextmanager
def only_foreseen() -> Iterator[None]:
    """Let ProviderError and ConfigurationError through; the rest becomes ``unknown``.

    A provider class of the site's own may raise anything. Fail closed and at once: the
    code may be spent, and a person waits.
    """
    try:
        yield
    except (ProviderError, ConfigurationError):
        raise
    except Exception as error:  # noqa: BLE001 - see above
        logs.event("provider_fault", logging.ERROR, error=type(error).__name__)
        raise ProviderError(Reason.UNKNOWN, detail=type(error).__name__) from None
