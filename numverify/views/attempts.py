"""``/attempts/<id>``, ``/complete`` and ``/handover/<token>``: the initiator and the phone."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from .. import flow, forms, outcomes, sessions, wording
from ..exceptions import FlowError, OtherBrowser, WrongCode
from . import api, html, http

SECRET_HEADER = "Numverify-Attempt-Secret"  # noqa: S105 - a header's name


def _by_accept(request: HttpRequest, fault: FlowError) -> HttpResponse:
    answer = html.error if http.names_html(request) else api.error
    return answer(request, fault)


def _by_content(request: HttpRequest, fault: FlowError) -> HttpResponse:
    answer = html.error if http.is_form(request) else api.error
    return answer(request, fault)


def _initiator(request: HttpRequest) -> flow.Party:
    secret = request.headers.get(SECRET_HEADER, "")
    return http.party(request, secret=secret, user=http.caller(request))


@http.secured("GET", "POST", on_error=_by_accept)
def attempt(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Status and outcome; a POST cancels. Never elevates: polling proves nothing."""
    if request.method == "POST":
        return _cancel(request, public_id)
    row = flow.find(public_id, _initiator(request))
    return html.attempt(request, row) if http.names_html(request) else api.attempt(row)


def _cancel(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    if http.has_ambient_authority(request):
        http.check_csrf(request)
    row = flow.cancel(public_id, _initiator(request))
    if http.names_html(request):
        return html.see_other(html.attempt_url(row.public_id))
    return api.attempt(row)


@http.secured("POST", on_error=_by_content)
def complete(request: HttpRequest) -> HttpResponse:
    """Both halves: the initiator's, and the code from the device that was checked."""
    if http.is_form(request):
        return _complete_form(request)
    if not http.is_json(request):
        raise http.BadRequest("unsupported_media_type", 415)
    if http.has_ambient_authority(request):
        http.check_csrf(request)
    user = http.caller(request)
    body = {key: value for key, value in http.json_body(request).items() if value is not None}
    if not all(isinstance(body.get(name, ""), str) for name in forms.CompleteForm.base_fields):
        raise http.BadRequest("invalid_request")
    form = forms.CompleteForm(body)
    if not form.is_valid():
        raise api.field_error(form.errors)
    return api.completed(_complete(request, form.cleaned_data, user))


def _complete_form(request: HttpRequest) -> HttpResponse:
    http.check_csrf(request)
    form = forms.CompleteForm(request.POST)
    if not form.is_valid():
        if "id" in form.errors:
            raise WrongCode
        return _again(request, form, 400)
    try:
        row = _complete(request, form.cleaned_data)
    except WrongCode as fault:
        form.add_error("completion_code", str(wording.for_error(fault.code).text))
        return _again(request, form, fault.status)
    return html.after(request, row)


def _again(request: HttpRequest, form: forms.CompleteForm, status: int) -> HttpResponse:
    row = flow.find(form.cleaned_data["id"], _initiator(request))
    shown = None if row.is_terminal else form
    return html.attempt(request, row, code_form=shown, status=status)


def _complete(request: HttpRequest, fields: dict[str, Any], user: Any = None) -> Any:
    party = http.party(request, secret=fields["attempt_secret"], user=user)
    row = flow.complete(fields["id"], fields["completion_code"], party)
    # Only this request settled it, and only a session can be elevated.
    outcomes.apply(request, row)
    return row


@http.secured("GET", "POST", on_error=html.error)
def handover(request: HttpRequest, token: str) -> HttpResponse:
    """On the phone: take an attempt over that another screen began.

    The POST is a person's consent, CSRF-checked, and binds this browser: only it gets
    to see the code, and only as a page that it navigated to (T3).
    """
    if request.method == "POST":
        http.check_csrf(request)
        sessions.ensure_nonce(request)
        flow.take_over(token, http.party(request))
        return html.see_other(request.path)
    elsewhere = html.on_redirect_uri_host(request)
    if elsewhere:
        return html.see_other(elsewhere)
    row = flow.handed_over(token)
    bound = flow.is_handset(row, http.party(request))
    if row.handset_nonce_hmac and not bound:
        raise OtherBrowser
    context = {
        "attempt": row,
        "wording": wording.for_attempt(row),
        "bound": bound,
        "auth_url": sessions.shared_auth_link(row.public_id) if bound else "",
    }
    return render(request, "numverify/handover.html", context)
