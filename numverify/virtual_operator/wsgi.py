"""From a WSGI environment, or a server's raw parts, to a :class:`Request`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .messages import MAX_BODY_BYTES, Reply, Request, problem

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_HOST = re.compile(r"[A-Za-z0-9.\-]+(:[0-9]+)?|\[[0-9A-Fa-f:.]+\](:[0-9]+)?")


def body_length(content_length: str) -> int | Reply:
    """Bytes to read, or the refusal: 400 for nonsense, 413 above 64 KiB."""
    if not content_length:
        return 0
    if not (content_length.isascii() and content_length.isdigit()):
        return problem(400, detail="Content-Length must be one number.")
    if len(content_length) > len(str(MAX_BODY_BYTES)) or int(content_length) > MAX_BODY_BYTES:
        return problem(413)
    return int(content_length)


def base_url_from(host: str, fallback: str, scheme: str = "http") -> str:
    """The base URL under which the client reached us; ``fallback`` for a strange Host."""
    return f"{scheme}://{host}" if _HOST.fullmatch(host) else fallback


def request_from(environ: WSGIEnvironment) -> Request | Reply:
    """The request, or the refusal of one whose length is not acceptable."""
    length = body_length(environ.get("CONTENT_LENGTH") or "")
    if isinstance(length, Reply):
        return length
    scheme = environ["wsgi.url_scheme"]
    fallback = f"{scheme}://{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    headers["content-type"] = environ.get("CONTENT_TYPE") or ""
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO", ""),
        query=environ.get("QUERY_STRING", ""),
        headers=headers,
        body=environ["wsgi.input"].read(length),
        base_url=base_url_from(headers.get("host", ""), fallback, scheme),
    )
