"""``GET /oauth2/auth``: what the phone opens, and the hop that recognises its SIM.

The embedded phone's SIM is the one that ``login_hint`` names, as no mobile network is
there to ask. Errors follow RFC 6749, 4.1.2.1: back to the application by redirect,
unless client or redirect URI are wrong, because then the redirect would serve an attacker.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

from .context import RECOGNISE_PATH, VERIFY_SCOPE, Context
from .ledger import Grant
from .messages import Refused, Reply, Request, page, redirect
from .rules import E164, Call, Fault, Kind, scenario


def answer(context: Context, request: Request) -> Reply:
    """302 to the hop that recognises the SIM, or back with an error."""
    try:
        asked = request.parameters()
    except ValueError as error:
        raise Refused(page(400, str(error))) from None
    if asked.get("client_id") != context.application_id:
        raise Refused(page(400, "Unknown client_id."))
    if asked.get("redirect_uri") != context.redirect_uri:
        raise Refused(page(400, "redirect_uri is not exactly the registered one."))
    state = asked.get("state", "")
    error_word = _error_in(asked)
    if error_word:
        return _back(context, error=error_word, state=state)
    grant = Grant(sim=asked["login_hint"], state=state)
    request.facts.update(sim=grant.sim, state=state)
    right = _hop(request, context.ledger.new_ticket(grant))
    fault = scenario(grant.sim).fault_at(Call.AUTH)
    if fault and fault.kind.on_wire:
        return replace(right, on_wire=fault.kind)
    return right


def recognise(context: Context, request: Request) -> Reply:
    """302 to the application's redirect URI, with a code or an error. Once a ticket."""
    try:
        grant = context.ledger.take_ticket(request.parameters().get("ticket", ""))
    except ValueError:
        grant = None
    if grant is None:
        raise Refused(page(400, "This link has been used, or its time is over."))
    played = scenario(grant.sim)
    if played.scope_error:
        return _back(context, error="unauthorized_client", state=grant.state)
    fault = played.fault_at(Call.AUTH)
    if fault and not fault.kind.on_wire:
        return _fault(context, fault, grant)
    return _back(context, code=context.ledger.new_code(grant), state=grant.state)


def _error_in(asked: dict[str, str]) -> str:
    if asked.get("response_type") != "code":
        return "unsupported_response_type"
    if VERIFY_SCOPE not in asked.get("scope", "").split(" "):
        return "invalid_scope"
    if not asked.get("state") or not E164.fullmatch(asked.get("login_hint", "")):
        return "invalid_request"
    return ""


def _hop(request: Request, ticket: str) -> Reply:
    return redirect(f"{request.base_url}{RECOGNISE_PATH}?{urlencode({'ticket': ticket})}")


def _fault(context: Context, fault: Fault, grant: Grant) -> Reply:
    if fault.kind is Kind.PAGE:
        return page(fault.status, "Your SIM was not recognised. Is this mobile data?")
    state = "" if fault.kind is Kind.NO_STATE else grant.state
    description = f"The operator answered: {fault.word}."
    return _back(context, error=fault.word, error_description=description, state=state)


def _back(context: Context, **answer_: str) -> Reply:
    """To the redirect URI, which may have a query of its own (RFC 6749, 3.1.2)."""
    query = urlencode({name: value for name, value in answer_.items() if value})
    separator = "&" if "?" in context.redirect_uri else "?"
    return redirect(f"{context.redirect_uri}{separator}{query}")
