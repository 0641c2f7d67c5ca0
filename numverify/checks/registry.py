"""How a concern becomes a system check that cannot raise."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register

from . import values

TAG = "numverify"
Concern = Callable[[], Iterable[CheckMessage]]
Check = Callable[..., list[CheckMessage]]


def concern(*, deploy: bool = False) -> Callable[[Concern], Check]:
    """Register a function that yields messages. ``deploy``: for ``check --deploy`` alone.

    A value that cannot be used at all is reported once, by its own concern
    (``numverify.E002``); the others that stumble over it say nothing then.
    """

    def decorate(function: Concern) -> Check:
        def check(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001
            try:
                return list(function()) if values.is_dict() else []
            except Exception as error:  # noqa: BLE001 - or no management command would start
                return [] if values.faults() else [_broken(function.__name__, error)]

        # Not functools.wraps: Django looks at the signature, and would find the inner one.
        check.__name__, check.__doc__ = function.__name__, function.__doc__
        register(check, TAG, Tags.security, deploy=deploy)
        return check

    return decorate


def _broken(name: str, error: Exception) -> CheckMessage:
    return Error(
        f"The check {name!r} could not be made: {type(error).__name__}.",
        hint="The URLconf, or a setting of Django that it reads, is broken.",
        id="numverify.E000",
    )
