"""``/numbers``: the pages where users add, see and remove their confirmed numbers."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from .. import admission, enrolment, flow, forms, recent_login, sessions, wording
from .. import numbers as confirmed
from ..conf import conf
from ..enrolled import EnrolledNumber
from ..exceptions import (
    AuthenticationRequired,
    ConsentRequired,
    FlowError,
    LoginTooOld,
    NumberProofRequired,
    TooManyNumbers,
    UnknownAttempt,
)
from ..models import Binding, Channel, Purpose, Status
from . import html, http
from .login import keep_links

_View = Callable[..., HttpResponse]


def _on_error(request: HttpRequest, fault: FlowError) -> HttpResponse:
    """To log in, and back; to the list, with a word; or the page of the error."""
    if isinstance(fault, AuthenticationRequired):
        return redirect_to_login(_return_to(request), conf.login_url)
    if isinstance(fault, LoginTooOld):
        return redirect_to_login(_return_to(request), conf.reauthenticate_url)
    if isinstance(fault, NumberProofRequired | TooManyNumbers):
        enrolment.note(request, fault.code)
        return html.see_other(reverse("numverify:numbers"))
    return html.error(request, fault)


def _return_to(request: HttpRequest) -> str:
    # What was posted is not kept: the person looks at it again, logged in.
    return request.get_full_path() if request.method == "GET" else reverse("numverify:numbers")


def _page(*methods: str) -> Callable[[_View], Any]:
    """A page of a logged-in user, on a site whose users confirm their numbers here."""

    def decorate(view: _View) -> Any:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if conf.enrolled_number is not None:
                raise UnknownAttempt
            if request.method == "POST":
                http.check_csrf(request)
            if not request.user.is_authenticated:
                raise AuthenticationRequired
            return view(request, *args, **kwargs)

        return http.secured(*methods, on_error=_on_error)(guarded)

    return decorate


@_page("GET")
def numbers(request: HttpRequest) -> HttpResponse:
    code = enrolment.take_note(request)
    rows = confirmed.of(request.user).order_by(F("primary").desc(nulls_last=True), "pk")
    listed = [{"number": row, "is_stale": confirmed.is_stale(row.last_proven_at)} for row in rows]
    context = {
        "numbers": listed,
        "note": wording.for_note(code) if code else None,
        "may_change": enrolment.may_change(request),
        "may_add": len(listed) < enrolment.MAX_NUMBERS,
    }
    return render(request, "numverify/numbers.html", context)


@_page("GET", "POST")
def add(request: HttpRequest) -> HttpResponse:
    enrolment.guard(request)
    enrolment.room_for_more(request.user)
    return _ask(request, None)


@_page("GET", "POST")
def prove(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Prove a confirmed number again; this opens the changes for a while, too."""
    recent_login.guard(request)
    return _ask(request, enrolment.find(request.user, public_id))


@_page("GET", "POST")
def remove(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    if request.method == "POST":
        enrolment.remove(request, public_id)
        return html.see_other(reverse("numverify:numbers"))
    enrolment.guard(request)
    number = enrolment.find(request.user, public_id)
    is_last = confirmed.of(request.user).count() == 1
    return render(request, "numverify/number_remove.html", {"number": number, "is_last": is_last})


@_page("POST")
def primary(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    enrolment.make_primary(request, public_id)
    return html.see_other(reverse("numverify:numbers"))


@http.secured("GET", "POST", on_error=_on_error)
def sign_up(request: HttpRequest) -> HttpResponse:
    """Prove a number before there is an account: ``?next=`` is the site's sign-up form."""
    if request.method == "POST":
        http.check_csrf(request)
    if request.user.is_authenticated:
        return html.see_other(reverse("numverify:numbers"))
    if not conf.allow_anonymous_start:
        raise AuthenticationRequired
    # Before the start: two tabs that start at once would each make one, and lose one.
    sessions.ensure_nonce(request)
    return _ask(request, None, Purpose.SIGN_UP)


def _ask(
    request: HttpRequest, number: EnrolledNumber | None, purpose: str = Purpose.ENROL
) -> HttpResponse:
    """The form, or what was typed into it: ``number`` is the one to prove again."""
    if request.method == "POST":
        return _start(request, number, purpose)
    elsewhere = html.on_redirect_uri_host(request)
    if elsewhere:
        return html.see_other(elsewhere)
    wanted = forms.safe_next(request, request.GET.get("next", ""))
    return _form_page(request, number, _form(request, number, None, initial={"next": wanted}))


def _form(
    request: HttpRequest, number: EnrolledNumber | None, data: Any, **kwargs: Any
) -> forms.NumberForm:
    known = number.phone if number else None
    return forms.NumberForm(data, request=request, enrolled=known, **kwargs)


def _form_page(
    request: HttpRequest, number: EnrolledNumber | None, form: forms.NumberForm, status: int = 200
) -> HttpResponse:
    ask = number is not None and admission.needs_consent(number.phone)
    context = {
        "form": form,
        "number": number,
        "consent_text": conf.consent_text if ask or form.has_error("consent") else "",
        "is_virtual": conf.is_virtual,
    }
    return render(request, "numverify/number_add.html", context, status=status)


def _start(request: HttpRequest, number: EnrolledNumber | None, purpose: str) -> HttpResponse:
    data = request.POST.copy()
    data["next"] = forms.safe_next(request, data.get("next", ""))
    form = _form(request, number, data)
    if not form.is_valid():
        return _form_page(request, number, form, status=400)
    try:
        begun = _begin(request, number, purpose, form.cleaned_data)
    except ConsentRequired as fault:
        if not conf.consent_text:
            raise
        form.add_error("consent", str(wording.for_error(fault.code).text))
        return _form_page(request, number, form, status=fault.status)
    return html.see_other(html.attempt_url(begun.attempt.public_id))


def _begin(
    request: HttpRequest, number: EnrolledNumber | None, purpose: str, fields: dict[str, Any]
) -> flow.Begun:
    binding = fields["binding"] or Binding.SESSION
    order = flow.Order(
        phone=number.phone if number else fields["phone"],
        # Said here alone: no form and no JSON body can ask for it.
        purpose=purpose,
        binding=binding,
        channel=Channel.WEB,
        next=fields["next"] or (reverse("numverify:numbers") if purpose == Purpose.ENROL else ""),
        handover=binding == Binding.COMPLETION,
    )
    party = http.party(request, nonce=sessions.ensure_nonce(request))
    begun = admission.start(order, party, consent=fields["consent"])
    if begun.attempt.status == Status.PENDING:
        keep_links(request, begun)
    return begun
