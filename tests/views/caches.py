"""A cache whose server is gone."""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.base import BaseCache


class BrokenCache(BaseCache):
    """Raises what a Redis client would: an error of its own family."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def get(self, *args: Any, **kwargs: Any) -> Any:
        raise ConnectionError("cache.example:6379")

    set = add = incr = get

    def clear(self) -> None:
        """The fixtures call it."""
