"""``POST /camara/number-verification/v031/verify``: is it the SIM of this number?"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import replace
from typing import Any

from . import faults
from .context import Context
from .messages import Refused, Reply, Request, camara_error, json_reply
from .rules import E164, Call, scenario

_SHA256 = re.compile(r"[a-fA-F0-9]{64}")


def answer(context: Context, request: Request) -> Reply:
    """200 with the boolean; refusals are CAMARA's.

    A token is spent by its first use, even by a request that is refused for its body.
    """
    if not request.has_valid_correlator:
        raise Refused(camara_error(400, "INVALID_ARGUMENT", "x-correlator is not valid."))
    grant = context.ledger.spend(request.bearer)
    if grant is None:
        reply = camara_error(401, "UNAUTHENTICATED", "The access token is not valid.")
        headers = (*reply.headers, ("WWW-Authenticate", "Bearer"))
        raise Refused(replace(reply, headers=headers))
    request.facts.update(token=request.bearer, sim=grant.sim)
    try:
        matches = _matches(request, grant.sim)
    except ValueError as error:
        raise Refused(camara_error(400, "INVALID_ARGUMENT", str(error))) from None
    played = scenario(grant.sim)
    verified = matches and played.verified
    return faults.play(
        played.fault_at(Call.VERIFY),
        json_reply(200, {"devicePhoneNumberVerified": verified}),
        refuse=camara_error,
        wrong={"devicePhoneNumberVerified": "true"},
        base_url=request.base_url,
    )


def _matches(request: Request, sim: str) -> bool:
    """Whether the body's number is the SIM's. Raises ValueError for another body."""
    name, value = _only_field(request.json_object())
    if not isinstance(value, str) or not _PATTERNS[name].fullmatch(value):
        raise ValueError(f"{name} is not valid.")
    if name == "phoneNumber":
        request.facts.update(phone=value)
        return hmac.compare_digest(value, sim)
    return hmac.compare_digest(value.lower(), hashlib.sha256(sim.encode()).hexdigest())


_PATTERNS = {"phoneNumber": E164, "hashedPhoneNumber": _SHA256}


def _only_field(content: dict[str, Any]) -> tuple[str, Any]:
    if len(content) != 1 or not content.keys() <= _PATTERNS.keys():
        raise ValueError("Give exactly one of phoneNumber and hashedPhoneNumber.")
    return next(iter(content.items()))
