"""A request and a reply as the endpoints see them, and the three error dialects."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from .rules import Kind

MAX_BODY_BYTES = 64 * 1024
_MAX_FIELDS = 20
# CAMARA Commonalities, ``XCorrelator``.
_CORRELATOR = re.compile(r"[a-zA-Z0-9\-_:;./<>{}]{0,256}")
_PROBLEM_TYPE = "https://developer.vonage.com/api-errors#"
_NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """One request; header names are in lower case.

    ``facts`` is filled by the endpoint as it learns them, for the journal. The repr
    leaves all content out: it holds tokens and numbers, and may be a frame local.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    base_url: str
    facts: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Request({self.method} {self.path})"

    @property
    def correlator(self) -> str:
        return self.headers.get("x-correlator", "")

    @property
    def has_valid_correlator(self) -> bool:
        """Also without one: it is optional."""
        return _CORRELATOR.fullmatch(self.correlator) is not None

    @property
    def bearer(self) -> str:
        """The credentials of ``Authorization: Bearer``, or an empty string."""
        scheme, _, credentials = self.headers.get("authorization", "").partition(" ")
        return credentials.strip() if scheme.lower() == "bearer" else ""

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object. Raises ValueError if it is anything else."""
        if self.media_type != "application/json":
            raise ValueError("Content-Type must be application/json.")
        try:
            content = json.loads(
                self.body.decode(), object_pairs_hook=_unique, parse_constant=_no_constant
            )
        except (ValueError, RecursionError):
            raise ValueError("The body must be JSON.") from None
        if not isinstance(content, dict):
            raise ValueError("The body must be a JSON object.")  # noqa: TRY004
        return content

    def form(self) -> dict[str, str]:
        """The body as a form. Raises ValueError; RFC 6749, 3.2: no field twice."""
        if self.media_type != "application/x-www-form-urlencoded":
            raise ValueError("Content-Type must be application/x-www-form-urlencoded.")
        if not self.body.isascii():
            raise ValueError("A form is percent-encoded ASCII.")
        return _fields(self.body.decode())

    def parameters(self) -> dict[str, str]:
        """The query. Raises ValueError; RFC 6749, 3.1: no parameter twice."""
        return _fields(self.query)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError
    return content


def _no_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are not JSON


def _fields(text: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            text,
            keep_blank_values=True,
            strict_parsing=bool(text),
            max_num_fields=_MAX_FIELDS,
            errors="strict",
        )
        return _unique(pairs)
    except ValueError:
        raise ValueError("Parameters must be well formed, and none given twice.") from None


@dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """One answer. ``on_wire`` is the way the server is to send it badly, or None."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    on_wire: Kind | None = None

    def __repr__(self) -> str:
        return f"Reply({self.status})"


class Refused(Exception):
    """Ends an endpoint early with the reply to send."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def phrase(status: int) -> str:
    return HTTPStatus(status).phrase


def json_reply(status: int, content: object, *, content_type: str = "application/json") -> Reply:
    return Reply(status, json.dumps(content).encode(), content_type, _NO_STORE)


def page(status: int, text: str) -> Reply:
    return Reply(status, f"{text}\n".encode(), "text/plain; charset=utf-8", _NO_STORE)


def redirect(location: str) -> Reply:
    headers = (*_NO_STORE, ("Location", location), ("Referrer-Policy", "no-referrer"))
    return Reply(302, b"", "text/plain; charset=utf-8", headers)


def problem(status: int, word: str = "", detail: str = "") -> Reply:
    """A problem document (RFC 7807), as network enablement answers."""
    content = {
        "type": _PROBLEM_TYPE + (word or phrase(status).lower().replace(" ", "-")),
        "title": phrase(status),
        "detail": detail or f"The request failed: {phrase(status)}.",
        "instance": f"urn:uuid:{uuid.uuid4()}",
    }
    return json_reply(status, content, content_type="application/problem+json")


def oauth_error(status: int, word: str, detail: str = "") -> Reply:
    """An error as the token endpoint answers it (RFC 6749, 5.2)."""
    content = {"error": word, "error_description": detail or f"The request failed: {word}."}
    return json_reply(status, content)


def camara_error(status: int, code: str, message: str = "") -> Reply:
    """An error as CAMARA's APIs answer it (Commonalities, ``ErrorInfo``)."""
    text = message or f"The request failed: {phrase(status)}."
    return json_reply(status, {"status": status, "code": code, "message": text})
