"""Every fault number, over real HTTP."""

from __future__ import annotations

import json
import re
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from numverify.virtual_operator.rules import FAULTS, Call, Fault, Kind
from numverify.virtual_operator.server import VirtualOperator

from .wire import ENABLEMENT, REDIRECT_URI, SCOPE, STATE, TOKEN, VERIFY, Wire

PATHS = {Call.ENABLEMENT: ENABLEMENT, Call.TOKEN: TOKEN, Call.VERIFY: VERIFY}
ORDER = list(Call)


def of_kind(kind: Kind) -> list[Any]:
    return [
        pytest.param(number, played.fault, id=number)
        for number, played in FAULTS.items()
        if played.fault and played.fault.kind is kind and played.fault.call in PATHS
    ]


def request_to(wire: Wire, number: str, call: Call) -> dict[str, Any]:
    """What ``requests`` needs for the call that goes wrong; the ones before go right."""
    if call is Call.ENABLEMENT:
        content = {"phone_number": number, "scopes": [SCOPE], "state": STATE}
        return {"json": content, "headers": wire.bearer()}
    if call is Call.TOKEN:
        form = {"grant_type": "authorization_code", "redirect_uri": REDIRECT_URI}
        return {"data": {**form, "code": wire.code(number)}, "headers": wire.bearer()}
    return {"json": {"phoneNumber": number}, "headers": wire.bearer(wire.token(number))}


def call_it(wire: Wire, number: str, call: Call, **options: Any) -> requests.Response:
    url = wire.base_url + PATHS[call]
    options = {**request_to(wire, number, call), "timeout": 10, **options}
    return requests.post(url, allow_redirects=False, **options)


def raw(wire: Wire, number: str, call: Call) -> socket.socket:
    """A socket on which the request has been sent."""
    prepared = requests.Request(
        "POST", wire.base_url + PATHS[call], **request_to(wire, number, call)
    ).prepare()
    head = "".join(f"{name}: {value}\r\n" for name, value in prepared.headers.items())
    body = prepared.body or b""
    body = body.encode() if isinstance(body, str) else body
    parts = urlsplit(wire.base_url)
    assert parts.hostname
    assert parts.port
    client = socket.create_connection((parts.hostname, parts.port), timeout=20)
    client.sendall(f"POST {PATHS[call]} HTTP/1.1\r\nHost: x\r\n{head}\r\n".encode() + body)
    return client


def is_whole(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: ([0-9]+)\r", head + b"\r")
    return length is not None and len(body) == int(length[1])


def chunks(client: socket.socket) -> list[bytes]:
    """What each ``recv`` brought, until the answer is whole."""
    got: list[bytes] = []
    while not is_whole(b"".join(got)):
        got.append(client.recv(65536))
        assert got[-1], "closed too early"
    return got


@pytest.mark.parametrize(("number", "fault"), of_kind(Kind.STATUS))
def test_statuses_in_their_dialects(wire: Wire, number: str, fault: Fault) -> None:
    answer = call_it(wire, number, fault.call)
    content = answer.json()
    assert answer.status_code == fault.status
    assert answer.headers.get("Retry-After") == ("7" if fault.status == 429 else None)
    assert number not in answer.text
    if fault.call is Call.ENABLEMENT:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert content.keys() == {"type", "title", "detail", "instance"}
    elif fault.call is Call.TOKEN:
        assert content.keys() == {"error", "error_description"}
        assert content["error"] == fault.word
    else:
        assert (content["status"], content["code"]) == (fault.status, fault.word)
        assert content["message"]


def test_the_words_that_callers_depend_on(wire: Wire) -> None:
    assert call_it(wire, "+9909113400", Call.TOKEN).json()["error"] == "invalid_grant"
    no_mobile_data = call_it(wire, "+9909114403", Call.VERIFY).json()
    assert no_mobile_data["code"] == (
        "NUMBER_VERIFICATION.USER_NOT_AUTHENTICATED_BY_MOBILE_NETWORK"
    )
    assert call_it(wire, "+9909111402", Call.ENABLEMENT).json()["title"] == "Payment Required"


def test_an_unsupported_operator(wire: Wire) -> None:
    answer = wire.enable("+9909111200")
    assert answer.status_code == 200
    error = answer.json()["scopes"][SCOPE]["error"]
    assert error["title"] == "Forbidden"
    assert "does not support" in error["detail"]


@pytest.mark.parametrize(
    ("number", "error"),
    [("+9909112403", "access_denied"), ("+9909112503", "temporarily_unavailable")],
)
def test_error_redirects(wire: Wire, number: str, error: str) -> None:
    back = wire.arrive(wire.auth_url(number))
    assert (back["error"], back["state"]) == (error, STATE)
    assert "code" not in back


def test_an_error_redirect_without_state(wire: Wire) -> None:
    back = wire.arrive(wire.auth_url("+9909112011"))
    assert back.keys() == {"error", "error_description"}
    assert back["error"] == "server_error"


def test_a_sim_that_is_not_recognised(wire: Wire) -> None:
    hop = wire.get(wire.auth_url("+9909112404"))
    answer = wire.get(hop.headers["Location"])
    assert answer.status_code == 404
    assert "Location" not in answer.headers


def test_a_stall_at_the_phone(wire: Wire, operator: VirtualOperator) -> None:
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(wire.auth_url("+9909112001"), timeout=0.2, allow_redirects=False)
    assert operator.counts["auth"] == 1


def test_the_sim_of_somebody_else(wire: Wire) -> None:
    number = "+9909112010"
    answer = wire.verify(wire.token(number), {"phoneNumber": number})
    assert answer.json() == {"devicePhoneNumberVerified": False}


@pytest.mark.parametrize(("number", "fault"), of_kind(Kind.STALL))
def test_stalls(wire: Wire, operator: VirtualOperator, number: str, fault: Fault) -> None:
    with pytest.raises(requests.exceptions.ReadTimeout):
        call_it(wire, number, fault.call, timeout=0.2)
    assert operator.counts[fault.call] == 1
    assert operator.served[-1].call == fault.call


@pytest.mark.parametrize(("number", "fault"), of_kind(Kind.DRIP_HEADERS))
def test_headers_drip(wire: Wire, number: str, fault: Fault) -> None:
    with raw(wire, number, fault.call) as client:
        got = chunks(client)
    assert b"".join(got).startswith(b"HTTP/1.1 200 OK\r\n")
    assert len(got) > 20
    assert len(got[0]) < 20


@pytest.mark.parametrize(("number", "fault"), of_kind(Kind.DRIP_BODY))
def test_body_drips(wire: Wire, number: str, fault: Fault) -> None:
    with raw(wire, number, fault.call) as client:
        got = chunks(client)
    assert b"\r\n\r\n" in got[0]
    assert len(got) > 5


@pytest.mark.parametrize(("number", "fault"), of_kind(Kind.MALFORMED))
def test_malformed(wire: Wire, number: str, fault: Fault) -> None:
    answer = call_it(wire, number, fault.call)
    assert answer.status_code == 200
    with pytest.raises(ValueError):
        json.loads(answer.text)


@pytest.mark.parametrize(("number", "fault"), of_kind(Kind.OVERSIZED))
def test_oversized(wire: Wire, number: str, fault: Fault) -> None:
    answer = call_it(wire, number, fault.call)
    assert len(answer.content) > 1024 * 1024
    assert len(answer.json()) >= 2  # right, if somebody read it to its end


def test_wrong_types(wire: Wire) -> None:
    enabled = call_it(wire, "+9909111006", Call.ENABLEMENT).json()
    assert not isinstance(enabled["scopes"][SCOPE]["auth_url"], str)
    token = call_it(wire, "+9909113006", Call.TOKEN).json()
    assert not isinstance(token["access_token"], str)
    verified = call_it(wire, "+9909114006", Call.VERIFY).json()
    assert verified == {"devicePhoneNumberVerified": "true"}


@pytest.mark.parametrize(("number", "fault"), of_kind(Kind.FALSE_LENGTH))
def test_false_length(wire: Wire, number: str, fault: Fault) -> None:
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        call_it(wire, number, fault.call)


@pytest.mark.parametrize(("number", "fault"), of_kind(Kind.RESET))
def test_reset(wire: Wire, operator: VirtualOperator, number: str, fault: Fault) -> None:
    with raw(wire, number, fault.call) as client, pytest.raises(ConnectionResetError):
        client.recv(1)
    assert operator.counts[fault.call] == 1


@pytest.mark.parametrize(("number", "fault"), of_kind(Kind.REDIRECT))
def test_redirect(wire: Wire, operator: VirtualOperator, number: str, fault: Fault) -> None:
    answer = call_it(wire, number, fault.call)
    assert answer.status_code == 307
    assert operator.counts["elsewhere"] == 0
    wire.get(answer.headers["Location"])
    assert operator.counts["elsewhere"] == 1


def test_a_fault_comes_after_the_checks(wire: Wire) -> None:
    assert wire.enable("+9909111500", state="").status_code == 400
    assert wire.exchange(wire.code("+9909113500"), headers={"Authorization": ""}).status_code == 401
    assert wire.verify(wire.token("+9909114500"), {}).status_code == 400


def test_a_fault_spends_code_and_token(wire: Wire) -> None:
    code = wire.code("+9909113500")
    assert [wire.exchange(code).status_code for _ in range(2)] == [500, 400]
    token = wire.token("+9909114503")
    body = {"phoneNumber": "+9909114503"}
    assert [wire.verify(token, body).status_code for _ in range(2)] == [503, 401]


@pytest.mark.parametrize("number", FAULTS)
def test_the_calls_before_a_fault_go_right(wire: Wire, number: str) -> None:
    fault = FAULTS[number].fault
    if FAULTS[number].scope_error or (fault and fault.call is Call.ENABLEMENT):
        return
    assert wire.auth_url(number)
    if fault and ORDER.index(fault.call) > ORDER.index(Call.AUTH):
        assert wire.code(number)
    if fault and fault.call is Call.VERIFY:
        assert wire.token(number)
