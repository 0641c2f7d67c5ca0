"""The HTML face: pages and redirects."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse

from .. import flow, forms, sessions, wording
from ..conf import conf
from ..exceptions import FlowError
from ..models import Binding, Purpose, Status, VerificationAttempt
from . import http, qr

_REFRESH_SECONDS = 3
_SERVER_ERROR = 500
_MOVED = "moved"
_ABOUT_NUMBERS = frozenset({"not_enrolled", "reprove_needed"})


def see_other(url: str) -> HttpResponse:
    """303: whatever the request was, the browser goes on with a GET."""
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response


def attempt_url(public_id: Any) -> str:
    return reverse("numverify:attempt", args=[public_id])


def after(request: HttpRequest, attempt: VerificationAttempt) -> HttpResponse:
    """To ``next`` after a success, else to the attempt's page."""
    target = forms.safe_next(request, attempt.next)
    if attempt.status == Status.VERIFIED and target:
        return see_other(target)
    return see_other(attempt_url(attempt.public_id))


def error(request: HttpRequest, fault: FlowError) -> HttpResponse:
    if fault.bound_to:
        return see_other(attempt_url(fault.bound_to))
    context = {
        "code": fault.code,
        "status": fault.status,
        "wording": wording.for_error(fault.code),
        "restart_url": reverse(_way_on(fault.code)),
    }
    # Without the request where the site itself has trouble: context processors would ask
    # the database that just failed for the user.
    about = request if fault.status < _SERVER_ERROR else None
    page = render_to_string("numverify/error.html", context, request=about)
    return http.with_retry_after(HttpResponse(page, status=fault.status), fault.retry_after)


def _way_on(code: str) -> str:
    own = conf.enrolled_number is None
    return "numverify:numbers" if own and code in _ABOUT_NUMBERS else "numverify:login"


def on_redirect_uri_host(request: HttpRequest) -> str:
    """This page on the host of the redirect URI, if it was opened on another one.

    The browser would not send this host's cookie to the callback there. Moves once:
    behind a proxy that rewrites Host the two may never agree.
    """
    target = urlsplit(conf.vonage_redirect_uri)
    here = urlsplit(request.build_absolute_uri())
    if not target.netloc or target.netloc == here.netloc or _MOVED in request.GET:
        return ""
    query = request.GET.copy()
    query[_MOVED] = "1"
    return urlunsplit((target.scheme, target.netloc, here.path, query.urlencode(), ""))


def attempt(
    request: HttpRequest,
    row: VerificationAttempt,
    *,
    code_form: forms.CompleteForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Progress and outcome, for the initiator (or for the phone that was checked)."""
    pending = row.status == Status.PENDING
    handover_url = sessions.handover_link(request, row.public_id) if pending else ""
    context = {
        "attempt": row,
        "wording": wording.for_attempt(row),
        "auth_url": _auth_url(request, row) if pending else "",
        "handover_url": handover_url,
        "handover_qr": qr.svg(handover_url),
        "code_form": code_form or _code_form(row),
        "refresh_seconds": 0 if row.is_terminal else _REFRESH_SECONDS,
        **_time_left(row),
        "continue_url": _continue_url(request, row),
        "restart_url": _restart_url(request, row),
        "cancel_form": pending,
    }
    return render(request, "numverify/attempt.html", context, status=status)


def _time_left(row: VerificationAttempt) -> dict[str, int]:
    """How long the person has: while it is the network's turn, nobody needs to hurry."""
    waits = row.status in {Status.PENDING, Status.AWAITING_COMPLETION}
    seconds = int(flow.seconds_left(row)) if waits else 0
    return {"seconds_left": seconds, "minutes_left": max(1, round(seconds / 60))}


def _auth_url(request: HttpRequest, row: VerificationAttempt) -> str:
    # A browser that opens the link of a completion attempt is refused at the callback:
    # its way is the hand-over.
    if row.binding != Binding.SESSION:
        return ""
    return sessions.auth_link(request, row.public_id)


def _restart_url(request: HttpRequest, row: VerificationAttempt) -> str:
    if row.purpose == Purpose.ENROL:
        return reverse("numverify:numbers")
    url, wanted = reverse("numverify:login"), forms.safe_next(request, row.next)
    if row.purpose == Purpose.SIGN_UP:
        return f"{reverse('numverify:sign_up')}?{urlencode({'next': wanted})}"
    if row.purpose != Purpose.STEP_UP:
        return url
    # What a bound attempt was to confirm is the view's to say again.
    if row.bind_digest:
        return wanted or url
    return f"{url}?{urlencode({'purpose': row.purpose, 'next': wanted})}"


def _code_form(row: VerificationAttempt) -> forms.CompleteForm | None:
    if row.status != Status.AWAITING_COMPLETION:
        return None
    return forms.CompleteForm(initial={"id": row.public_id})


def _continue_url(request: HttpRequest, row: VerificationAttempt) -> str:
    return forms.safe_next(request, row.next) if row.status == Status.VERIFIED else ""
