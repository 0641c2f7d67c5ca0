"""With the real Django REST framework: tokens that start, views that ask for a receipt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import include, path
from rest_framework.authentication import (
    BaseAuthentication,
    SessionAuthentication,
    get_authorization_header,
)
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import IsAdminUser, IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from numverify.contrib.drf import HasRecentVerification, json_user
from numverify.defaults import DEFAULT_LIMITS
from tests.fakes import Script
from tests.views.clients import (
    PHONE,
    Browser,
    back,
    error_of,
    post_json,
    program,
    row,
    start_without_session,
)

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

RECEIPT = "numverify-receipt"


class NameAuthentication(BaseAuthentication):  # type: ignore[misc]
    """``Authorization: Token <name>``, as DRF's own, without a table."""

    def authenticate(self, request: Request) -> tuple[User, str] | None:
        scheme, _, name = get_authorization_header(request).decode().partition(" ")
        if scheme != "Token":
            return None
        user = User.objects.filter(username=name, is_active=True).first()
        if user is None:
            raise AuthenticationFailed
        return user, name

    def authenticate_header(self, request: Request) -> str:
        return "Token"


class View(APIView):  # type: ignore[misc]
    authentication_classes = [NameAuthentication, SessionAuthentication]
    renderer_classes = [JSONRenderer]

    def get(self, request: Request) -> Response:
        return Response({"ok": True})

    post = get


class Vault(View):
    permission_classes = [IsAuthenticated, HasRecentVerification(max_age=120)]


class Bare(View):
    permission_classes = [HasRecentVerification]


class Once(View):
    permission_classes = [HasRecentVerification(single_use=True)]


class Composed(View):
    permission_classes = [IsAuthenticated & HasRecentVerification(60)]


class Reversed(View):
    permission_classes = [HasRecentVerification(60) & IsAuthenticated]


class Either(View):
    permission_classes = [HasRecentVerification(60) | IsAdminUser]


def transaction(request: Request, view: Any) -> Any:
    return request.data.get("amount")


class Transfer(View):
    permission_classes = [
        HasRecentVerification(
            bind=transaction,
            summary=lambda request, view: f"Pay {request.data['amount']}",
            unsafe_only=True,
        )
    ]


class OtherTransfer(View):
    permission_classes = [HasRecentVerification(bind=transaction)]


VIEWS = {
    view.__name__.lower(): view
    for view in (Vault, Bare, Once, Composed, Reversed, Either, Transfer, OtherTransfer)
}
urlpatterns = [
    *(path(f"api/{name}", view.as_view()) for name, view in VIEWS.items()),
    path("accounts/login/", lambda request: HttpResponse()),
    path("", include("numverify.urls")),
]


@pytest.fixture(autouse=True)
def _site(configure: Any, script: Script) -> Iterator[None]:
    configure(
        JSON_USER="numverify.contrib.drf.json_user",
        ENROLLED_NUMBER=lambda user: PHONE,
        ALLOW_ANONYMOUS_START=False,
        LIMITS=dict.fromkeys(DEFAULT_LIMITS),
    )
    api = {
        "DEFAULT_AUTHENTICATION_CLASSES": [
            "rest_framework.authentication.SessionAuthentication",
            f"{__name__}.NameAuthentication",
        ]
    }
    with override_settings(REST_FRAMEWORK=api):
        yield


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice", password="secret")


@pytest.fixture
def bob() -> User:
    return User.objects.create_user("bob", password="secret")


def app(user: User) -> Client:
    headers = {"authorization": f"Token {user.username}"}
    return Client(enforce_csrf_checks=True, headers=headers)


def verify(client: Client, script: Script, **fields: Any) -> dict[str, Any]:
    """All that an app does; the answer of ``/complete``."""
    started = start_without_session(client, **{"purpose": "step_up", **fields})
    code = back(program(), script).json()["completion_code"]
    body = {"id": started["id"], "attempt_secret": started["attempt_secret"]}
    answer = post_json(client, "/complete", {**body, "completion_code": code})
    assert answer.status_code == 200, answer.content
    completed: dict[str, Any] = answer.json()
    return completed


# -- JSON_USER --------------------------------------------------------------------------


def test_a_token_starts_and_completes(alice: User, script: Script) -> None:
    completed = verify(app(alice), script)
    assert row(completed["id"]).user == alice
    assert completed["receipt"]
    assert Session.objects.count() == 0


def test_a_wrong_token(script: Script, alice: User) -> None:
    client = Client(headers={"authorization": "Token nobody"})
    response = post_json(client, "/login", {"purpose": "step_up"})
    assert error_of(response) == (401, "authentication_required")
    assert script.started == []


def test_sessions_are_left_out(alice: User) -> None:
    request = RequestFactory().post("/")
    request.user = alice
    assert api_settings.DEFAULT_AUTHENTICATION_CLASSES[0] is SessionAuthentication
    assert json_user(request) is None


def test_the_requests_own_user_stays_as_it_is(alice: User, bob: User) -> None:
    """DRF's ``Request.user`` would change it, and a session could be elevated for a token."""
    request = RequestFactory().post("/", headers={"authorization": "Token alice"})
    request.user = bob
    assert json_user(request) == alice
    assert request.user == bob


def test_refusals_of_authenticators_become_djangos() -> None:
    request = RequestFactory().post("/", headers={"authorization": "Token nobody"})
    with pytest.raises(PermissionDenied):
        json_user(request)


# -- who gets a receipt -----------------------------------------------------------------


@pytest.mark.parametrize("seconds", [None, 0])
def test_none_where_it_is_switched_off(
    alice: User, script: Script, configure: Any, seconds: Any
) -> None:
    configure(RECEIPT_SECONDS=seconds)
    assert "receipt" not in verify(app(alice), script)


def test_none_for_a_check(alice: User, script: Script) -> None:
    assert "receipt" not in verify(app(alice), script, purpose="check")


def test_none_for_a_session_which_is_elevated_instead(alice: User, script: Script) -> None:
    browser = Browser(alice)
    body = {"purpose": "step_up", "binding": "completion"}
    started = browser.post_json("/login", body).json()
    phone = Browser()
    path = started["handover_url"].removeprefix("http://testserver")
    phone.get(path)
    phone.submit(path)
    code = back(phone.client, script).context["completion_code"]
    answer = browser.post_json("/complete", {"id": started["id"], "completion_code": code})
    assert answer.json()["status"] == "verified"
    assert "receipt" not in answer.json()


def test_none_by_polling(alice: User, script: Script) -> None:
    client = app(alice)
    started = start_without_session(client, purpose="step_up")
    code = back(program(), script).json()["completion_code"]
    body = {"id": started["id"], "attempt_secret": started["attempt_secret"]}
    post_json(client, "/complete", {**body, "completion_code": code})
    header = {"numverify-attempt-secret": started["attempt_secret"]}
    polled = client.get(f"/attempts/{started['id']}", headers=header).json()
    assert polled["status"] == "verified"
    assert "receipt" not in polled
    again = post_json(client, "/complete", {**body, "completion_code": code})
    assert error_of(again) == (409, "already_used")


# -- the permission ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["vault", "bare", "once", "composed", "reversed", "either"])
def test_a_receipt_opens_the_view(alice: User, script: Script, name: str) -> None:
    client = app(alice)
    assert client.get(f"/api/{name}").status_code == 403
    receipt = verify(client, script)["receipt"]
    assert client.get(f"/api/{name}", headers={RECEIPT: receipt}).json() == {"ok": True}


def test_what_is_missing_is_said(alice: User) -> None:
    response = app(alice).get("/api/vault")
    body = response.json()
    assert response.status_code == 403
    assert body == {
        "error": "verification_required",
        "detail": body["detail"],
        "start_url": "/login?purpose=step_up",
        "start": {"purpose": "step_up"},
    }
    again = app(alice).get("/api/vault", headers={RECEIPT: "x:y"}).json()
    assert again["reason"] == "bad_signature"


@pytest.mark.parametrize("name", ["vault", "bare", "composed", "reversed"])
def test_nobody_gets_in_without_a_token(name: str, alice: User, script: Script) -> None:
    receipt = verify(app(alice), script)["receipt"]
    response = Client().get(f"/api/{name}", headers={RECEIPT: receipt})
    assert response.status_code == 401


def test_a_stolen_receipt_opens_nothing(alice: User, bob: User, script: Script) -> None:
    receipt = verify(app(alice), script)["receipt"]
    response = app(bob).get("/api/vault", headers={RECEIPT: receipt})
    assert (response.status_code, response.json()["reason"]) == (403, "other_user")


@pytest.mark.parametrize(("seconds", "status"), [(110, 200), (130, 403)])
def test_a_view_may_ask_for_a_fresher_one(
    alice: User, script: Script, seconds: int, status: int
) -> None:
    receipt = verify(app(alice), script)["receipt"]
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=seconds)):
        response = app(alice).get("/api/vault", headers={RECEIPT: receipt})
    assert response.status_code == status
    assert status == 200 or response.json()["reason"] == "expired"


def test_nobody_is_offered_a_transaction() -> None:
    response = pay(Client(), "120.00")
    assert response.status_code == 401
    assert "start" not in response.json()


def test_once_is_once(alice: User, script: Script) -> None:
    client = app(alice)
    header = {RECEIPT: verify(client, script)["receipt"]}
    assert client.get("/api/once", headers=header).status_code == 200
    again = client.get("/api/once", headers=header)
    assert (again.status_code, again.json()["reason"]) == (403, "used")


def test_one_request_leaves_nothing_to_the_next(alice: User) -> None:
    """DRF shares permission objects that are no classes: none may remember a caller."""
    app(alice).get("/api/vault", headers={RECEIPT: "x"})
    assert "reason" not in app(alice).get("/api/vault").json()


# -- one transaction --------------------------------------------------------------------


def pay(client: Client, amount: Any, receipt: str = "", path: str = "/api/transfer") -> Any:
    return post_json(client, path, {"amount": amount}, **({RECEIPT: receipt} if receipt else {}))


def test_a_transfer_is_confirmed_once(alice: User, script: Script) -> None:
    client = app(alice)
    asked = pay(client, "120.00").json()
    receipt = verify(client, script, **asked["start"])["receipt"]
    assert pay(client, "9999.00", receipt).json()["reason"] == "other_transaction"
    assert pay(client, "120.00", receipt, "/api/othertransfer").status_code == 403
    assert pay(client, "120.00", receipt).status_code == 200
    assert pay(client, "120.00", receipt).json()["reason"] == "used"


def test_an_unbound_receipt_pays_nothing(alice: User, script: Script) -> None:
    client = app(alice)
    receipt = verify(client, script)["receipt"]
    assert pay(client, "120.00", receipt).json()["reason"] == "other_transaction"
    amounts: list[Any] = ["", 0, [], {}, False]
    for amount in amounts:
        assert pay(client, amount, receipt).json()["reason"] == "other_transaction"


def test_a_bound_receipt_opens_nothing_else(alice: User, script: Script) -> None:
    client = app(alice)
    receipt = verify(client, script, **pay(client, "120.00").json()["start"])["receipt"]
    response = client.get("/api/vault", headers={RECEIPT: receipt})
    assert response.json()["reason"] == "other_transaction"


def test_a_transfer_without_an_amount_is_refused(alice: User, script: Script) -> None:
    receipt = verify(app(alice), script)["receipt"]
    assert pay(app(alice), None, receipt).status_code == 400


def test_somebody_elses_transaction_is_not_started(alice: User, bob: User, script: Script) -> None:
    start = pay(app(alice), "120.00").json()["start"]
    response = post_json(app(bob), "/login", start)
    assert error_of(response) == (400, "invalid_bind")
    assert script.started == []


def test_looking_is_free(alice: User) -> None:
    assert app(alice).get("/api/transfer").status_code == 200


# -- sessions ---------------------------------------------------------------------------


def test_an_elevated_session_opens_the_view(alice: User, script: Script) -> None:
    browser = Browser(alice)
    assert browser.get("/api/vault").status_code == 403
    browser.submit("/login", purpose="step_up")
    back(browser.client, script)
    assert browser.get("/api/vault").status_code == 200


def test_a_token_does_not_profit_from_a_session(alice: User, bob: User, script: Script) -> None:
    browser = Browser(alice)
    browser.submit("/login", purpose="step_up")
    back(browser.client, script)
    for user in (alice, bob):
        header = {"authorization": f"Token {user.username}"}
        assert browser.get("/api/vault", **header).status_code == 403


def test_a_session_confirms_one_transfer(alice: User, script: Script) -> None:
    browser = Browser(alice)
    asked = browser.post_json("/api/transfer", {"amount": "120.00"}).json()
    browser.submit("/login", **asked["start"])
    back(browser.client, script)
    assert browser.post_json("/api/transfer", {"amount": "9.00"}).status_code == 403
    assert browser.post_json("/api/transfer", {"amount": "120.00"}).status_code == 200
    assert browser.post_json("/api/transfer", {"amount": "120.00"}).status_code == 403


def test_csrf_stays_where_it_was(alice: User, script: Script) -> None:
    browser = Browser(alice)
    browser.submit("/login", purpose="step_up")
    back(browser.client, script)
    assert post_json(browser.client, "/api/vault", {}).status_code == 403
    assert browser.post_json("/api/vault", {}).status_code == 200
