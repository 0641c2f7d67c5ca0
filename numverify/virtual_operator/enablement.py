"""``POST /v0.1/network-enablement``: may this number be verified, and by which URL?"""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from . import faults
from .context import AUTH_PATH, VERIFY_SCOPE, Context
from .jwts import JwtRefused
from .messages import Refused, Reply, Request, json_reply, problem
from .rules import E164, Call, scenario

_NO_SUCH_SCOPE = "The scope is not granted to this application."


def answer(context: Context, request: Request) -> Reply:
    """200 with an entry for each scope; refusals are problem documents (RFC 7807)."""
    try:
        context.jwt_check.check(request.bearer)
    except JwtRefused as refusal:
        raise Refused(_unauthorized(str(refusal))) from None
    try:
        phone, scopes, state = _announced(request.json_object())
    except ValueError as error:
        raise Refused(problem(400, "invalid-request", str(error))) from None
    request.facts.update(phone=phone, state=state)
    entries = {scope: _entry(context, request, scope) for scope in scopes}
    right = json_reply(200, {"scopes": entries})
    return faults.play(
        scenario(phone).fault_at(Call.ENABLEMENT),
        right,
        refuse=problem,
        wrong={"scopes": {scope: {"auth_url": ["an array"]} for scope in scopes}},
        base_url=request.base_url,
    )


def _unauthorized(detail: str) -> Reply:
    reply = problem(401, "unauthorized", detail)
    return replace(reply, headers=(*reply.headers, ("WWW-Authenticate", "Bearer")))


def _announced(content: dict[str, Any]) -> tuple[str, list[str], str]:
    phone, scopes, state = (content.get(name) for name in ("phone_number", "scopes", "state"))
    if not isinstance(phone, str) or not E164.fullmatch(phone):
        raise ValueError("phone_number must be in E.164 form, with its plus.")
    if (
        not isinstance(scopes, list)
        or not scopes
        or not all(isinstance(scope, str) and scope for scope in scopes)
    ):
        raise ValueError("scopes must be a list of scope names.")
    if not isinstance(state, str) or not state:
        raise ValueError("state is required.")
    return phone, scopes, state


def _entry(context: Context, request: Request, scope: str) -> dict[str, Any]:
    if scope != VERIFY_SCOPE:
        return _refused_scope(_NO_SUCH_SCOPE)
    refused = scenario(request.facts["phone"]).scope_error
    if refused:
        return _refused_scope(refused)
    url = f"{request.base_url}{AUTH_PATH}?{_query(context, request)}"
    return {"app_url": None, "auth_url": url, "requires_carrier_network": True}


def _query(context: Context, request: Request) -> str:
    return urlencode(
        {
            "client_id": context.application_id,
            "response_type": "code",
            "scope": f"openid {VERIFY_SCOPE}",
            "redirect_uri": context.redirect_uri,
            "state": request.facts["state"],
            "login_hint": request.facts["phone"],
        }
    )


def _refused_scope(detail: str) -> dict[str, Any]:
    error = {
        "title": "Forbidden",
        "instance": f"urn:uuid:{uuid.uuid4()}",
        "detail": detail,
        "error_type": "UNAUTHORIZED",
    }
    return {"error": error}
