"""Attacks on token clients, over HTTP: each ends with nobody let in, and succeeds unguarded."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.signing import Signer
from django.http import HttpRequest, JsonResponse
from django.urls import include, path

from numverify import admission, binds, flow, limits, phone, receipts, tokens
from numverify.defaults import DEFAULT_LIMITS
from numverify.flow import completion
from numverify.forms import StartForm
from numverify.models import VerificationAttempt
from numverify.querysets import AttemptQuerySet
from numverify.views import http
from numverify.views import login as login_view

from .actors import JSON, OWN, Actor, Site, row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]

SCOPE = "bank.transfer"


def token_user(request: HttpRequest) -> User | None:
    """The site's tokens; carelessly, it takes them from a cookie as well."""
    name = request.headers.get("X-Token") or request.COOKIES.get("token")
    if name is None:
        return None
    user = User.objects.filter(username=name).first()
    if user is None:
        raise PermissionDenied
    return user


def vault(request: HttpRequest) -> JsonResponse:
    return _guarded(request)


def transfer(request: HttpRequest) -> JsonResponse:
    return _guarded(request, bind=request.GET["amount"], scope=SCOPE)


def _guarded(request: HttpRequest, **wanted: Any) -> JsonResponse:
    receipt = request.headers.get(receipts.HEADER, "")
    try:
        receipts.check(receipt, user=token_user(request), **wanted)
    except receipts.ReceiptError as error:
        return JsonResponse({"reason": error.code}, status=403)
    return JsonResponse({"ok": True})


urlpatterns = [
    path("api/vault", vault),
    path("api/transfer", transfer),
    path("", include("numverify.urls")),
]


@pytest.fixture
def bank(site: Site, configure: Any) -> Site:
    configure(JSON_USER=token_user, ALLOW_ANONYMOUS_START=True)
    User.objects.create_user("mallory")
    return site


def app(site: Site, name: str) -> Actor:
    actor = site.program()
    actor.session.headers["X-Token"] = name
    return actor


def prove(site: Site, actor: Actor, **fields: str) -> dict[str, Any]:
    """An honest proof; the answer of ``/complete``."""
    started = actor.start(purpose="step_up", **fields)
    code = site.program().open(started["auth_url"]).json()["completion_code"]
    body: dict[str, Any] = actor.complete(started, code).json()
    return body


def opens(actor: Actor, receipt: str, path: str = "/api/vault") -> bool:
    return actor.get(path, **{receipts.HEADER: receipt}).status_code == 200


# -- the attacks: True if they succeed --------------------------------------------------


def own_sim_with_a_stolen_token(site: Site, victim: User) -> bool:
    """T4: the thief names his own number, and opens the link with his own SIM."""
    thief = app(site, victim.username)
    started = thief.start(purpose="step_up", phone=OWN)
    if row(started).phone != OWN:
        return False  # the link asks about the victim's SIM, which he has not
    code = thief.open(started["auth_url"]).json()["completion_code"]
    return "receipt" in thief.complete(started, code).json()


def a_check_of_the_own_number(site: Site, victim: User) -> bool:
    """T4: a check proves a number of the caller's choice; is there a receipt for it?"""
    thief = app(site, victim.username)
    started = thief.start(purpose="check")
    code = site.program().open(started["auth_url"]).json()["completion_code"]
    return "receipt" in thief.complete(started, code).json()


def leaked_halves_under_another_account(site: Site, victim: User) -> bool:
    """Secret and code were read in a log; the thief has a token of his own, or none."""
    started = app(site, victim.username).start(purpose="step_up")
    code = site.program().open(started["auth_url"]).json()["completion_code"]
    thieves = [app(site, "mallory"), site.program()]
    return any(thief.complete(started, code).status_code == 200 for thief in thieves)


def a_page_starts_for_its_visitor(site: Site, victim: User) -> bool:
    """T15: a strange page posts; the browser sends the cookie along that the site trusts."""
    headers = [
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    ]
    for header in headers:
        visitor = site.program()
        visitor.set_cookie("token", victim.username)
        visitor.post("/login", {"purpose": "step_up"}, **JSON, **header)
    return VerificationAttempt.objects.filter(user=victim).exists()


def strangers_lock_the_owner_out(site: Site, victim: User) -> bool:
    """T26: many anonymous starts for the number, then its owner."""
    for _ in range(30):
        site.program().post("/login", {"phone": phone.parse("+99012345678")}, **JSON)
    owner = app(site, victim.username)
    return owner.post("/login", {"purpose": "step_up"}, **JSON).status_code != 200


def a_stolen_receipt(site: Site, victim: User) -> bool:
    receipt = prove(site, app(site, victim.username))["receipt"]
    return opens(app(site, "mallory"), receipt)


def a_receipt_after_a_new_number(site: Site, victim: User, configure: Any) -> bool:
    receipt = prove(site, app(site, victim.username))["receipt"]
    configure(ENROLLED_NUMBER=lambda user: OWN)
    return opens(app(site, victim.username), receipt)


def a_receipt_of_ones_own_making(site: Site, victim: User) -> bool:
    """Mallory's receipt with the victim's key in it."""
    body, _, signature = prove(site, app(site, "mallory"))["receipt"].partition(":")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["user"] = str(victim.pk)
    claims["auth"] = tokens.keyed("receipt", victim.get_session_auth_hash())[1]
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return opens(app(site, victim.username), f"{forged}:{signature}")


def the_same_transfer_twice(site: Site, victim: User) -> bool:
    digest = binds.digests("120.00", user=victim, scope=SCOPE)[0]
    sealed = binds.seal(binds.Offer(digest), victim)
    owner = app(site, victim.username)
    receipt = prove(site, owner, bind=sealed)["receipt"]
    answers = [opens(owner, receipt, "/api/transfer?amount=120.00") for _ in range(2)]
    assert answers[0], "the honest one"
    return answers[1]


def another_amount(site: Site, victim: User) -> bool:
    digest = binds.digests("120.00", user=victim, scope=SCOPE)[0]
    sealed = binds.seal(binds.Offer(digest), victim)
    owner = app(site, victim.username)
    receipt = prove(site, owner, bind=sealed)["receipt"]
    return opens(owner, receipt, "/api/transfer?amount=9999.00")


# -- the guards, taken away -------------------------------------------------------------


def number_of_the_request(patch: pytest.MonkeyPatch) -> None:
    def asking(request: HttpRequest, data: Any, user: Any = None, **kwargs: Any) -> StartForm:
        return StartForm(data, request=request, enrolled=None, user=user, **kwargs)

    patch.setattr(login_view, "_form", asking)
    patch.setattr(admission, "_number", lambda order, enrolled: phone.parse(order.phone))


def receipts_for_everything(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(receipts, "is_due", lambda attempt: True)


def secret_is_enough(patch: pytest.MonkeyPatch) -> None:
    def is_initiator(attempt: VerificationAttempt, party: flow.Party) -> bool:
        return tokens.matches(attempt.attempt_secret_hash, tokens.digest(party.secret))

    patch.setattr(completion, "is_initiator", is_initiator)


def no_look_at_ambient_authority(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(http, "has_ambient_authority", lambda request: False)


def one_bucket_for_all(patch: pytest.MonkeyPatch) -> None:
    count = limits.count_start

    def counted(number: str, *, user_id: Any, ip: str | None, enrolled: bool = False) -> None:
        count(number, user_id=None, ip=ip)

    patch.setattr(limits, "count_start", counted)


def no_look_at_the_user(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(receipts, "_of_user", lambda claims, user: None)


def no_signature(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Signer, "unsign", lambda self, value: value.rpartition(":")[0])


def used_for_ever(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        AttemptQuerySet,
        "use_proof",
        lambda self, public_id, digest, now: self.filter(public_id=public_id).exists(),
    )


def no_look_at_the_transaction(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(receipts, "_use", lambda receipt, user, bind, scope, single_use: None)


Attack = Callable[[Site, User], bool]
Remove = Callable[[pytest.MonkeyPatch], None]
SCRIPTS: dict[str, tuple[Attack, Remove]] = {
    "T4 own SIM": (own_sim_with_a_stolen_token, number_of_the_request),
    "T4 check": (a_check_of_the_own_number, receipts_for_everything),
    "halves": (leaked_halves_under_another_account, secret_is_enough),
    "T15": (a_page_starts_for_its_visitor, no_look_at_ambient_authority),
    "T26": (strangers_lock_the_owner_out, one_bucket_for_all),
    "receipt stolen": (a_stolen_receipt, no_look_at_the_user),
    "receipt forged": (a_receipt_of_ones_own_making, no_signature),
    "receipt twice": (the_same_transfer_twice, used_for_ever),
    "receipt amount": (another_amount, no_look_at_the_transaction),
}


def limited(name: str, configure: Any) -> None:
    if name == "T26":
        configure(LIMITS={**DEFAULT_LIMITS, "anonymous_ip": None})


@pytest.mark.parametrize("name", SCRIPTS)
def test_guarded(name: str, bank: Site, victim: User, configure: Any) -> None:
    limited(name, configure)
    assert SCRIPTS[name][0](bank, victim) is False


@pytest.mark.parametrize("name", SCRIPTS)
def test_without_guard(
    name: str, bank: Site, victim: User, configure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(name, configure)
    attack, remove = SCRIPTS[name]
    remove(monkeypatch)
    assert attack(bank, victim) is True


def test_a_number_changed_meanwhile(bank: Site, victim: User, configure: Any) -> None:
    assert a_receipt_after_a_new_number(bank, victim, configure) is False


def test_the_honest_app_still_works(bank: Site, victim: User) -> None:
    owner = app(bank, victim.username)
    assert not opens(owner, "")
    assert opens(owner, prove(bank, owner)["receipt"])
    assert not owner.session.cookies
    assert bank.exchanges == 1
