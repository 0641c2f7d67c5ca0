"""The demo's key pair, for the Virtual Operator alone: real credentials come from you."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from numverify.virtual_operator import keys

from . import state


@dataclass(frozen=True, slots=True)
class Application:
    """The application that the Virtual Operator knows."""

    application_id: str
    private_key: str = field(repr=False)


def application(directory: Path) -> Application:
    """The application of this folder; its key is made at the first call, mode 0600."""
    private_key = state.once(directory / "private.key", keys.new_private_key)
    application_id = keys.application_id_for(keys.public_pem(private_key))
    return Application(application_id, private_key)
