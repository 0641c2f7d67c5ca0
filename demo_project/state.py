"""What the demo keeps between runs: files of a git-ignored folder, each made once."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

_MODE = 0o600


def once(path: Path, make: Callable[[], str]) -> str:
    """The text of ``path``; if there is no such file, ``make()`` writes it first.

    Only its owner can read it, from its first byte on. Two processes that start at the
    same time end up with the same text: a complete file appears, or none does.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
        with os.fdopen(descriptor, "w") as file:
            file.write(make())
        try:
            os.link(draft, path)  # unlike a rename, it never replaces
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()


def secret(path: Path, size: int = 32) -> str:
    """A random secret of ``size`` bytes, made once."""
    return once(path, lambda: secrets.token_urlsafe(size))
