"""What of a conversation may be shown: on terminals, in logs of CI, in bug reports."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

_TEXT_LENGTH = 200
_PATH_LENGTH = 60
_QUERY_NAMES = 3
# Phone numbers, and what could be a token, a code or a state.
_SECRET = re.compile(r"\+?\d[\d ()-]{5,}\d|[A-Za-z0-9_.~+/=-]{18,}")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,39}")


@dataclass(frozen=True, slots=True)
class Step:
    """One request as it may be shown.

    Args:
        url: without the values of its query.
        status: of the answer; None if there was none.
    """

    method: str
    url: str
    status: int | None
    milliseconds: int


def redacted_url(url: str) -> str:
    """``http://host/callback?code=…&state=…``: where to, but not with what."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "…"
    place = f"{parts.scheme}://{host}" + (f":{port}" if port else "")
    names = [f"{_word(name) or '…'}=…" for name, _ in parse_qsl(parts.query, True)]
    shown = names[:_QUERY_NAMES] + ["…"] * (len(names) > _QUERY_NAMES)
    query = "?" + "&".join(shown) if shown else ""
    return _printable(f"{place}{parts.path[:_PATH_LENGTH]}{query}")


def safe_sentence(value: Any) -> str:
    """Foreign text for a terminal: no controls, no numbers, no tokens, cut; or ``""``."""
    if not isinstance(value, str):
        return ""
    return _SECRET.sub("…", _printable(value[: 10 * _TEXT_LENGTH]))[:_TEXT_LENGTH].strip()


def safe_word(value: Any) -> str:
    """A stable word like ``access_denied``, or ``""``."""
    return _word(value) if isinstance(value, str) else ""


def _word(text: str) -> str:
    return text if _WORD.fullmatch(text) else ""


def _printable(text: str) -> str:
    # Escape sequences could repaint the terminal, bidi controls turn text around.
    return "".join(char if char.isprintable() else " " for char in text)
