"""The phone against honest and hostile backends, over real HTTP."""

from __future__ import annotations

import time
from typing import Any

import pytest

from numverify.handset import Handset, Outcome, Result, Step, handset
from tests.handset.backend import Backend, Reply, drip, redirect, stall

PHONE = "+99012345678"


def verify(backend: Backend, seconds: float = 20) -> Outcome:
    return Handset(backend.url, seconds=seconds).verify(PHONE)


def reason(backend: Backend) -> str:
    outcome = verify(backend)
    assert outcome.result is Result.UNKNOWN
    assert outcome.detail
    return outcome.reason


# -- the tutorial's shape ----------------------------------------------------------------
def test_tutorials_backend_says_true(backend: Backend) -> None:
    assert verify(backend) == Outcome(Result.VERIFIED)
    assert backend.paths == ["POST /login", "GET /auth", "GET /callback"]


def test_tutorials_backend_says_false(backend: Backend) -> None:
    backend.routes["/callback"] = Reply({"devicePhoneNumberVerified": False})
    outcome = verify(backend)
    assert (outcome.result, outcome.reason) == (Result.NOT_VERIFIED, "number_mismatch")


def test_login_is_cookieless_json_without_an_origin(backend: Backend) -> None:
    verify(backend)
    login = backend.seen[0]
    assert login.json() == {"phone": PHONE}
    assert login.headers["content-type"] == "application/json"
    assert not {"cookie", "origin", "authorization"} & login.headers.keys()
    assert not any(name.startswith("sec-fetch") for name in login.headers)


def test_auth_url_goes_before_url(backend: Backend) -> None:
    backend.routes["/login"] = Reply({"auth_url": f"{backend.url}/auth", "url": "javascript:0"})
    assert verify(backend).result is Result.VERIFIED


def test_backend_below_a_path(backend: Backend) -> None:
    backend.routes["/numverify/login"] = backend.routes.pop("/login")
    outcome = Handset(f"{backend.url}/numverify/", seconds=20).verify(PHONE)
    assert outcome.result is Result.VERIFIED


# -- completion --------------------------------------------------------------------------
def test_completion_brings_both_halves_together(backend: Backend) -> None:
    backend.completing()
    assert verify(backend) == Outcome(Result.VERIFIED, attempt_id="a-1")
    assert backend.paths[-1] == "POST /complete"
    assert backend.seen[-1].json() == {
        "id": "a-1",
        "completion_code": "s3cret-cc",
        "attempt_secret": "s3cret-half",
    }


def test_nothing_is_completed_after_a_no(backend: Backend) -> None:
    backend.completing(callback={"devicePhoneNumberVerified": False})
    assert verify(backend).result is Result.NOT_VERIFIED
    assert "POST /complete" not in backend.paths


@pytest.mark.parametrize("code", [None, "", 7, ["x"]])
def test_binding_completion_without_a_code_verifies_nothing(backend: Backend, code: Any) -> None:
    backend.completing(callback={"completion_code": code})
    assert reason(backend) == "bad_answer"
    assert "POST /complete" not in backend.paths


def test_code_without_an_attempt_secret_verifies_nothing(backend: Backend) -> None:
    backend.completing(login={"attempt_secret": None})
    assert reason(backend) == "bad_answer"


@pytest.mark.parametrize(
    "answer",
    [Reply({"status": "failed"}), Reply({}), Reply([]), Reply({"error": "wrong_code"}, 403)],
)
def test_refused_completion_verifies_nothing(backend: Backend, answer: Reply) -> None:
    backend.completing(complete=answer)
    assert reason(backend) in {"bad_answer", "wrong_code"}


def test_answer_for_another_attempt_verifies_nothing(backend: Backend) -> None:
    backend.completing(callback={"id": "a-2"})
    assert reason(backend) == "bad_answer"
    assert "POST /complete" not in backend.paths


# -- answers of the wrong shape ----------------------------------------------------------
@pytest.mark.parametrize("value", ["true", 1, [True], None, {}, "false", 0])
def test_only_a_boolean_counts(backend: Backend, value: Any) -> None:
    backend.routes["/callback"] = Reply({"devicePhoneNumberVerified": value})
    assert reason(backend) == "bad_answer"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>true</html>",
        b"true",
        b"[]",
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"devicePhoneNumberVerified": true, "n": ' + b"9" * 5000 + b"}",
        b'{"devicePhoneNumberVerified": true, "x": "' + b"x" * 70_000 + b'"}',
    ],
    ids=["empty", "html", "bare", "list", "bytes", "nested", "digits", "long"],
)
@pytest.mark.parametrize("path", ["/login", "/callback"])
def test_body_that_is_no_sane_object(backend: Backend, path: str, body: bytes) -> None:
    backend.routes[path] = Reply(body)
    assert reason(backend) == "bad_answer"


@pytest.mark.parametrize("status", [400, 403, 404, 500, 502])
def test_true_counts_only_from_a_success(backend: Backend, status: int) -> None:
    backend.routes["/callback"] = Reply({"devicePhoneNumberVerified": True}, status)
    assert reason(backend) == f"http_{status}"


@pytest.mark.parametrize("login", [{}, {"url": None}, {"url": 7}, {"auth_url": ["http://x"]}])
def test_login_without_an_address(backend: Backend, login: Any) -> None:
    backend.routes["/login"] = Reply(login)
    assert reason(backend) == "bad_answer"
    assert backend.paths == ["POST /login"]


def test_error_words_of_the_backend_are_passed_on(backend: Backend) -> None:
    backend.routes["/callback"] = Reply({"error": "access_denied", "detail": "They said no."}, 403)
    outcome = verify(backend)
    assert (outcome.reason, outcome.detail) == ("access_denied", "They said no.")


@pytest.mark.parametrize("error", ["\x1b[31mred", "two words", 7, None, "x" * 99])
def test_error_word_that_is_none_is_not_passed_on(backend: Backend, error: Any) -> None:
    backend.routes["/callback"] = Reply({"error": error, "detail": 5}, 403)
    outcome = verify(backend)
    assert (outcome.reason, outcome.detail) == ("http_403", "The last answer was HTTP 403.")


@pytest.mark.parametrize("found", [7, "\x1b[2J", "x" * 41, None])
def test_id_that_cannot_be_shown_is_left_out(backend: Backend, found: Any) -> None:
    backend.routes["/login"] = Reply({"id": found, "url": f"{backend.url}/auth"})
    assert verify(backend) == Outcome(Result.VERIFIED)


# -- redirects ---------------------------------------------------------------------------
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_every_redirect_is_followed_by_a_get(backend: Backend, status: int) -> None:
    backend.routes["/auth"] = redirect("/callback", status)
    assert verify(backend).result is Result.VERIFIED
    assert backend.paths == ["POST /login", "GET /auth", "GET /callback"]
    assert backend.seen[-1].body == b""


def test_login_that_redirects_gets_the_number_no_further(backend: Backend) -> None:
    backend.routes["/login"] = redirect(f"{backend.url}/elsewhere", 307)
    assert reason(backend) == "redirected"
    assert backend.paths == ["POST /login"]


def test_redirect_loop_ends(backend: Backend) -> None:
    backend.routes["/auth"] = redirect("/auth")
    assert reason(backend) == "too_many_redirects"
    assert backend.paths.count("GET /auth") == handset.MAX_HOPS == 10


def test_tenth_hop_may_still_answer(backend: Backend) -> None:
    for number in range(8):
        backend.routes[f"/hop{number}"] = redirect(f"/hop{number + 1}")
    backend.routes["/auth"], backend.routes["/hop8"] = redirect("/hop0"), redirect("/callback")
    assert reason(backend) == "too_many_redirects"  # auth, hop0 to hop8, callback: eleven
    backend.routes["/hop7"] = redirect("/callback")
    assert verify(backend).result is Result.VERIFIED


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "data:text/plain,x",
        "http://[::1",
        "http://127.0.0.1:x/",
        "//[",
        "mailto:a@b",
    ],
)
def test_only_http_is_opened(backend: Backend, address: str) -> None:
    backend.routes["/login"] = Reply({"url": address})
    assert reason(backend) == "bad_address"
    backend.routes["/login"] = Reply({"url": f"{backend.url}/auth"})
    backend.routes["/auth"] = redirect(address)
    assert reason(backend) == "bad_address"
    assert "GET /callback" not in backend.paths


@pytest.mark.parametrize("address", ["", "http://", "http:///x", "/relative", "auth"])
def test_auth_url_needs_a_host(backend: Backend, address: str) -> None:
    backend.routes["/login"] = Reply({"url": address})
    assert reason(backend) == "bad_address"


def test_redirect_without_a_location_is_an_answer(backend: Backend) -> None:
    backend.routes["/auth"] = Reply(status=302)
    assert reason(backend) == "http_302"


def test_cookies_and_credentials_are_not_carried_along(
    backend: Backend, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login owner password hunter2\n")
    monkeypatch.setenv("NETRC", str(netrc))
    login = backend.routes["/login"]
    assert isinstance(login, Reply)
    login.headers["Set-Cookie"] = "sessionid=1; Path=/"
    with_password = backend.url.replace("http://", "http://user:pass@") + "/callback"
    backend.routes["/auth"] = redirect(with_password, cookie="a=b; Path=/")
    assert verify(backend).result is Result.VERIFIED
    for seen in backend.seen:
        assert not {"cookie", "authorization"} & seen.headers.keys()


def test_proxy_of_the_environment_is_not_asked_for_loopback(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    assert verify(backend).result is Result.VERIFIED


# -- time --------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["/login", "/auth", "/callback"])
def test_stall_ends_at_the_deadline(backend: Backend, path: str) -> None:
    backend.routes[path] = stall(backend)
    started = time.monotonic()
    outcome = verify(backend, seconds=0.4)
    assert (outcome.result, outcome.reason) == (Result.UNKNOWN, "timeout")
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "content",
    [b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 500, b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 500],
    ids=["headers", "body"],
)
def test_drip_ends_at_the_deadline(backend: Backend, content: bytes) -> None:
    backend.routes["/callback"] = drip(backend, content)
    started = time.monotonic()
    outcome = verify(backend, seconds=0.6)
    assert (outcome.result, outcome.reason) == (Result.UNKNOWN, "timeout")
    assert time.monotonic() - started < 5


def test_hop_has_less_time_than_the_whole(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handset, "HOP_SECONDS", 0.2)
    backend.routes["/auth"] = stall(backend)
    started = time.monotonic()
    assert reason(backend) == "timeout"
    assert time.monotonic() - started < 5


def test_no_request_is_sent_once_the_time_is_over(backend: Backend) -> None:
    assert verify(backend, seconds=0).reason == "timeout"
    assert backend.seen == []


# -- what is shown -----------------------------------------------------------------------
def test_steps_tell_the_way_without_what_was_carried(backend: Backend) -> None:
    steps: list[Step] = []
    backend.completing()
    backend.routes["/auth"] = redirect("/callback?code=s3cret-code&state=s3cret-state")
    Handset(backend.url, seconds=20, on_step=steps.append).verify(PHONE)
    assert [(step.method, step.url, step.status) for step in steps] == [
        ("POST", f"{backend.url}/login", 200),
        ("GET", f"{backend.url}/auth", 302),
        ("GET", f"{backend.url}/callback?code=…&state=…", 200),
        ("POST", f"{backend.url}/complete", 200),
    ]
    assert all(0 <= step.milliseconds < 5000 for step in steps)


def test_step_without_an_answer_is_told_too(backend: Backend) -> None:
    steps: list[Step] = []
    backend.routes["/auth"] = redirect("http://127.0.0.1:1/gone?ticket=s3cret")
    outcome = Handset(backend.url, seconds=20, on_step=steps.append).verify(PHONE)
    assert outcome.reason == "unreachable"
    assert (steps[-1].url, steps[-1].status) == ("http://127.0.0.1:1/gone?ticket=…", None)


def test_nothing_secret_is_in_outcomes(backend: Backend) -> None:
    backend.completing(complete=Reply({"error": "wrong_code", "detail": "s3cret-half" * 3}, 403))
    shown = repr(verify(backend))
    assert "s3cret" not in shown
    assert PHONE[1:] not in shown
