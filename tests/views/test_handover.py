"""The hand-over: a desktop begins, a phone is asked, the code is typed at the desktop."""

from __future__ import annotations

import importlib
import sys
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.cache import cache

from numverify.models import VerificationAttempt
from numverify.views import qr
from tests.fakes import Script

from .clients import Browser, program

pytestmark = pytest.mark.django_db


def begin(desktop: Browser, **fields: str) -> tuple[VerificationAttempt, str]:
    """The attempt, and the path of the link that the desktop shows."""
    attempt = desktop.start(binding="completion", **fields)
    page = desktop.get(f"/attempts/{attempt.public_id}")
    assert page.context["auth_url"] == ""
    url = page.context["handover_url"]
    assert url in page.content.decode()
    return attempt, urlsplit(url).path


def take_over(phone: Browser, path: str) -> str:
    """What the phone is to open over mobile data."""
    response = phone.submit(path)
    assert (response.status_code, response["Location"]) == (303, path)
    url: str = phone.get(path).context["auth_url"]
    return url


def back(client: Any, script: Script, **headers: str) -> Any:
    query = {"state": script.last_state, "code": "abc"}
    return client.get("/callback", query, headers=headers or None)


def test_the_whole_walk(alice: User, script: Script, enrolled: None) -> None:
    desktop, phone = Browser(alice), Browser()
    attempt, path = begin(desktop, purpose="step_up", next="/account/")
    asked = phone.get(path)
    assert (asked.status_code, asked.context["bound"]) == (200, False)
    assert asked.context["auth_url"] == ""
    assert script.last_state not in asked.content.decode()
    auth_url = take_over(phone, path)
    assert auth_url.endswith(script.last_state)
    page = back(phone.client, script)
    code = page.context["completion_code"]
    assert (page.status_code, code in page.content.decode()) == (200, True)
    assert desktop.get("/protected").status_code == 403
    assert phone.get("/protected").status_code == 403
    response = desktop.submit("/complete", id=str(attempt.public_id), completion_code=code)
    assert (response.status_code, response["Location"]) == (303, "/account/")
    assert desktop.get("/protected").status_code == 200
    assert phone.get("/protected").status_code == 403


def test_a_check_elevates_nobody(alice: User, script: Script, enrolled: None) -> None:
    desktop, phone = Browser(alice), Browser()
    attempt, path = begin(desktop)
    take_over(phone, path)
    code = back(phone.client, script).context["completion_code"]
    desktop.submit("/complete", id=str(attempt.public_id), completion_code=code)
    attempt.refresh_from_db()
    assert attempt.status == "verified"
    assert desktop.get("/protected").status_code == 403


def test_the_first_phone_has_it(browser: Browser, script: Script) -> None:
    _, path = begin(browser)
    first, second = Browser(), Browser()
    take_over(first, path)
    take_over(first, path)
    assert second.get(path).status_code == 403
    assert second.submit(path).status_code == 403
    assert back(second.client, script).status_code == 403
    assert script.finished == []
    assert back(first.client, script).status_code == 200


def test_looking_at_the_link_binds_nobody(browser: Browser, script: Script) -> None:
    attempt, path = begin(browser)
    for _ in range(3):
        Browser().get(path)
    attempt.refresh_from_db()
    assert attempt.handset_nonce_hmac == ""


def test_a_frame_of_the_bound_phone_reads_no_code(browser: Browser, script: Script) -> None:
    attempt, path = begin(browser)
    phone = Browser()
    take_over(phone, path)
    for destination in ("iframe", "image", "empty"):
        response = back(phone.client, script, **{"sec-fetch-dest": destination})
        assert response.status_code == 403
    attempt.refresh_from_db()
    assert (attempt.status, script.finished) == ("pending", [])


def test_a_browser_that_did_not_take_over_is_refused(browser: Browser, script: Script) -> None:
    begin(browser)
    for client in (Browser().client, browser.client):
        response = back(client, script)
        assert (response.status_code, b"not_for_browsers" in response.content) == (403, True)


def test_a_program_is_refused_once_a_phone_took_over(browser: Browser, script: Script) -> None:
    _, path = begin(browser)
    take_over(Browser(), path)
    assert back(program(), script).status_code == 403


def test_unknown_links(browser: Browser, script: Script) -> None:
    attempt, path = begin(browser)
    public_id = str(attempt.public_id)
    wrong = [path[:-1], f"/handover/{public_id}.", f"/handover/{public_id}", "/handover/x.y"]
    for link in wrong:
        assert Browser().get(link).status_code == 404
        assert Browser().submit(link).status_code == 404


def test_an_attempt_without_handover_has_no_link(browser: Browser, script: Script) -> None:
    attempt = browser.start()
    for secret in ("", "x"):
        assert browser.get(f"/handover/{attempt.public_id}.{secret}").status_code == 404


def test_links_end_with_the_attempt(browser: Browser, script: Script) -> None:
    with time_machine.travel("2026-11-23T12:00:00Z", tick=False) as clock:
        attempt, path = begin(browser)
        clock.shift(timedelta(seconds=301))
        assert Browser().get(path).status_code == 410
        assert Browser().submit(path).status_code == 410
        attempt.refresh_from_db()
        assert attempt.status == "expired"


def test_a_mismatch_at_the_phone(browser: Browser, script: Script) -> None:
    script.verified = False
    attempt, path = begin(browser)
    phone = Browser()
    take_over(phone, path)
    page = back(phone.client, script)
    assert page.status_code == 200
    assert page.context["wording"].title
    attempt.refresh_from_db()
    assert (attempt.status, attempt.result) == ("not_verified", False)


def test_without_the_cache_the_phone_is_told(browser: Browser, script: Script) -> None:
    _, path = begin(browser)
    cache.clear()
    assert take_over(Browser(), path) == ""


def test_the_link_moves_to_the_redirect_uris_host(browser: Browser, script: Script) -> None:
    _, path = begin(browser)
    response = Browser().get(path, host="localhost")
    assert (response.status_code, response["Location"]) == (303, f"http://testserver{path}?moved=1")


@pytest.mark.parametrize("method", ["head", "put", "delete", "options"])
def test_other_methods(browser: Browser, script: Script, method: str) -> None:
    _, path = begin(browser)
    response = getattr(program(), method)(path)
    assert (response.status_code, response["Allow"]) == (405, "GET, POST")


def test_the_qr_code_is_inline_svg_without_style() -> None:
    svg = qr.svg("http://testserver/handover/x")
    assert svg.startswith("<svg")
    assert "style" not in svg
    assert qr.svg("") == ""


def test_without_segno_the_page_shows_the_link_alone(browser: Browser, script: Script) -> None:
    try:
        with patch.dict(sys.modules, {"segno": None}):
            importlib.reload(qr)
            attempt, _ = begin(browser)
            page = browser.get(f"/attempts/{attempt.public_id}")
    finally:
        importlib.reload(qr)
    assert page.context["handover_qr"] == ""
