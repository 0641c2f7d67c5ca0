"""``/login``: start an attempt, by a page or by JSON."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from .. import admission, flow, forms, sessions, stepup, wording
from ..conf import conf
from ..exceptions import ConsentRequired, FlowError
from ..models import Binding, Channel, Purpose, Status
from . import api, html, http


def _on_error(request: HttpRequest, fault: FlowError) -> HttpResponse:
    page = request.method == "GET" or http.is_form(request)
    return html.error(request, fault) if page else api.error(request, fault)


@http.secured("GET", "POST", on_error=_on_error)
def login(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        return _page(request)
    if http.is_json(request):
        return _start_json(request)
    if http.is_form(request):
        return _start_form(request)
    raise http.BadRequest("unsupported_media_type", 415)


def _page(request: HttpRequest) -> HttpResponse:
    elsewhere = html.on_redirect_uri_host(request)
    if elsewhere:
        return html.see_other(elsewhere)
    if not (request.user.is_authenticated or conf.allow_anonymous_start):
        return redirect_to_login(request.get_full_path(), conf.login_url)
    # Before the start: two tabs that start at once would each make one, and lose one.
    sessions.ensure_nonce(request)
    wanted = forms.safe_next(request, request.GET.get("next", ""))
    query = {name: request.GET.get(name, "") for name in ("purpose", "bind")}
    form = _form(request, None, initial={"next": wanted, **query})
    if form.enrolled is None and query["purpose"] == Purpose.STEP_UP and _enrols_here(request):
        # A form that could only answer "no confirmed number" would be a dead end.
        return html.see_other(f"{reverse('numverify:number_add')}?{urlencode({'next': wanted})}")
    return _form_page(request, form)


def _enrols_here(request: HttpRequest) -> bool:
    return request.user.is_authenticated and conf.enrolled_number is None


def _form(request: HttpRequest, data: Any, user: Any = None, **kwargs: Any) -> forms.StartForm:
    enrolled = stepup.enrolled_number(user or request.user)
    return forms.StartForm(data, request=request, enrolled=enrolled, user=user, **kwargs)


def _form_page(request: HttpRequest, form: forms.StartForm, status: int = 200) -> HttpResponse:
    ask = bool(form.enrolled and admission.needs_consent(form.enrolled))
    context = {
        "form": form,
        "consent_text": conf.consent_text if ask or form.has_error("consent") else "",
        "is_virtual": conf.is_virtual,
    }
    return render(request, "numverify/login.html", context, status=status)


def _start_form(request: HttpRequest) -> HttpResponse:
    http.check_csrf(request)
    data = request.POST.copy()
    # Like Django's log-in: a `next` that leads elsewhere is dropped, not argued about.
    data["next"] = forms.safe_next(request, data.get("next", ""))
    form = _form(request, data)
    if not form.is_valid():
        return _form_page(request, form, status=400)
    try:
        begun = _start(request, form, Channel.WEB, bound=True)
    except ConsentRequired as fault:
        if not conf.consent_text:
            raise
        form.add_error("consent", str(wording.for_error(fault.code).text))
        return _form_page(request, form, status=fault.status)
    return html.see_other(html.attempt_url(begun.attempt.public_id))


def _start_json(request: HttpRequest) -> HttpResponse:
    bound = http.has_ambient_authority(request)
    if bound:
        http.check_csrf(request)
    user = http.caller(request)
    form = _form(request, _json_fields(http.json_body(request)), user)
    if not form.is_valid():
        raise api.field_error(form.errors)
    if form.cleaned_data["binding"] == Binding.SESSION and not bound:
        raise http.BadRequest("invalid_binding")
    begun = _start(request, form, Channel.API, bound=bound, user=user)
    link = sessions.handover_link(request, begun.attempt.public_id) if bound else ""
    return api.started(begun, link)


def _json_fields(body: dict[str, Any]) -> dict[str, Any]:
    """The fields as a form reads them; consent is JSON ``true`` and nothing else."""
    fields = {key: value for key, value in body.items() if value is not None}
    fields["consent"] = body.get("consent") is True
    for key, value in fields.items():
        if key in forms.StartForm.base_fields and key != "consent" and not isinstance(value, str):
            raise http.BadRequest("invalid_phone" if key == "phone" else f"invalid_{key}")
    return fields


def _start(
    request: HttpRequest, form: forms.StartForm, channel: str, *, bound: bool, user: Any = None
) -> flow.Begun:
    """Start by what the form says; ``bound``: the caller is a browser with a session."""
    fields = form.cleaned_data
    binding = fields["binding"] or (Binding.SESSION if bound else Binding.COMPLETION)
    order = flow.Order(
        phone=fields.get("phone", ""),
        purpose=fields["purpose"],
        binding=binding,
        channel=channel,
        next=fields["next"],
        handover=bound and binding == Binding.COMPLETION,
        bind_digest=fields["bind"],
    )
    nonce = sessions.ensure_nonce(request) if bound else ""
    party = http.party(request, nonce=nonce, user=user)
    begun = admission.start(order, party, consent=fields["consent"])
    if bound and begun.attempt.status == Status.PENDING:
        keep_links(request, begun)
    return begun


def keep_links(request: HttpRequest, begun: flow.Begun) -> None:
    handover_url = ""
    if begun.handover_token:
        path = reverse("numverify:handover", args=[begun.handover_token])
        handover_url = request.build_absolute_uri(path)
    sessions.keep_links(request, begun.attempt.public_id, begun.auth_url, handover_url)
