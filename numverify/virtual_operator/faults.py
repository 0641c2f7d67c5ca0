"""Plays a fault in place of the right answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from .messages import Reply, json_reply
from .rules import RETRY_AFTER_SECONDS, Fault, Kind

ELSEWHERE = "/virtual-operator/elsewhere"
_OVERSIZED_BYTES = 1024 * 1024
_TOO_MANY_REQUESTS = 429


def play(
    fault: Fault | None,
    right: Reply,
    *,
    refuse: Callable[[int, str], Reply],
    wrong: object,
    base_url: str,
) -> Reply:
    """The reply that ``fault`` makes of the ``right`` one; the right one without a fault.

    Args:
        refuse: makes an error of the endpoint's dialect from status and word.
        wrong: the answer's content with wrong types.
    """
    if fault is None:
        return right
    match fault.kind:
        case Kind.STATUS:
            return _with_retry_after(refuse(fault.status, fault.word))
        case Kind.REDIRECT:
            return Reply(307, headers=(("Location", base_url + ELSEWHERE),))
        case Kind.WRONG_TYPES:
            return json_reply(200, wrong)
    return _spoilt(right, fault.kind)


def _spoilt(right: Reply, kind: Kind) -> Reply:
    if kind is Kind.MALFORMED:
        return replace(right, body=right.body[:-2])
    if kind is Kind.OVERSIZED:
        return replace(right, body=_oversized(right.body))
    return replace(right, on_wire=kind)


def _oversized(body: bytes) -> bytes:
    """Valid JSON with the right content, too long to be read to its end."""
    return json.dumps({"padding": "x" * _OVERSIZED_BYTES, **json.loads(body)}).encode()


def _with_retry_after(reply: Reply) -> Reply:
    if reply.status != _TOO_MANY_REQUESTS:
        return reply
    return replace(reply, headers=(*reply.headers, ("Retry-After", str(RETRY_AFTER_SECONDS))))
