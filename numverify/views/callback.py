"""``/callback``: where the operator sends the phone back to.

Cheapest guards first, one reason and one return each: method, look-ahead, shape of the
parameters; then :func:`numverify.flow.finish` claims by one UPDATE or says why not.
"""

from __future__ import annotations

import logging
import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from .. import flow, logs, outcomes, sessions, tokens
from ..exceptions import FlowError, InvalidCallback, SessionLost
from ..models import Binding, Status
from . import api, html, http

# RFC 6749, appendix A.11: a code is printable ASCII.
_CODE = re.compile(r"[\x21-\x7e]{1,2048}")
_MAX_ERROR = 100


def _on_error(request: HttpRequest, fault: FlowError) -> HttpResponse:
    if fault.bound_to or http.names_html(request):
        return html.error(request, fault)
    return api.error(request, fault)


# GET alone: a HEAD, as link scanners send it, would spend the code (T6).
@http.secured("GET", on_error=_on_error)
def callback(request: HttpRequest) -> HttpResponse:
    if http.is_prefetch(request):
        return HttpResponse(status=204)
    response = _authorization_response(request)
    before = sessions.Snapshot.of(request)
    outcome = flow.finish(response, http.party(request))
    if outcome.attempt.binding == Binding.SESSION:
        return _to_browser(request, outcome, before)
    return _to_device(request, outcome)


def _authorization_response(request: HttpRequest) -> flow.AuthorizationResponse:
    """The parameters, if they are such as an authorization server sends.

    Repeated parameters and code beside error are how parsers are played off against
    each other (T11); the shape of the state is tested before any query, since NUL,
    surrogates and emoji make databases raise.
    """
    query = request.GET
    if any(len(query.getlist(name)) > 1 for name in ("state", "code", "error")):
        raise InvalidCallback
    state, code, error = (query.get(name, "") for name in ("state", "code", "error"))
    if not tokens.STATE.fullmatch(state) or bool(code) == bool(error):
        raise InvalidCallback
    if code and not _CODE.fullmatch(code):
        raise InvalidCallback
    return flow.AuthorizationResponse(state=state, code=code, error=error[:_MAX_ERROR])


def _to_browser(
    request: HttpRequest, outcome: flow.Finished, before: sessions.Snapshot
) -> HttpResponse:
    """303 for the browser that began it; elevated if this request settled it so."""
    if not sessions.renew(request, before):
        logs.event("session_lost", logging.WARNING, attempt=str(outcome.attempt.public_id))
        raise SessionLost
    if outcome.settled:
        outcomes.apply(request, outcome.attempt)
    return html.after(request, outcome.attempt)


def _to_device(request: HttpRequest, outcome: flow.Finished) -> HttpResponse:
    """For the device that was checked: JSON, or a page where a person reads the code."""
    if not http.names_html(request):
        return api.finished(outcome)
    if outcome.completion_code:
        context = {
            "attempt": outcome.attempt,
            "completion_code": outcome.completion_code,
            "seconds": int(flow.seconds_left(outcome.attempt)),
        }
        return render(request, "numverify/code.html", context)
    return _outcome_page(request, outcome)


def _outcome_page(request: HttpRequest, outcome: flow.Finished) -> HttpResponse:
    attempt = outcome.attempt
    if attempt.status == Status.NOT_VERIFIED:
        return html.attempt(request, attempt)
    page = html.attempt(request, attempt, status=api.status_of(attempt.reason))
    return http.with_retry_after(page, outcome.retry_after)
