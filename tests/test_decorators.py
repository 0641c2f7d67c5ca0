"""The decorator: who passes the gate, who is asked, and what ends a pass."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from asgiref.sync import async_to_sync, iscoroutinefunction
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import AsyncClient

from numverify.decorators import number_verification_required
from numverify.defaults import DEFAULT_LIMITS

from . import gated
from .fakes import Script
from .gated import asked, is_in, prove
from .views.clients import Browser, back, post_json

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.gated")]
NUMBER, OTHER = "+99012345678", "+99087654320"
VIEWS = ["/bare", "/aged", "/strict", "/async"]


@pytest.fixture
def numbers(configure: Any, script: Script) -> dict[str, str]:
    """Confirmed numbers by user name."""
    kept = {"ada": NUMBER, "bob": NUMBER}
    limits = dict.fromkeys(DEFAULT_LIMITS)
    configure(ENROLLED_NUMBER=lambda user: kept.get(user.username), LIMITS=limits)
    return kept


@pytest.fixture
def ada(numbers: dict[str, str]) -> User:
    return get_user_model().objects.create_user("ada", password="one")


@pytest.fixture
def browser(ada: User) -> Browser:
    return Browser(ada)


# -- the way through -----------------------------------------------------------------
@pytest.mark.parametrize("view", VIEWS)
def test_whoever_has_no_proof_is_asked_and_comes_back(
    browser: Browser, script: Script, view: str
) -> None:
    refused = browser.get(view, {"page": "2"})
    assert asked(refused) == {"purpose": "step_up", "next": f"{view}?page=2"}
    assert prove(browser, script, refused) == f"{view}?page=2"
    assert is_in(browser.get(view, {"page": "2"}))


@pytest.mark.parametrize("view", VIEWS)
def test_whoever_is_not_logged_in_logs_in_first(numbers: Any, view: str) -> None:
    response = Browser().get(view, {"page": "2"})
    assert response.status_code == 302
    target = urlsplit(response["Location"])
    assert target.path == "/accounts/login/"
    assert parse_qs(target.query) == {"next": [f"{view}?page=2"]}


def test_the_proof_is_of_the_enrolled_number(browser: Browser, script: Script) -> None:
    """T4: a number in the request is ignored."""
    refused = browser.get("/bare")
    page = browser.get(refused["Location"])
    assert "phone" not in page.context["form"].fields
    browser.submit("/login", purpose="step_up", next="/bare", phone=OTHER)
    back(browser.client, script)
    assert [number for number, _ in script.started] == [NUMBER]
    assert is_in(browser.get("/bare"))


def test_a_check_lets_nobody_in(browser: Browser, script: Script) -> None:
    browser.start(purpose="check", next="/bare")
    back(browser.client, script)
    asked(browser.get("/bare"))


def test_a_no_lets_nobody_in(browser: Browser, script: Script) -> None:
    script.verified = False
    prove(browser, script, browser.get("/bare"))
    asked(browser.get("/bare"))


def test_whoever_has_no_number_is_sent_to_add_one(browser: Browser, configure: Any) -> None:
    configure(ENROLLED_NUMBER=None)
    page = browser.get(browser.get("/bare")["Location"])
    assert (page.status_code, page["Location"]) == (303, "/numbers/add?next=%2Fbare")


def test_whoever_has_no_number_elsewhere_is_told(browser: Browser, numbers: Any) -> None:
    """The site keeps the numbers: we know no page to send anybody to."""
    numbers.clear()
    start_page = browser.get(browser.get("/bare")["Location"])
    assert start_page.status_code == 200
    assert browser.submit("/login", purpose="step_up", phone=NUMBER).status_code == 403


def test_another_session_of_the_same_user_is_asked(
    browser: Browser, ada: User, script: Script
) -> None:
    prove(browser, script, browser.get("/bare"))
    asked(Browser(ada).get("/bare"))


# -- how long ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("view", "age", "passes"),
    [
        ("/aged", 0, True),
        ("/aged", 60, True),
        ("/aged", 60.001, False),
        ("/aged", -60, True),  # another server's clock
        ("/aged", -60.5, False),
        ("/bare", 600, True),
        ("/bare", 600.001, False),
    ],
)
def test_the_age_of_a_proof(
    browser: Browser, script: Script, view: str, age: float, *, passes: bool
) -> None:
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        prove(browser, script, browser.get(view))
        clock.shift(age)
        response = browser.get(view)
    assert is_in(response) is passes
    if not passes:
        asked(response)


def test_the_default_age_is_a_setting(browser: Browser, script: Script, configure: Any) -> None:
    configure(STEP_UP_MAX_AGE=30)
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        prove(browser, script, browser.get("/bare"))
        clock.shift(31)
        asked(browser.get("/bare"))
        assert is_in(browser.get("/aged")), "a view that says has the last word"


@pytest.mark.parametrize("max_age", [0, -1, float("nan")])
def test_an_age_that_would_ask_for_ever_is_refused(max_age: float) -> None:
    with pytest.raises(ValueError, match="max_age"):
        number_verification_required(max_age=max_age)(gated.ok)


@pytest.mark.parametrize("purpose", ["check", "enrol", "login", "nonsense"])
def test_a_purpose_that_nobody_could_have_is_refused(purpose: str) -> None:
    with pytest.raises(ValueError, match="purpose"):
        number_verification_required(purpose=purpose)(gated.ok)


def test_a_purpose_is_looked_at(browser: Browser, script: Script) -> None:
    prove(browser, script, browser.get("/strict"))
    session = browser.client.session
    session["numverify_elevation"] = session["numverify_elevation"] | {"purpose": "login"}
    session.save()
    assert is_in(browser.get("/bare"))
    asked(browser.get("/strict"))


# -- what ends it --------------------------------------------------------------------
@pytest.fixture
def inside(browser: Browser, script: Script) -> Browser:
    prove(browser, script, browser.get("/bare"))
    assert is_in(browser.get("/bare"))
    return browser


def test_log_out_ends_it(inside: Browser, ada: User) -> None:
    inside.submit("/accounts/leave/")
    assert inside.get("/bare")["Location"].startswith("/accounts/login/")
    inside.client.force_login(ada)
    asked(inside.get("/bare"))


def test_another_user_is_asked(inside: Browser) -> None:
    """With the same number, in the same browser, without a log-out between."""
    inside.client.force_login(get_user_model().objects.create_user("bob"))
    asked(inside.get("/bare"))


def test_another_number_is_asked_for(inside: Browser, numbers: dict[str, str]) -> None:
    numbers["ada"] = OTHER
    asked(inside.get("/bare"))


def test_a_number_that_was_removed_ends_it(inside: Browser, numbers: dict[str, str]) -> None:
    del numbers["ada"]
    asked(inside.get("/bare"))


def test_a_new_password_ends_it(inside: Browser, ada: User) -> None:
    changed = inside.submit(
        "/admin/password_change/", old_password="one", new_password1="x9!kd", new_password2="x9!kd"
    )
    assert changed.status_code == 302, "only staff may: the log-in page"
    ada.is_staff = True
    ada.save()
    changed = inside.submit(
        "/admin/password_change/", old_password="one", new_password1="x9!kd", new_password2="x9!kd"
    )
    assert changed["Location"] == "/admin/password_change/done/"
    asked(inside.get("/bare"))


def test_a_password_that_somebody_else_set_ends_the_session(inside: Browser, ada: User) -> None:
    ada.set_password("two")
    ada.save()
    assert inside.get("/bare")["Location"].startswith("/accounts/login/")


# -- programs ------------------------------------------------------------------------
@pytest.mark.parametrize(
    "accept",
    ["application/json", "application/json, */*;q=0.5", "application/problem+json"],
)
def test_a_program_gets_json(browser: Browser, accept: str) -> None:
    response = browser.get("/bare", accept=accept)
    assert response.status_code == 403
    assert response["Content-Type"] == "application/json"
    body = response.json()
    assert body["detail"]
    assert body | {"detail": ""} == {
        "error": "verification_required",
        "detail": "",
        "start_url": "/login?purpose=step_up",
    }


def test_a_json_body_is_enough(browser: Browser) -> None:
    response = post_json(browser.client, "/aged", {"a": 1}, accept="text/html")
    assert (response.status_code, response.json()["error"]) == (403, "verification_required")


@pytest.mark.parametrize(
    "accept", ["*/*", "", "text/html,application/json", "application/json,text/html;q=0.1"]
)
def test_everybody_else_is_redirected(browser: Browser, accept: str) -> None:
    asked(browser.get("/bare", accept=accept))


def test_a_program_that_is_not_logged_in(numbers: Any) -> None:
    response = Browser().get("/bare", accept="application/json")
    assert response.status_code == 401
    assert response.json()["error"] == "authentication_required"
    assert response.json()["start_url"] == "/accounts/login/"


def test_a_program_gets_the_way_back_that_the_view_names(browser: Browser) -> None:
    response = browser.get("/counted/7", accept="application/json")
    assert response.json()["start_url"] == "/login?purpose=step_up&next=%2Forders%2F7"


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_no_cache_keeps_the_answer(browser: Browser, accept: str) -> None:
    response = browser.get("/bare", accept=accept)
    assert "no-store" in response["Cache-Control"]
    assert {"Accept", "Cookie"} <= set(response["Vary"].split(", "))


# -- forms ---------------------------------------------------------------------------
def test_a_post_is_asked_and_nothing_of_its_body_is_kept(browser: Browser, script: Script) -> None:
    refused = browser.submit("/aged?step=2", secret="body-canary")
    assert asked(refused) == {"purpose": "step_up", "next": "/aged?step=2"}
    assert prove(browser, script, refused) == "/aged?step=2"
    stored = "".join(str(each.get_decoded()) for each in Session.objects.all())
    assert "body-canary" not in stored + refused["Location"]


def test_the_view_names_the_page_of_its_form(browser: Browser) -> None:
    assert asked(browser.submit("/named"))["next"] == "/form"
    assert asked(browser.submit("/counted/7"))["next"] == "/orders/7"


@pytest.mark.parametrize("view", ["/form", "/classes/form"])
def test_a_form_may_be_looked_at(browser: Browser, view: str) -> None:
    assert is_in(browser.get(view))
    asked(browser.submit(view))
    asked(browser.client.put(view, headers={"x-csrftoken": "t" * 32}))


# -- what a decorator must not do ----------------------------------------------------
def test_the_view_stays_what_it_was() -> None:
    assert gated.aged.__name__ == "aged"
    assert gated.aged.__doc__ == "Asks for a minute."
    assert vars(gated.aged)["csrf_exempt"] is True
    assert iscoroutinefunction(gated.asynchronous)
    assert not iscoroutinefunction(gated.bare)


def test_the_gate_writes_nothing_to_the_session(browser: Browser) -> None:
    """Or the requests of one page would save old copies over each other."""
    before = dict(browser.client.session.items())
    response = browser.get("/bare")
    assert not response.cookies
    assert dict(browser.client.session.items()) == before
    assert not Browser().get("/bare").cookies


@pytest.mark.parametrize("view", ["/bare", "/async", "/classes/plain", "/classes/async"])
def test_under_asgi(inside: Browser, view: str) -> None:
    client = AsyncClient()
    client.cookies = inside.client.cookies
    assert is_in(async_to_sync(client.get)(view))
    client = AsyncClient()
    assert async_to_sync(client.get)(view).status_code == 302
