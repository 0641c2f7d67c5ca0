"""The four calls and their refusals, over real HTTP."""

from __future__ import annotations

import hashlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from numverify.virtual_operator.server import VirtualOperator, serve

from .wire import (
    APPLICATION_ID,
    ENABLEMENT,
    ERROR,
    EVEN,
    ODD,
    REDIRECT_URI,
    SCOPE,
    STATE,
    TOKEN,
    VERIFY,
    Wire,
)

FORM = "application/x-www-form-urlencoded"
GOOD_BODY = json.dumps({"phone_number": EVEN, "scopes": [SCOPE], "state": STATE}).encode()
PROBLEM = {"type", "title", "detail", "instance"}


def is_problem(answer: requests.Response, status: int) -> bool:
    return (
        answer.status_code == status
        and answer.headers["Content-Type"] == "application/problem+json"
        and answer.json().keys() == PROBLEM
    )


def is_oauth(answer: requests.Response, status: int, error: str) -> bool:
    return (
        answer.status_code == status
        and answer.headers["Content-Type"] == "application/json"
        and answer.json().keys() == {"error", "error_description"}
        and answer.json()["error"] == error
    )


def is_camara(answer: requests.Response, status: int, code: str) -> bool:
    content: dict[str, Any] = answer.json()
    return (
        answer.status_code == status
        and (content["status"], content["code"]) == (status, code)
        and content.keys() == {"status", "code", "message"}
    )


# -- the plain rule -----------------------------------------------------------------


@pytest.mark.parametrize(("phone", "verified"), [(EVEN, True), (ODD, False)])
def test_a_whole_verification(
    wire: Wire, operator: VirtualOperator, phone: str, verified: bool
) -> None:
    back = wire.arrive(wire.auth_url(phone))
    assert back.keys() == {"code", "state"}
    assert back["state"] == STATE
    answer = wire.exchange(back["code"])
    assert answer.headers["Cache-Control"] == "no-store"
    token = answer.json().pop("access_token")
    assert answer.json() == {"access_token": token, "token_type": "bearer", "expires_in": 29}
    answer = wire.verify(token, {"phoneNumber": phone})
    assert answer.json() == {"devicePhoneNumberVerified": verified}
    assert operator.counts == {"enablement": 1, "auth": 1, "token": 1, "verify": 1}


def test_99_is_an_error_redirect_with_state(wire: Wire) -> None:
    back = wire.arrive(wire.auth_url(ERROR))
    assert back["error"] == "server_error"
    assert back["state"] == STATE
    assert back["error_description"]
    assert "code" not in back


# -- network enablement -------------------------------------------------------------


def test_enablement_answers_as_documented(wire: Wire) -> None:
    answer = wire.enable()
    assert answer.status_code == 200
    entry = answer.json()["scopes"][SCOPE]
    assert entry.keys() == {"app_url", "auth_url", "requires_carrier_network"}
    assert entry["app_url"] is None
    assert entry["requires_carrier_network"] is True
    query = parse_qs(urlsplit(entry["auth_url"]).query)
    assert query["state"] == [STATE]
    assert query["client_id"] == [APPLICATION_ID]
    assert query["redirect_uri"] == [REDIRECT_URI]


@pytest.mark.parametrize("phone", ["+447700900123", "+99112345678", "+14155550100"])
def test_other_numbers_are_blocked_inside_a_200(wire: Wire, phone: str) -> None:
    answer = wire.enable(phone)
    assert answer.status_code == 200
    error = answer.json()["scopes"][SCOPE]["error"]
    assert error.keys() == {"title", "instance", "detail", "error_type"}
    assert error["title"] == "Forbidden"
    assert "Blocked by allowlist." in error["detail"]
    assert error["error_type"] == "UNAUTHORIZED"
    assert phone not in answer.text


def test_each_scope_gets_its_own_entry(wire: Wire) -> None:
    scopes = wire.enable(scopes=[SCOPE, "dpv:Other#scope"]).json()["scopes"]
    assert "auth_url" in scopes[SCOPE]
    assert scopes["dpv:Other#scope"].keys() == {"error"}


@pytest.mark.parametrize(
    "changed",
    [
        {"phone_number": None},
        {"phone_number": "99012345678"},
        {"phone_number": "+990 1234 5678"},
        {"phone_number": "+990"},
        {"phone_number": "+0123456789"},
        {"phone_number": "+9901234567890123"},
        {"phone_number": "+99012345678\n"},
        {"phone_number": "+\u096f\u096f\u096612345678"},
        {"phone_number": 99012345678},
        {"phone_number": ["+99012345678"]},
        {"scopes": None},
        {"scopes": []},
        {"scopes": SCOPE},
        {"scopes": [7]},
        {"scopes": [""]},
        {"scopes": [[SCOPE]]},
        {"state": None},
        {"state": ""},
        {"state": 12345678901234567890},
    ],
)
def test_enablement_refuses_bad_members(wire: Wire, changed: dict[str, Any]) -> None:
    content = {"phone_number": EVEN, "scopes": [SCOPE], "state": STATE, **changed}
    assert is_problem(wire.post(ENABLEMENT, json=content, headers=wire.bearer()), 400)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"null",
        b"\xff\xfe",
        GOOD_BODY[:-1] + b', "more": NaN}',
        GOOD_BODY[:-1] + b', "more": -Infinity}',
        b"[" * 60_000,
        GOOD_BODY[:-1] + b', "state": "another"}',
        b"phone_number=%2B99012345678",
    ],
)
def test_enablement_refuses_bad_bodies(wire: Wire, body: bytes) -> None:
    headers = {**wire.bearer(), "Content-Type": "application/json"}
    assert is_problem(wire.post(ENABLEMENT, data=body, headers=headers), 400)


def test_the_good_body_is_good(wire: Wire) -> None:
    headers = {**wire.bearer(), "Content-Type": "application/json"}
    assert wire.post(ENABLEMENT, data=GOOD_BODY, headers=headers).ok


def test_enablement_needs_a_json_content_type(wire: Wire) -> None:
    for wrong in ("text/plain", "", "application/x-www-form-urlencoded"):
        assert is_problem(wire.enable(headers={"Content-Type": wrong}), 400)
    assert wire.enable(headers={"Content-Type": "application/json; charset=utf-8"}).ok


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Basic eDp5", "Bearer x.y.z"])
def test_enablement_and_token_need_the_jwt(wire: Wire, authorization: str) -> None:
    answer = wire.enable(headers={"Authorization": authorization})
    assert is_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    code = wire.code()
    answer = wire.exchange(code, headers={"Authorization": authorization})
    assert is_oauth(answer, 401, "invalid_client")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert wire.exchange(code).ok  # a stranger cannot spend the code


def test_other_schemes_carry_no_jwt(wire: Wire) -> None:
    for scheme in ("Basic", "Token", "JWT", "Bearer,"):
        answer = wire.enable(headers={"Authorization": f"{scheme} {wire.jwt()}"})
        assert is_problem(answer, 401)
    assert wire.enable(headers={"Authorization": f"bearer {wire.jwt()}"}).ok  # RFC 7235, 2.1


def test_a_jwt_from_the_future_or_the_past_is_refused(wire: Wire) -> None:
    token = wire.jwt()
    for seconds in (-66, 241):
        wire.clock.now += seconds
        assert is_problem(wire.enable(headers=wire.bearer(token)), 401)
        assert is_oauth(wire.exchange("x", headers=wire.bearer(token)), 401, "invalid_client")
        wire.clock.now -= seconds
    assert wire.enable(headers=wire.bearer(token)).ok


def test_both_keys_serve_during_a_rotation(wire: Wire, private_keys: tuple[str, str]) -> None:
    wire.private_key = private_keys[1]
    assert wire.verify(wire.token(), {"phoneNumber": EVEN}).json() == {
        "devicePhoneNumberVerified": True
    }


def test_a_jwt_serves_many_calls(wire: Wire) -> None:
    headers = wire.bearer(wire.jwt())
    assert all(wire.enable(headers=headers).ok for _ in range(3))


# -- the authorization request ------------------------------------------------------


def changed_query(url: str, **changed: str | None) -> str:
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    query.update({name: value for name, value in changed.items() if value is not None})
    kept = {name: value for name, value in query.items() if changed.get(name, "") is not None}
    return requests.Request("GET", url.partition("?")[0], params=kept).prepare().url or ""


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": None},
        {"client_id": "another"},
        {"redirect_uri": None},
        {"redirect_uri": REDIRECT_URI + "/"},
        {"redirect_uri": REDIRECT_URI.upper()},
        {"redirect_uri": REDIRECT_URI + "?x=1"},
        {"redirect_uri": "https://evil.example/callback"},
    ],
)
def test_nobody_is_redirected_for_a_wrong_client(
    wire: Wire, changed: dict[str, str | None]
) -> None:
    answer = wire.get(changed_query(wire.auth_url(), **changed))
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert answer.headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"scope": "openid"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"state": None}, "invalid_request"),
        ({"login_hint": None}, "invalid_request"),
        ({"login_hint": "99012345678"}, "invalid_request"),
    ],
)
def test_other_mistakes_go_back_to_the_application(
    wire: Wire, changed: dict[str, str | None], error: str
) -> None:
    answer = wire.get(changed_query(wire.auth_url(), **changed))
    assert answer.status_code == 302
    location = urlsplit(answer.headers["Location"])
    assert location._replace(query="").geturl() == REDIRECT_URI
    query = parse_qs(location.query)
    assert query["error"] == [error]
    assert query.get("state") == (None if "state" in changed else [STATE])


def test_a_parameter_given_twice_is_refused(wire: Wire) -> None:
    assert wire.get(wire.auth_url() + "&state=another").status_code == 400


def test_the_url_that_clients_built_themselves(wire: Wire) -> None:
    url = changed_query(
        wire.base_url + "/oauth2/auth",
        client_id=APPLICATION_ID,
        response_type="code",
        scope=f"openid {SCOPE}",
        redirect_uri=REDIRECT_URI,
        state="mine",
        login_hint=EVEN,
    )
    assert wire.arrive(url)["state"] == "mine"
    blocked = wire.arrive(changed_query(url, login_hint="+447700900123"))
    assert blocked == {"error": "unauthorized_client", "state": "mine"}


def test_redirects_set_no_cookie_and_tell_nobody(wire: Wire) -> None:
    hop = wire.get(wire.auth_url())
    for answer in (hop, wire.get(hop.headers["Location"])):
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_the_hop_serves_once_and_in_time(wire: Wire) -> None:
    used = wire.get(wire.auth_url()).headers["Location"]
    assert wire.get(used).status_code == 302
    late = wire.get(wire.auth_url()).headers["Location"]
    wire.clock.now += 60
    for location in (
        used,
        late,
        "/oauth2/auth/operator",
        "/oauth2/auth/operator?ticket=x&ticket=y",
    ):
        answer = wire.get(location)
        assert answer.status_code == 400
        assert "Location" not in answer.headers


def test_a_redirect_uri_with_a_query_keeps_it(private_keys: tuple[str, str]) -> None:
    from numverify.virtual_operator.keys import public_pem

    from .wire import Clock

    clock = Clock()
    operator = VirtualOperator(
        application_id=APPLICATION_ID,
        public_keys=[public_pem(private_keys[0])],
        redirect_uri="http://backend.example/callback?tenant=7",
        clock=clock,
    )
    with serve(operator) as running:
        wire = Wire(running.base_url, private_keys[0], clock)
        with wire.session:
            hop = wire.get(wire.auth_url()).headers["Location"]
            location = wire.get(hop).headers["Location"]
    assert location.startswith("http://backend.example/callback?tenant=7&code=")


@pytest.mark.parametrize("uri", ["", "/callback", "http://x/callback#fragment"])
def test_a_redirect_uri_must_be_absolute(private_keys: tuple[str, str], uri: str) -> None:
    from numverify.virtual_operator.keys import public_pem

    with pytest.raises(ValueError, match="redirect URI"):
        VirtualOperator(
            application_id="x", public_keys=[public_pem(private_keys[0])], redirect_uri=uri
        )


# -- token --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"code": None}, "invalid_request"),
        ({"code": ""}, "invalid_request"),
        ({"code": "guess"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"redirect_uri": REDIRECT_URI + "/"}, "invalid_grant"),
        ({"redirect_uri": REDIRECT_URI.replace("http:", "https:")}, "invalid_grant"),
    ],
)
def test_token_refuses_bad_fields(wire: Wire, changed: dict[str, Any], error: str) -> None:
    answer = wire.exchange(**{"code": wire.code(), **changed})
    assert is_oauth(answer, 400, error)


def test_a_wrong_redirect_uri_spends_the_code(wire: Wire) -> None:
    code = wire.code()
    assert not wire.exchange(code, redirect_uri="https://evil.example/").ok
    assert is_oauth(wire.exchange(code), 400, "invalid_grant")


@pytest.mark.parametrize(
    ("more", "content_type"),
    [
        ("", "application/json"),
        ("", ""),
        ("&code=another", FORM),
        ("&more=%C3%A9&\u00e9=1", FORM),
        ("&novalue", FORM),
        ("".join(f"&a{n}=1" for n in range(30)), FORM),
    ],
)
def test_token_refuses_bad_forms(wire: Wire, more: str, content_type: str) -> None:
    form = {"grant_type": "authorization_code", "code": "x", "redirect_uri": REDIRECT_URI}
    data = (urlencode(form) + more).encode()
    headers = {**wire.bearer(), "Content-Type": content_type}
    assert is_oauth(wire.post(TOKEN, data=data, headers=headers), 400, "invalid_request")
    headers["Content-Type"] = FORM
    good = wire.post(TOKEN, data=urlencode(form), headers=headers)
    assert is_oauth(good, 400, "invalid_grant")


def test_a_code_works_once_and_a_replay_revokes_its_token(wire: Wire) -> None:
    code = wire.code()
    token = wire.exchange(code).json()["access_token"]
    assert is_oauth(wire.exchange(code), 400, "invalid_grant")
    assert is_camara(wire.verify(token, {"phoneNumber": EVEN}), 401, "UNAUTHENTICATED")


def test_a_code_expires(wire: Wire) -> None:
    early, late = wire.code(), wire.code()
    wire.clock.now += 59
    assert wire.exchange(early).ok
    wire.clock.now += 1
    assert is_oauth(wire.exchange(late), 400, "invalid_grant")


def twenty(do: Any) -> list[int]:
    barrier = threading.Barrier(20)

    def one(_: int) -> int:
        barrier.wait(10)
        return int(do())

    with ThreadPoolExecutor(20) as pool:
        return sorted(pool.map(one, range(20)))


def test_twenty_threads_exchange_a_code_once(wire: Wire, operator: VirtualOperator) -> None:
    code, headers = wire.code(), wire.bearer()
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
    statuses = twenty(
        lambda: (
            requests.post(wire.base_url + TOKEN, data=form, headers=headers, timeout=10).status_code
        )
    )
    assert statuses == [200] + [400] * 19
    assert operator.counts["token"] == 20


# -- verify -------------------------------------------------------------------------


def test_twenty_threads_spend_a_token_once(wire: Wire) -> None:
    headers, body = wire.bearer(wire.token()), {"phoneNumber": EVEN}
    statuses = twenty(
        lambda: (
            requests.post(
                wire.base_url + VERIFY, json=body, headers=headers, timeout=10
            ).status_code
        )
    )
    assert statuses == [200] + [401] * 19


@pytest.mark.parametrize("token", ["", "guess"])
def test_verify_needs_an_access_token(wire: Wire, token: str) -> None:
    answer = wire.verify(token, {"phoneNumber": EVEN})
    assert is_camara(answer, 401, "UNAUTHENTICATED")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_the_application_jwt_is_no_access_token(wire: Wire) -> None:
    assert is_camara(wire.verify(wire.jwt(), {"phoneNumber": EVEN}), 401, "UNAUTHENTICATED")


def test_a_token_expires(wire: Wire) -> None:
    early, late = wire.token(), wire.token()
    wire.clock.now += 29 * 60 - 1
    assert wire.verify(early, {"phoneNumber": EVEN}).ok
    wire.clock.now += 1
    assert is_camara(wire.verify(late, {"phoneNumber": EVEN}), 401, "UNAUTHENTICATED")


HASHED = hashlib.sha256(EVEN.encode()).hexdigest()


@pytest.mark.parametrize("value", [HASHED, HASHED.upper()])
def test_a_hashed_number(wire: Wire, value: str) -> None:
    answer = wire.verify(wire.token(), {"hashedPhoneNumber": value})
    assert answer.json() == {"devicePhoneNumberVerified": True}


@pytest.mark.parametrize(
    "body",
    [
        {"phoneNumber": "+99012345670"},
        {"hashedPhoneNumber": hashlib.sha256(b"+99012345670").hexdigest()},
        {"hashedPhoneNumber": hashlib.sha256(b"99012345678").hexdigest()},
    ],
)
def test_the_code_of_another_number_does_not_verify(wire: Wire, body: dict[str, str]) -> None:
    assert wire.verify(wire.token(EVEN), body).json() == {"devicePhoneNumberVerified": False}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"phoneNumber": EVEN, "hashedPhoneNumber": HASHED},
        {"phoneNumber": EVEN, "more": 1},
        {"phone_number": EVEN},
        {"phoneNumber": EVEN[1:]},
        {"phoneNumber": None},
        {"phoneNumber": [EVEN]},
        {"hashedPhoneNumber": HASHED[:-1]},
        {"hashedPhoneNumber": "g" * 64},
        {"hashedPhoneNumber": 7},
        [EVEN],
        EVEN,
    ],
)
def test_verify_refuses_bad_bodies_and_spends_the_token(wire: Wire, body: Any) -> None:
    token = wire.token()
    assert is_camara(wire.verify(token, body), 400, "INVALID_ARGUMENT")
    assert is_camara(wire.verify(token, {"phoneNumber": EVEN}), 401, "UNAUTHENTICATED")


def test_verify_needs_a_json_content_type(wire: Wire) -> None:
    answer = wire.verify(wire.token(), {"phoneNumber": EVEN}, **{"Content-Type": "text/plain"})
    assert is_camara(answer, 400, "INVALID_ARGUMENT")


def test_the_correlator_is_echoed_by_every_answer(wire: Wire) -> None:
    header = {"x-correlator": "b4333c46-49c0-4f62-80d7-f0ef930f1c46"}
    answers = [
        wire.enable(headers=header),
        wire.enable(headers={**header, "Authorization": ""}),
        wire.exchange(wire.code(), headers=header),
        wire.verify(wire.token(), {"phoneNumber": EVEN}, **header),
        wire.verify("guess", {"phoneNumber": EVEN}, **header),
    ]
    assert [answer.headers["x-correlator"] for answer in answers] == [*header.values()] * 5
    assert "x-correlator" not in wire.enable().headers


@pytest.mark.parametrize("value", ["a b", "\xe9", "x" * 257, "<script>()"])
def test_a_bad_correlator_is_refused_and_not_echoed(wire: Wire, value: str) -> None:
    token = wire.token()
    answer = wire.verify(token, {"phoneNumber": EVEN}, **{"x-correlator": value})
    assert is_camara(answer, 400, "INVALID_ARGUMENT")
    assert "x-correlator" not in answer.headers
    assert wire.verify(token, {"phoneNumber": EVEN}).ok


# -- everything else ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", ENABLEMENT, "POST"),
        ("PUT", TOKEN, "POST"),
        ("DELETE", VERIFY, "POST"),
        ("POST", "/oauth2/auth", "GET"),
        ("HEAD", "/oauth2/auth", "GET"),
        ("HEAD", "/oauth2/auth/operator", "GET"),
        ("POST", "/", "GET"),
        ("OPTIONS", "/virtual-operator/counts", "GET"),
    ],
)
def test_other_methods(
    wire: Wire, operator: VirtualOperator, method: str, path: str, allow: str
) -> None:
    answer = wire.session.request(method, wire.base_url + path, timeout=10)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == allow
    assert operator.counts.total() == 0


def test_unknown_paths(wire: Wire) -> None:
    for path in ("/oauth2/token/", "/v0.1", "/oauth2", "/OAUTH2/token"):
        assert is_problem(wire.get(path), 404)


def test_the_index_lists_the_numbers(wire: Wire) -> None:
    answer = wire.get("/")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert "+9909114403" in answer.text


def test_counts_over_http(wire: Wire) -> None:
    wire.verify(wire.token(), {"phoneNumber": EVEN})
    counts = wire.get("/virtual-operator/counts").json()
    assert {name: counts[name] for name in ("enablement", "auth", "token", "verify")} == {
        "enablement": 1,
        "auth": 1,
        "token": 1,
        "verify": 1,
    }
    assert counts["connections"] == 1


def test_the_auth_url_follows_a_sane_host_header_only(wire: Wire) -> None:
    def base(host: str) -> str:
        entry = wire.enable(headers={"Host": host}).json()["scopes"][SCOPE]
        return str(entry["auth_url"]).partition("/oauth2")[0]

    assert base("operator.example:4000") == "http://operator.example:4000"
    assert base("[::1]:4000") == "http://[::1]:4000"
    for strange in ("user@evil.example", "a/b", "a b", "x:y"):
        assert base(strange) == wire.base_url


def test_served_tells_who_asked_what_with_which_token(
    wire: Wire, operator: VirtualOperator
) -> None:
    phones = [f"+9901234{n:04}" for n in range(0, 40, 2)]
    tokens = {phone: wire.token(phone) for phone in phones}
    for phone, token in tokens.items():
        wire.verify(token, {"phoneNumber": phone})
    verified = [record for record in operator.served if record.call == "verify"]
    assert [(r.phone, r.sim, r.token, r.status) for r in verified] == [
        (phone, phone, token, 200) for phone, token in tokens.items()
    ]
    secrets = {*phones, *tokens.values(), *(record.code for record in operator.served)} - {""}
    assert not any(secret in repr(operator.served) for secret in secrets)


def test_reset_forgets_everything(wire: Wire, operator: VirtualOperator) -> None:
    code, token = wire.code(), wire.token()
    operator.reset()
    assert operator.served == []
    assert operator.counts.total() == operator.connections == 0
    assert not wire.exchange(code).ok
    assert not wire.verify(token, {"phoneNumber": EVEN}).ok


def test_nothing_is_logged(wire: Wire, caplog: pytest.LogCaptureFixture, capfd: Any) -> None:
    with caplog.at_level("DEBUG", logger="numverify"):
        wire.verify(wire.token(), {"phoneNumber": EVEN})
        wire.exchange("guess")
    assert [record for record in caplog.records if record.name.startswith("numverify")] == []
    assert capfd.readouterr() == ("", "")
