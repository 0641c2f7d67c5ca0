"""``POST /oauth2/token``: a code for an access token, once."""

from __future__ import annotations

from dataclasses import replace

from . import faults
from .context import Context
from .jwts import JwtRefused
from .messages import Refused, Reply, Request, json_reply, oauth_error
from .rules import Call, scenario


def answer(context: Context, request: Request) -> Reply:
    """200 with the token; refusals follow RFC 6749, 5.2."""
    try:
        context.jwt_check.check(request.bearer)
    except JwtRefused as refusal:
        reply = oauth_error(401, "invalid_client", str(refusal))
        headers = (*reply.headers, ("WWW-Authenticate", "Bearer"))
        raise Refused(replace(reply, headers=headers)) from None
    code, redirect_uri = _asked(request)
    request.facts.update(code=code)
    # A code that came with another redirect URI is spent all the same: somebody tried it.
    exchanged = context.ledger.exchange(code)
    if exchanged is None or redirect_uri != context.redirect_uri:
        raise Refused(oauth_error(400, "invalid_grant", "The code is not valid here."))
    token, grant = exchanged
    request.facts.update(token=token, sim=grant.sim)
    minutes = context.token_minutes  # minutes, as Vonage's guide says; RFC 6749 has seconds
    content = {"access_token": token, "token_type": "bearer", "expires_in": minutes}
    return faults.play(
        scenario(grant.sim).fault_at(Call.TOKEN),
        json_reply(200, content),
        refuse=oauth_error,
        wrong={"access_token": [token], "token_type": "bearer", "expires_in": str(minutes)},
        base_url=request.base_url,
    )


def _asked(request: Request) -> tuple[str, str]:
    try:
        form = request.form()
    except ValueError as error:
        raise Refused(oauth_error(400, "invalid_request", str(error))) from None
    if form.get("grant_type", "authorization_code") != "authorization_code":
        raise Refused(oauth_error(400, "unsupported_grant_type"))
    for name in ("grant_type", "code", "redirect_uri"):
        if not form.get(name):
            raise Refused(oauth_error(400, "invalid_request", f"{name} is required."))
    return form["code"], form["redirect_uri"]
