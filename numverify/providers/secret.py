"""Text that must not be seen: error trackers print the locals of every frame."""

from __future__ import annotations


class Secret:
    """A secret whose ``repr``, ``str`` and format say nothing; ``reveal()`` gives it.

    Immutable, and compared by identity: nothing here needs to compare secrets.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> str:
        raise TypeError("A secret is not pickled: queues and caches end up in files.")
