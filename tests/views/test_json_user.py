"""``JSON_USER``: who a JSON caller without a session is, and who may not become one by it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.test import Client

from numverify.defaults import DEFAULT_LIMITS
from numverify.models import VerificationAttempt
from tests.fakes import Script

from .clients import (
    PHONE,
    Browser,
    back,
    error_of,
    post_json,
    program,
    row,
    start_without_session,
    status_of,
)

pytestmark = pytest.mark.django_db

OWN = "+99055555552"
SECRET = "numverify-attempt-secret"


class Tokens:
    """A site's tokens: the name of the user is the token. Remembers who was asked about."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, request: HttpRequest) -> User | None:
        self.asked += 1
        scheme, _, name = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Token":
            return None
        user = User.objects.filter(username=name).first()
        if user is None:
            raise PermissionDenied
        return user


@pytest.fixture
def site_tokens(configure: Any, script: Script) -> Tokens:
    resolver = Tokens()
    configure(JSON_USER=resolver, ALLOW_ANONYMOUS_START=False)
    return resolver


@pytest.fixture
def bob() -> User:
    return User.objects.create_user("bob", password="secret")


def app(user: User | None) -> Client:
    """A native app of ``user``: a token, and nothing else."""
    headers = {"authorization": f"Token {user.username}"} if user else None
    return Client(enforce_csrf_checks=True, headers=headers)


def complete(client: Client | Browser, started: dict[str, Any], code: str) -> Any:
    body = {"id": started["id"], "attempt_secret": started["attempt_secret"]}
    body["completion_code"] = code
    if isinstance(client, Browser):
        return client.post_json("/complete", body)
    return post_json(client, "/complete", body)


def ready(client: Client, script: Script, **fields: Any) -> tuple[dict[str, Any], str]:
    """An attempt that waits for its code, and the code; the device sends no token."""
    started = start_without_session(client, **fields)
    return started, back(program(), script).json()["completion_code"]


# -- what a token gives -----------------------------------------------------------------


def test_starts_of_a_token_are_the_users(
    alice: User, site_tokens: Tokens, script: Script, enrolled: None
) -> None:
    started = start_without_session(app(alice), phone=OWN, purpose="step_up")
    attempt = row(started["id"])
    assert attempt.user == alice
    assert (attempt.purpose, attempt.binding) == ("step_up", "completion")
    assert [number for number, _ in script.started] == [PHONE], "not the one of the request (T4)"


@pytest.mark.parametrize("purpose", ["check", "step_up"])
def test_an_enrolled_number_is_not_replaced(
    alice: User, site_tokens: Tokens, script: Script, enrolled: None, purpose: str
) -> None:
    started, code = ready(app(alice), script, phone=OWN, purpose=purpose)
    complete(app(alice), started, code)
    assert {number for number, _ in script.finished} == {PHONE}


def test_a_step_up_needs_a_confirmed_number(
    alice: User, site_tokens: Tokens, script: Script
) -> None:
    response = post_json(app(alice), "/login", {"phone": OWN, "purpose": "step_up"})
    assert error_of(response) == (403, "not_enrolled")
    assert script.started == []


def test_without_a_token_nobody_starts(site_tokens: Tokens, script: Script) -> None:
    assert error_of(post_json(app(None), "/login", {"phone": PHONE}))[0] == 401
    assert script.started == []


def test_a_setting_that_is_not_there_trusts_no_header(
    alice: User, script: Script, configure: Any
) -> None:
    configure(ALLOW_ANONYMOUS_START=False)
    assert error_of(post_json(app(alice), "/login", {"phone": PHONE}))[0] == 401


def test_the_user_of_a_token_completes(
    alice: User, site_tokens: Tokens, script: Script, enrolled: None
) -> None:
    started, code = ready(app(alice), script, purpose="step_up")
    answer = complete(app(alice), started, code)
    assert (answer.status_code, answer.json()["status"]) == (200, "verified")


def test_no_session_is_made_or_elevated(
    alice: User, site_tokens: Tokens, script: Script, enrolled: None
) -> None:
    client = app(alice)
    started, code = ready(client, script, purpose="step_up")
    client.get(f"/attempts/{started['id']}", headers={SECRET: started["attempt_secret"]})
    complete(client, started, code)
    assert not client.cookies
    assert Session.objects.count() == 0
    assert client.get("/protected").status_code == 403


# -- both halves and the user -----------------------------------------------------------


def test_nobody_else_completes(
    alice: User, bob: User, site_tokens: Tokens, script: Script, enrolled: None
) -> None:
    started, code = ready(app(alice), script, purpose="step_up")
    thieves: list[Client | Browser] = [app(bob), app(None), program(), Browser(bob), Browser()]
    for thief in thieves:
        assert error_of(complete(thief, started, code)) == (403, "wrong_code")
    assert status_of(row(started["id"])) == ("awaiting_completion", "")
    assert row(started["id"]).completion_failures == 0, "strangers spend no tries"
    assert complete(app(alice), started, code).status_code == 200


def test_the_secret_alone_shows_and_cancels_nothing(
    alice: User, bob: User, site_tokens: Tokens, script: Script
) -> None:
    started = start_without_session(app(alice))
    path, header = f"/attempts/{started['id']}", {SECRET: started["attempt_secret"]}
    for stranger in (app(bob), app(None)):
        assert error_of(stranger.get(path, headers=header)) == (404, "not_found")
        assert error_of(stranger.post(path, headers=header)) == (404, "not_found")
    assert app(alice).get(path, headers=header).json()["status"] == "pending"
    assert app(alice).post(path, headers=header).json()["reason"] == "cancelled"


def test_the_user_without_the_secret_is_a_stranger(
    alice: User, site_tokens: Tokens, script: Script, enrolled: None
) -> None:
    started, code = ready(app(alice), script, purpose="step_up")
    for secret in ("", "x" * 43, None):
        wrong = {**started, "attempt_secret": secret}
        assert error_of(complete(app(alice), wrong, code)) == (403, "wrong_code")
    assert error_of(app(alice).get(f"/attempts/{started['id']}"))[0] == 404


def test_a_token_that_was_withdrawn_meanwhile(
    alice: User, site_tokens: Tokens, script: Script, enrolled: None
) -> None:
    started, code = ready(app(alice), script, purpose="step_up")
    client = app(alice)
    alice.is_active = False
    alice.save()
    assert error_of(complete(client, started, code)) == (401, "authentication_required")
    assert status_of(row(started["id"])) == ("awaiting_completion", "")


def test_the_web_session_of_the_same_user_is_no_initiator_without_the_secret(
    alice: User, site_tokens: Tokens, script: Script, enrolled: None
) -> None:
    started, code = ready(app(alice), script, purpose="step_up")
    body = {"id": started["id"], "completion_code": code}
    assert error_of(Browser(alice).post_json("/complete", body)) == (403, "wrong_code")


def test_the_callable_may_read_the_body(script: Script, configure: Any, alice: User) -> None:
    """As for requests that are signed rather than sent with a token."""
    bodies: list[bytes] = []

    def signed(request: HttpRequest) -> User:
        bodies.append(request.body)
        return alice

    configure(JSON_USER=signed)
    started = start_without_session(program())
    code = back(program(), script).json()["completion_code"]
    assert complete(program(), started, code).status_code == 200
    assert b"phone" in bodies[0]
    assert b"completion_code" in bodies[1]


# -- refusals ---------------------------------------------------------------------------


def test_a_wrong_token_is_not_taken_for_none(
    site_tokens: Tokens, script: Script, configure: Any
) -> None:
    configure(ALLOW_ANONYMOUS_START=True)
    client = Client(headers={"authorization": "Token nobody"})
    response = post_json(client, "/login", {"phone": PHONE})
    assert error_of(response) == (401, "authentication_required")
    assert script.started == []


@pytest.mark.parametrize("answer", [7, "alice", object(), True, ("alice", "token")])
def test_what_is_no_user_is_the_sites_fault(
    script: Script, configure: Any, alice: User, answer: Any
) -> None:
    configure(JSON_USER=lambda request: answer)
    response = post_json(program(), "/login", {"phone": PHONE})
    assert error_of(response) == (503, "server_configuration")
    assert script.started == []


@pytest.mark.parametrize("answer", [None, AnonymousUser()])
def test_nobody_is_anonymous(script: Script, configure: Any, answer: Any) -> None:
    configure(JSON_USER=lambda request: answer)
    started = start_without_session(program())
    assert row(started["id"]).user is None


def test_a_closed_account_is_refused(script: Script, configure: Any, alice: User) -> None:
    alice.is_active = False
    configure(JSON_USER=lambda request: alice)
    response = post_json(program(), "/login", {"phone": PHONE})
    assert error_of(response) == (401, "authentication_required")


# -- T15: a strange page in the browser of a user ---------------------------------------

AMBIENT: list[dict[str, str]] = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-mode": "cors", "sec-fetch-dest": "empty"},
]


@pytest.mark.parametrize("headers", AMBIENT)
def test_what_a_browser_sends_never_reaches_the_callable(
    alice: User, script: Script, configure: Any, headers: dict[str, str]
) -> None:
    """As if JSON_USER trusted something that travels by itself: a cookie, an address."""
    asked: list[HttpRequest] = []

    def careless(request: HttpRequest) -> User:
        asked.append(request)
        return alice

    configure(JSON_USER=careless)
    client = Client(enforce_csrf_checks=True, headers=headers)
    client.cookies["jwt"] = "alice"
    assert error_of(post_json(client, "/login", {"phone": PHONE})) == (403, "csrf_failed")
    body = {"id": "x", "completion_code": "x"}
    assert error_of(post_json(client, "/complete", body)) == (403, "csrf_failed")
    client.get("/attempts/6f0c3b52-9f32-4b0e-8f0c-1d1d5d7f8a11", headers={SECRET: "x"})
    assert (asked, script.started) == ([], [])


def test_a_session_cookie_keeps_csrf_whatever_the_token(
    alice: User, bob: User, site_tokens: Tokens, script: Script
) -> None:
    client = app(bob)
    client.force_login(alice)
    assert error_of(post_json(client, "/login", {"phone": PHONE})) == (403, "csrf_failed")
    assert script.started == []


def test_the_session_wins_over_a_token(
    alice: User, bob: User, site_tokens: Tokens, script: Script
) -> None:
    browser = Browser(alice, authorization="Token bob")
    started = browser.post_json("/login", {"phone": PHONE}).json()
    assert row(started["id"]).user == alice
    assert site_tokens.asked == 0


def test_a_dead_session_cookie_and_a_token_are_no_caller(
    alice: User, site_tokens: Tokens, script: Script
) -> None:
    client = app(alice)
    client.cookies["sessionid"] = "gone"
    client.cookies["csrftoken"] = "t" * 32
    response = post_json(client, "/login", {"phone": PHONE}, **{"x-csrftoken": "t" * 32})
    assert error_of(response) == (401, "authentication_required")
    assert site_tokens.asked == 0


def test_forms_and_the_callback_know_no_tokens(
    alice: User, site_tokens: Tokens, script: Script
) -> None:
    client = app(alice)
    client.cookies["csrftoken"] = "t" * 32
    form = {"phone": PHONE, "csrfmiddlewaretoken": "t" * 32}
    assert client.post("/login", form).status_code == 401
    assert client.get("/login").status_code == 302
    client.get("/callback", {"state": "s" * 20, "code": "c"})
    code = {"id": "6f0c3b52-9f32-4b0e-8f0c-1d1d5d7f8a11", "completion_code": "x"}
    assert client.post("/complete", {**form, **code}).status_code == 404
    assert (site_tokens.asked, script.started) == (0, [])


# -- T2, T26 ----------------------------------------------------------------------------


def test_the_victims_device_does_not_finish_a_thiefs_attempt(
    alice: User, bob: User, site_tokens: Tokens, script: Script, enrolled: None
) -> None:
    """Bob starts; Alice's phone opens the link; her code never reaches Bob by polling."""
    started = start_without_session(app(bob), purpose="step_up")
    back(program(), script)
    header = {SECRET: started["attempt_secret"]}
    for _ in range(100):
        polled = app(bob).get(f"/attempts/{started['id']}", headers=header).json()
        assert polled["status"] == "awaiting_completion"
        assert "receipt" not in polled
        assert polled["result"] is None


def test_strangers_use_up_nothing_of_a_token_users_budget(
    alice: User, site_tokens: Tokens, script: Script, configure: Any, enrolled: None
) -> None:
    configure(ALLOW_ANONYMOUS_START=True, LIMITS=DEFAULT_LIMITS)
    answers = [post_json(program(), "/login", {"phone": PHONE}).status_code for _ in range(50)]
    assert answers.count(200) == 3
    assert start_without_session(app(alice), purpose="step_up")["status"] == "pending"


def test_a_token_user_is_limited_as_any_user(
    alice: User, site_tokens: Tokens, script: Script, configure: Any, enrolled: None
) -> None:
    configure(LIMITS={**DEFAULT_LIMITS, "phone": None, "user": (2, 600)})
    answers = [
        post_json(app(alice), "/login", {"purpose": "step_up"}).status_code for _ in range(4)
    ]
    assert answers == [200, 200, 429, 429]
    assert VerificationAttempt.objects.count() == 2
