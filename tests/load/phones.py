"""The phones: each opens its auth_url and follows the redirects, as wire.md has it."""

from __future__ import annotations

import http.client
import threading
from urllib.parse import urlsplit

_HOPS = 10


class Phones:
    """Connections to the operator, one for each thread, and how many were made.

    Args:
        redirect_uri: where a phone stops: there the site answers.
    """

    def __init__(self, redirect_uri: str) -> None:
        self._redirect_uri = redirect_uri
        self._own = threading.local()
        self._lock = threading.Lock()
        self.connections = 0

    def open(self, auth_url: str) -> str:
        """The callback's path and query, at the end of the redirects."""
        url = auth_url
        for _ in range(_HOPS):
            url = self._hop(url)
            if url.startswith(self._redirect_uri):
                parts = urlsplit(url)
                return f"{parts.path}?{parts.query}"
        raise AssertionError("The redirects did not end.")

    def _hop(self, url: str) -> str:
        parts = urlsplit(url)
        connection = self._connection(parts.hostname or "", parts.port)
        connection.request("GET", f"{parts.path}?{parts.query}")
        response = connection.getresponse()
        response.read()
        assert response.status in {302, 303}, response.status
        return response.headers["Location"]

    def _connection(self, host: str, port: int | None) -> http.client.HTTPConnection:
        kept: http.client.HTTPConnection | None = getattr(self._own, "connection", None)
        if kept is None or kept.sock is None:
            kept = self._own.connection = http.client.HTTPConnection(host, port)
            kept.connect()
            with self._lock:
                self.connections += 1
        return kept
