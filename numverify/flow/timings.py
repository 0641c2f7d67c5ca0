"""How long the upstream calls took, as the row keeps it."""

from __future__ import annotations

from collections.abc import Iterable

from ..exceptions import Call

_COLUMNS = {"start": "start_ms", "token": "token_ms", "verify": "verify_ms"}


def columns(calls: Iterable[Call]) -> dict[str, int]:
    """Values for the timing columns; calls of other names have none."""
    return {_COLUMNS[call.name]: call.milliseconds for call in calls if call.name in _COLUMNS}
