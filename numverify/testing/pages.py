"""What a test reads of an answer: forms, links, and how it tells of itself."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ADDRESS = re.compile(r"""https?://[^\s"'<>]+""")
_HEADING = re.compile(r"<h1[^>]*>([^<]+)")


class _Forms(HTMLParser):
    """The inputs of each form of a page, by name."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.found.append({})
            self._inside = True
        elif tag == "input" and self._inside and given.get("name"):
            self.found[-1][str(given["name"])] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


def form_of(page: Any, field: str) -> dict[str, str]:
    """The inputs of the form that has ``field``, its CSRF token among them; else empty.

    By the HTML, so that a site may use templates of its own, and of any engine.
    """
    parser = _Forms()
    parser.feed(page.content.decode())
    return next((form for form in parser.found if field in form), {})


def link_on(page: Any, part: str) -> str:
    """The first absolute address on a page with ``part`` in it, or ``""``."""
    found = map(unescape, _ADDRESS.findall(page.content.decode()))
    return next((address for address in found if part in address), "")


def path_of(url: str) -> str:
    """Path and query: the test client knows one host alone."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def is_json(response: Any) -> bool:
    return str(response.get("Content-Type", "")).startswith("application/json")


def told_by(response: Any) -> str:
    """What an answer says of itself, for a failed test: status, code, where it leads."""
    told = f"HTTP {response.status_code}"
    if is_json(response):
        return f"{told}, {response.json().get('error', 'without an error code')}"
    if response.status_code in REDIRECTS:
        return f"{told} to {urlsplit(response['Location']).path}"
    heading = _HEADING.search(response.content.decode())
    return f"{told}, {unescape(heading[1]).strip()}" if heading else told
