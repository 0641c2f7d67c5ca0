"""``/callback`` of a program: what the device that was checked gets to read."""

from __future__ import annotations

from typing import Any

import pytest

from numverify.exceptions import ConfigurationError, Reason
from numverify.models import Status
from tests.fakes import Script, no_answer

from .clients import back, error_of, program, row, start_without_session, status_of

pytestmark = pytest.mark.django_db


def test_the_device_reads_the_boolean_and_the_code(script: Script) -> None:
    client = program()
    started = start_without_session(client)
    response = back(client, script)
    body = response.json()
    assert response.status_code == 200
    assert set(body) == {"devicePhoneNumberVerified", "id", "status", "completion_code"}
    assert body["devicePhoneNumberVerified"] is True
    assert (body["id"], body["status"]) == (started["id"], "awaiting_completion")
    assert len(body["completion_code"]) == 43
    assert body["completion_code"] not in str(vars(row(started["id"])))


def test_the_device_reads_false_without_a_code(script: Script) -> None:
    script.verified = False
    client = program()
    started = start_without_session(client)
    assert back(client, script).json() == {
        "devicePhoneNumberVerified": False,
        "id": started["id"],
        "status": "not_verified",
    }


@pytest.mark.parametrize("verified", [True, False, no_answer()])
def test_a_repeat_tells_neither_boolean_nor_code(script: Script, verified: Any) -> None:
    script.verified = verified
    client = program()
    start_without_session(client)
    back(client, script)
    assert error_of(back(client, script)) == (409, "already_used")
    assert len(script.finished) == 1


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        (None, False),
        ("*/*", False),
        ("application/json", False),
        ("text/*", False),
        ("text/html;q=0", False),
        ("text/html;q=0, */*", False),
        ("application/xhtml+xml, */*;q=0.8", False),
        ("", False),
        ("text/html", True),
        ("TEXT/HTML", True),
        ("application/json, text/html;q=0.1", False),
        ("text/html, application/json;q=0.9", True),
        ("text/html,application/xhtml+xml,*/*;q=0.8", True),
        # What Vonage's client libraries for Android and iOS send; they read JSON alone.
        ("text/html,application/xhtml+xml,application/xml,*/*", False),
    ],
)
def test_html_only_where_accept_names_it(script: Script, accept: str | None, html: bool) -> None:
    client = program()
    start_without_session(client)
    headers = {} if accept is None else {"accept": accept}
    for response in (back(client, script, **headers), back(client, script, **headers)):
        assert response["Content-Type"].startswith("text/html") is html
        assert response["Content-Type"].startswith("application/json") is not html


@pytest.mark.parametrize("destination", ["image", "iframe", "empty", "document", "script"])
def test_no_browser_gets_a_programs_code(script: Script, destination: str) -> None:
    client = program()
    started = start_without_session(client)
    response = back(client, script, **{"sec-fetch-dest": destination})
    assert error_of(response) == (403, "not_for_browsers")
    assert "devicePhoneNumberVerified" not in response.content.decode()
    assert script.finished == []
    assert status_of(row(started["id"])) == ("pending", "")


def test_any_sec_fetch_header_tells_a_browser(script: Script) -> None:
    client = program()
    start_without_session(client)
    assert error_of(back(client, script, **{"sec-fetch-anything": "1"}))[0] == 403
    assert back(client, script).status_code == 200


STATUSES = {
    Reason.NOT_MOBILE_NETWORK: 403,
    Reason.ACCESS_DENIED: 403,
    Reason.NOT_SUPPORTED: 503,
    Reason.OPERATOR_ERROR: 502,
    Reason.OPERATOR_UNAVAILABLE: 503,
    Reason.UPSTREAM_UNREACHABLE: 503,
    Reason.UPSTREAM_TIMEOUT: 504,
    Reason.UPSTREAM_ERROR: 503,
    Reason.UPSTREAM_PAUSED: 503,
    Reason.BAD_UPSTREAM: 502,
    Reason.OUTCOME_UNKNOWN: 504,
    Reason.RATE_LIMITED: 503,
    Reason.CREDENTIALS: 503,
    Reason.REQUEST: 503,
    Reason.BALANCE: 503,
    Reason.FORBIDDEN: 503,
    Reason.CODE_REJECTED: 502,
    Reason.TOKEN_REJECTED: 502,
    Reason.UNKNOWN: 502,
}


@pytest.mark.parametrize("accept", ["*/*", "text/html"])
@pytest.mark.parametrize(("reason", "status"), STATUSES.items())
def test_what_could_not_be_found_out_has_its_status(
    script: Script, reason: Reason, status: int, accept: str
) -> None:
    script.verified = no_answer(reason)
    client = program()
    started = start_without_session(client)
    response = back(client, script, accept=accept)
    assert response.status_code == status
    if accept == "*/*":
        assert error_of(response) == (status, reason)
    assert status_of(row(started["id"])) == ("failed", reason)


@pytest.mark.parametrize("accept", ["*/*", "text/html"])
def test_the_networks_retry_after_is_handed_on(script: Script, accept: str) -> None:
    error = no_answer(Reason.RATE_LIMITED)
    error.retry_after = 7
    script.verified = error
    client = program()
    start_without_session(client)
    response = back(client, script, accept=accept)
    assert (response.status_code, response["Retry-After"]) == (503, "7")


@pytest.mark.parametrize(
    ("error", "reason", "status"),
    [
        (RuntimeError("+99012345678"), Reason.UNKNOWN, 502),
        (ConfigurationError("no key"), Reason.CREDENTIALS, 503),
    ],
)
def test_a_provider_that_breaks_ends_the_attempt(
    script: Script, error: Exception, reason: Reason, status: int
) -> None:
    script.verified = error
    client = program()
    started = start_without_session(client)
    response = back(client, script)
    assert error_of(response) == (status, reason)
    assert b"99012345678" not in response.content
    assert status_of(row(started["id"])) == ("failed", reason)


def test_a_person_without_a_browser_engine_reads_a_page(script: Script) -> None:
    client = program()
    start_without_session(client)
    page = back(client, script, accept="text/html")
    code = page.context["completion_code"]
    assert page.status_code == 200
    assert code in page.content.decode()
    assert 50 < page.context["seconds"] <= 60


def test_the_page_of_a_mismatch_is_no_error(script: Script) -> None:
    script.verified = False
    client = program()
    start_without_session(client)
    page = back(client, script, accept="text/html")
    assert page.status_code == 200
    assert page.context["attempt"].status == Status.NOT_VERIFIED
