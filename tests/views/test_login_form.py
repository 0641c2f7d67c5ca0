"""``/login`` as a page: the form, where it leads, consent, and the host it must be on."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from numverify.exceptions import ProviderError, Reason
from numverify.models import VerificationAttempt
from tests.fakes import Script

from .clients import NEXT, PHONE, Browser, error_of, program

pytestmark = pytest.mark.django_db
GERMAN = "+4915112345678"


def test_the_page(browser: Browser, script: Script) -> None:
    page = browser.get("/login", {"next": NEXT, "purpose": "step_up"})
    text = page.content.decode()
    assert page.status_code == 200
    assert page.templates[0].name == "numverify/login.html"
    assert f'value="{NEXT}"' in text
    assert 'value="step_up"' in text
    assert "csrfmiddlewaretoken" in text
    assert VerificationAttempt.objects.count() == 0


@pytest.mark.parametrize(
    "next_", ["https://evil.example", "//evil.example", "javascript:alert(1)", '"><script>']
)
def test_the_page_forgets_a_hostile_next(browser: Browser, script: Script, next_: str) -> None:
    text = browser.get("/login", {"next": next_}).content.decode()
    assert next_ not in text


@pytest.mark.parametrize("next_", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_the_form_forgets_a_hostile_next(browser: Browser, script: Script, next_: str) -> None:
    assert browser.start(next=next_).next == ""


def test_the_form_leads_to_the_attempts_page(browser: Browser, script: Script) -> None:
    attempt = browser.start(next=NEXT)
    assert (attempt.binding, attempt.channel, attempt.next) == ("session", "web", NEXT)
    page = browser.get(f"/attempts/{attempt.public_id}")
    text = page.content.decode()
    assert page.context["auth_url"].endswith(script.last_state)
    assert page.context["auth_url"] in text
    assert text.index("Wi-Fi") < text.index(page.context["auth_url"])
    assert PHONE not in text
    assert script.last_state not in str(VerificationAttempt.objects.values().get())


@pytest.mark.parametrize(
    "fields", [{"phone": ""}, {"phone": "rubbish"}, {"phone": PHONE + "\x00"}, {"purpose": "login"}]
)
def test_a_form_with_a_fault_is_shown_again(
    browser: Browser, script: Script, fields: dict[str, str]
) -> None:
    response = browser.submit("/login", **{"phone": PHONE, **fields})
    assert response.status_code == 400
    assert response.templates[0].name == "numverify/login.html"
    assert script.started == []


def test_anonymous_visitors_are_sent_to_log_in(
    browser: Browser, script: Script, configure: Any
) -> None:
    configure(ALLOW_ANONYMOUS_START=False)
    response = browser.get("/login?next=/account/")
    assert response.status_code == 302
    assert response["Location"] == "/accounts/login/?next=/login%3Fnext%3D/account/"
    posted = browser.submit("/login", phone=PHONE)
    assert posted.status_code == 401
    assert b"authentication_required" in posted.content
    assert script.started == []


def test_users_need_no_permission_for_anonymous_starts(
    alice: User, script: Script, configure: Any
) -> None:
    configure(ALLOW_ANONYMOUS_START=False)
    browser = Browser(alice)
    assert browser.get("/login").status_code == 200
    assert browser.start().user == alice


def test_whoever_has_a_number_is_not_asked_for_one(
    alice: User, script: Script, enrolled: None
) -> None:
    browser = Browser(alice)
    page = browser.get("/login", {"purpose": "step_up"})
    assert "+990 •••• 78" in page.content.decode()
    assert 'name="phone"' not in page.content.decode()
    browser.start(phone="+99000000000", purpose="step_up")
    assert [number for number, _ in script.started] == [PHONE]


def test_a_step_up_without_a_number(alice: User, script: Script) -> None:
    response = Browser(alice).submit("/login", phone=PHONE, purpose="step_up")
    assert response.status_code == 403
    assert b"not_enrolled" in response.content
    assert script.started == []


def test_too_many_starts(browser: Browser, script: Script, configure: Any) -> None:
    configure(LIMITS={"anonymous_ip": (1, 600)})
    browser.start()
    response = browser.submit("/login", phone=PHONE)
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert len(script.started) == 1


def test_a_start_that_failed_shows_why(alice: User, script: Script) -> None:
    script.start_error = ProviderError(Reason.UPSTREAM_TIMEOUT)
    browser = Browser(alice)
    attempt = browser.start()
    page = browser.get(f"/attempts/{attempt.public_id}")
    assert page.status_code == 200
    assert attempt.reference_display in page.content.decode()
    assert page.context["auth_url"] == ""


# -- consent ----------------------------------------------------------------------------


def test_the_text_is_shown_and_nothing_sent(
    browser: Browser, script: Script, configure: Any
) -> None:
    configure(CONSENT_TEXT="Do you agree to the matching?")
    for _ in range(2):
        response = browser.submit("/login", phone=GERMAN)
        assert response.status_code == 403
        assert "Do you agree to the matching?" in response.content.decode()
        assert 'name="consent"' in response.content.decode()
        assert "checked" not in response.content.decode()
    assert script.started == []
    assert browser.start(phone=GERMAN, consent="on").consented_at is not None


def test_the_text_is_not_shown_where_none_is_needed(
    browser: Browser, script: Script, configure: Any
) -> None:
    configure(CONSENT_TEXT="Do you agree to the matching?")
    assert "Do you agree" not in browser.get("/login").content.decode()
    assert browser.start().consented_at is None


def test_a_german_holder_sees_the_text_at_once(alice: User, script: Script, configure: Any) -> None:
    configure(CONSENT_TEXT="Do you agree to the matching?", ENROLLED_NUMBER=lambda user: GERMAN)
    assert "Do you agree" in Browser(alice).get("/login").content.decode()


def test_without_a_text_the_form_is_an_error(browser: Browser, script: Script) -> None:
    response = browser.submit("/login", phone=GERMAN, consent="on")
    assert response.status_code == 403
    assert b"consent_required" in response.content
    assert script.started == []


# -- the host of the redirect URI -------------------------------------------------------


def test_the_page_moves_to_the_redirect_uris_host_once(browser: Browser, script: Script) -> None:
    response = browser.get("/login?next=/a&next=/b", host="127.0.0.1:3000")
    assert response.status_code == 303
    assert response["Location"] == "http://testserver/login?next=%2Fa&next=%2Fb&moved=1"
    assert browser.get("/login?moved=1", host="127.0.0.1:3000").status_code == 200


def test_the_page_does_not_move_without_a_redirect_uri(
    browser: Browser, script: Script, configure: Any
) -> None:
    configure(VONAGE_REDIRECT_URI="")
    assert browser.get("/login", host="localhost").status_code == 200


# -- methods and bodies -----------------------------------------------------------------


@pytest.mark.parametrize("method", ["head", "put", "patch", "delete", "options"])
def test_other_methods(script: Script, method: str) -> None:
    response = getattr(program(), method)("/login")
    assert (response.status_code, response["Allow"]) == (405, "GET, POST")
    if method != "head":
        assert error_of(response) == (405, "method_not_allowed")


def test_a_form_in_a_strange_charset(browser: Browser, script: Script) -> None:
    type_ = "application/x-www-form-urlencoded; charset=utf-16"
    response = browser.client.generic("POST", "/login", b"phone=1", content_type=type_)
    assert response.status_code == 400
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=x"])
def test_a_broken_multipart_form(browser: Browser, script: Script, boundary: str) -> None:
    response = browser.client.generic(
        "POST", "/login", b"--x\r\nrubbish", content_type=f"multipart/form-data{boundary}"
    )
    assert response.status_code in {400, 403}
    assert response["Cache-Control"] == "no-store"


def test_too_many_fields(browser: Browser, script: Script) -> None:
    response = browser.submit("/login", **{f"a{n}": "1" for n in range(1001)})
    assert response.status_code == 413
    assert b"too_large" in response.content


def test_a_form_that_is_too_large(browser: Browser, script: Script, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    type_ = "application/x-www-form-urlencoded"
    response = browser.client.generic("POST", "/login", b"a=" + b"1" * 200, content_type=type_)
    assert response.status_code == 413


def test_a_client_that_goes_away(browser: Browser, script: Script) -> None:
    class Broken:
        def read(self, *args: Any) -> bytes:
            raise OSError("Connection reset")

        readline = read

    headers = {"CONTENT_LENGTH": "10", "wsgi.input": Broken()}
    for client in (browser.client, program()):
        for type_ in ("application/x-www-form-urlencoded", "application/json"):
            response = client.post("/login", content_type=type_, **headers)  # type: ignore[arg-type]
            assert response.status_code in {400, 403}
