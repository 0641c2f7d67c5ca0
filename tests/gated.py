"""A small site behind gates, and a browser's way through them."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.template import RequestContext, Template
from django.urls import include, path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from numverify.admin_site import NumberVerificationAdminSite
from numverify.decorators import number_verification_exempt, number_verification_required
from numverify.mixins import NumberVerificationRequiredMixin

from .fakes import Script
from .views.clients import Browser, back

OK = b"let in"


def ok(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse(OK)


@number_verification_required
def bare(request: HttpRequest) -> HttpResponse:
    return HttpResponse(OK)


@number_verification_required(max_age=60)
@csrf_exempt
def aged(request: HttpRequest) -> HttpResponse:
    """Asks for a minute."""
    return HttpResponse(OK)


@number_verification_required(purpose="step_up")
def strict(request: HttpRequest) -> HttpResponse:
    return HttpResponse(OK)


@number_verification_required
async def asynchronous(request: HttpRequest) -> HttpResponse:
    return HttpResponse(OK)


@number_verification_required(next_url="form_page")
def named(request: HttpRequest) -> HttpResponse:
    return HttpResponse(OK)


@number_verification_required(next_url=lambda request, pk: f"/orders/{pk}")
def counted(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse(OK)


@number_verification_required(unsafe_only=True)
def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse(OK)


def transaction(request: HttpRequest, payee: str, amount: str) -> Any:
    return {"payee": payee, "amount": amount}


@number_verification_required(
    bind=transaction, summary=lambda request, payee, amount: f"Pay {amount} to <{payee}>"
)
def pay(request: HttpRequest, payee: str, amount: str) -> HttpResponse:
    return HttpResponse(OK)


@number_verification_required(bind=transaction, max_age=60)
def refund(request: HttpRequest, payee: str, amount: str) -> HttpResponse:
    return HttpResponse(OK)


@number_verification_required(bind=transaction)
def fails(request: HttpRequest, payee: str, amount: str) -> HttpResponse:
    raise RuntimeError("the transfer was not made")


@number_verification_required(bind="delete the account")
async def erase(request: HttpRequest) -> HttpResponse:
    return HttpResponse(OK)


@number_verification_required(bind=lambda request: request.POST.get("amount"), unsafe_only=True)
def typed(request: HttpRequest) -> HttpResponse:
    return HttpResponse(OK)


def made() -> Any:
    return number_verification_required(bind="7")(lambda request: HttpResponse(OK))


_GATED = method_decorator(number_verification_required(bind="7"), name="dispatch")


@_GATED
class One(View):
    def post(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(OK)


@_GATED
class Two(View):
    def post(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(OK)


def tag(request: HttpRequest) -> HttpResponse:
    """The template tag, with the text in ``?template=``."""
    text = "{% load numverify %}" + request.GET["template"]
    return HttpResponse(Template(text).render(RequestContext(request)))


class Plain(NumberVerificationRequiredMixin, View):
    verification_max_age = 60

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(OK)


class Asynchronous(NumberVerificationRequiredMixin, View):
    async def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(OK)

    async def post(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(OK)


class Pay(NumberVerificationRequiredMixin, View):
    verification_next_url = "form_page"

    def verification_bind(self, request: HttpRequest, amount: str) -> Any:
        return [amount]

    def verification_summary(self, request: HttpRequest, amount: str) -> str:
        return f"{amount} EUR"

    def post(self, request: HttpRequest, amount: str) -> HttpResponse:
        return HttpResponse(OK)


class PayTwin(Pay):
    """Another view that takes the same arguments."""


class Form(NumberVerificationRequiredMixin, View):
    verification_unsafe_only = True
    verification_purpose = "step_up"

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(OK)

    post = get


@method_decorator(number_verification_exempt, name="dispatch")
class Exempt(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(OK)


@number_verification_exempt
async def exempt_async(request: HttpRequest) -> HttpResponse:
    return HttpResponse(OK)


class Site(NumberVerificationAdminSite):
    pass


class QuickSite(NumberVerificationAdminSite):
    verification_max_age = 60


gated_admin, quick_admin = Site(name="gated"), QuickSite(name="quick")
gated_admin.register(User, UserAdmin)
quick_admin.register(User, UserAdmin)

urlpatterns = [
    path("admin/", admin.site.urls),
    path("gated/", gated_admin.urls),
    path("quick/", quick_admin.urls),
    path("bare", bare),
    path("aged", aged),
    path("strict", strict),
    path("async", asynchronous),
    path("named", named),
    path("counted/<int:pk>", counted),
    path("form", form, name="form_page"),
    path("pay/<str:payee>/<str:amount>", pay),
    path("refund/<str:payee>/<str:amount>", refund),
    path("fails/<str:payee>/<str:amount>", fails),
    path("erase", erase),
    path("typed", typed),
    path("tag", tag),
    path("same/a", made()),
    path("same/b", made()),
    path("dispatch/a", One.as_view()),
    path("dispatch/b", Two.as_view()),
    path("classes/plain", Plain.as_view()),
    path("classes/async", Asynchronous.as_view()),
    path("classes/pay/<str:amount>", Pay.as_view()),
    path("classes/twin/<str:amount>", PayTwin.as_view()),
    path("classes/form", Form.as_view()),
    path("", ok),
    path("plain", ok),
    path("public", login_not_required(lambda request: HttpResponse(OK))),
    path("exempt", number_verification_exempt(lambda request: HttpResponse(OK))),
    path("exempt-class", Exempt.as_view()),
    path("exempt-async", exempt_async),
    path("static/site.css", ok),
    path("health", ok),
    path("health/more", ok),
    path("hooks/a/b", ok),
    path("accounts/login/", ok),
    path("accounts/enter/", LoginView.as_view(template_name="admin/login.html")),
    path("accounts/leave/", LogoutView.as_view(next_page="/")),
    path("", include("numverify.urls")),
]


def asked(response: Any) -> dict[str, str]:
    """The parameters with which a gate sent the browser to the start."""
    assert response.status_code == 302, response.content
    target = urlsplit(response["Location"])
    assert target.path == "/login", response["Location"]
    return {key: values[0] for key, values in parse_qs(target.query).items()}


def start(browser: Browser, response: Any) -> None:
    """Go where the gate sent the browser, and press the button there."""
    page = browser.get(response["Location"])
    form = page.context["form"]
    hidden = {name: form[name].value() or "" for name in ("next", "purpose", "bind")}
    assert browser.submit("/login", **hidden).status_code == 303


def prove(browser: Browser, script: Script, response: Any) -> str:
    """Prove the number as the gate asks; returns where the browser ends up."""
    start(browser, response)
    return str(back(browser.client, script)["Location"])


def is_in(response: Any) -> bool:
    return bool(response.status_code == 200 and response.content == OK)
