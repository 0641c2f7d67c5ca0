"""Read single values of ``NUMVERIFY``, each with a message that says what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from django.utils.module_loading import import_string

from .defaults import DEFAULTS
from .exceptions import ConfigurationError


class Reader:
    """Values by key and kind; :class:`numverify.conf.Settings` gives them names.

    Raises :class:`ConfigurationError` where a value cannot be used.
    """

    def raw(self, key: str) -> Any:
        return self.user_settings.get(key, DEFAULTS[key])

    @property
    def user_settings(self) -> Mapping[str, Any]:
        raise NotImplementedError

    def _text(self, key: str) -> str:
        return str(self.raw(key) or "")

    def _seconds(self, key: str) -> float:
        value = self.raw(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise ConfigurationError(f"NUMVERIFY[{key!r}] must be a positive number of seconds.")
        return float(value)

    def _count(self, key: str) -> int:
        value = self.raw(key)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ConfigurationError(f"NUMVERIFY[{key!r}] must be a whole number, 0 or more.")
        return value

    def _callable(self, key: str) -> Callable[..., Any] | None:
        value = self.raw(key)
        if isinstance(value, str) and value:
            try:
                value = import_string(value)
            except ImportError as error:
                raise ConfigurationError(f"NUMVERIFY[{key!r}] cannot be imported.") from error
        if value and not callable(value):
            raise ConfigurationError(f"NUMVERIFY[{key!r}] must be a callable or its dotted path.")
        return cast("Callable[..., Any] | None", value or None)

    def _choice(self, key: str, choices: Sequence[str]) -> str:
        value = self._text(key)
        if value not in choices:
            raise ConfigurationError(f"NUMVERIFY[{key!r}] must be one of {', '.join(choices)}.")
        return value

    def _paths(self, key: str) -> tuple[str, ...]:
        value = self.raw(key)
        # A string would be read letter by letter, and "/" would be among them.
        if isinstance(value, str) or not all(str(path).startswith("/") for path in value):
            raise ConfigurationError(f"NUMVERIFY[{key!r}] must be a list of paths like '/health'.")
        return tuple(str(path) for path in value)
