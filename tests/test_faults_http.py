"""Whatever the network does, and whatever a client sends: a documented answer, never a 500."""

from __future__ import annotations

import json
import random
import string
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
import requests
from django.test import Client

from numverify.defaults import DEFAULT_LIMITS
from numverify.models import VerificationAttempt
from numverify.virtual_operator.keys import new_private_key, public_pem
from numverify.virtual_operator.rules import FAULTS, Call, fault_number
from numverify.virtual_operator.server import RunningServer, VirtualOperator, serve
from tests.fakes import Script, no_answer
from tests.views.clients import PHONE, Browser, post_json, program

APPLICATION_ID = str(uuid.uuid4())
REDIRECT_URI = "http://testserver/callback"
REQUESTS = 2_000
NEVER_BACK = {fault_number(Call.AUTH, 1), fault_number(Call.AUTH, 404)}

# Call: {code: (HTTP status, reason)}; the codes below 100 are faults that no status names.
_ONCE_SENT = {
    1: (504, "outcome_unknown"),
    2: (504, "outcome_unknown"),
    3: (504, "outcome_unknown"),
    4: (502, "bad_upstream"),
    5: (502, "bad_upstream"),
    6: (502, "bad_upstream"),
    7: (502, "bad_upstream"),
    8: (504, "outcome_unknown"),
    9: (502, "bad_upstream"),
}
ENDINGS: dict[Call, dict[int, tuple[int, str]]] = {
    Call.ENABLEMENT: {
        **_ONCE_SENT,
        1: (504, "upstream_timeout"),
        2: (504, "upstream_timeout"),
        3: (504, "upstream_timeout"),
        8: (503, "upstream_unreachable"),
        200: (503, "not_supported"),
        400: (503, "request"),
        401: (503, "credentials"),
        402: (503, "balance"),
        403: (503, "forbidden"),
        429: (503, "rate_limited"),
        500: (503, "upstream_error"),
        503: (503, "upstream_error"),
    },
    Call.AUTH: {
        10: (200, "number_mismatch"),
        11: (400, ""),
        403: (403, "access_denied"),
        503: (503, "operator_unavailable"),
    },
    Call.TOKEN: {
        **_ONCE_SENT,
        400: (502, "code_rejected"),
        401: (503, "credentials"),
        429: (503, "rate_limited"),
        500: (503, "upstream_error"),
        503: (503, "upstream_error"),
    },
    Call.VERIFY: {
        **_ONCE_SENT,
        10: (502, "token_rejected"),
        11: (503, "forbidden"),
        400: (503, "request"),
        401: (502, "token_rejected"),
        403: (403, "not_mobile_network"),
        429: (503, "rate_limited"),
        500: (503, "upstream_error"),
        503: (503, "upstream_error"),
        504: (503, "upstream_error"),
    },
}
TABLE = {
    fault_number(call, code): ending
    for call, row in ENDINGS.items()
    for code, ending in row.items()
}
PLAIN = {
    "+99012345678": (200, ""),
    "+9902345601": (200, "number_mismatch"),
    "+99012345699": (502, "operator_error"),
    "+33612345678": (503, "not_supported"),
}


@pytest.fixture(scope="module")
def private_key() -> str:
    return new_private_key()


@pytest.fixture(scope="module")
def served(private_key: str) -> Iterator[RunningServer]:
    operator = VirtualOperator(
        application_id=APPLICATION_ID,
        public_keys=[public_pem(private_key)],
        redirect_uri=REDIRECT_URI,
        drip_seconds=0.3,
    )
    with serve(operator) as running:
        yield running


@pytest.fixture
def operator(served: RunningServer, private_key: str, configure: Any) -> VirtualOperator:
    served.operator.reset()
    configure(
        VONAGE_APPLICATION_ID=APPLICATION_ID,
        VONAGE_PRIVATE_KEY=private_key,
        VONAGE_API_BASE_URL=served.base_url,
        ALLOW_ANONYMOUS_START=True,
        BREAKER_FAILURES=0,
        CALL_TIMEOUT=0.5,
        READ_TIMEOUT=0.5,
        LIMITS=dict.fromkeys(DEFAULT_LIMITS),
    )
    return served.operator


def verify(client: Client, number: str) -> Any:
    """Begin, play the phone, and return the last answer of the site."""
    response = post_json(client, "/login", {"phone": number})
    if response.status_code != 200:
        return response
    with requests.Session() as phone:
        phone.trust_env = False
        url = response.json()["auth_url"]
        while not url.startswith(REDIRECT_URI):
            url = phone.get(url, allow_redirects=False, timeout=20).headers["Location"]
    return client.get(url.removeprefix("http://testserver"))


def test_every_fault_has_its_row() -> None:
    assert TABLE.keys() | NEVER_BACK == FAULTS.keys()


@pytest.mark.django_db
@pytest.mark.parametrize(("number", "ending"), [*TABLE.items(), *PLAIN.items()])
def test_each_number_ends_as_documented(
    operator: VirtualOperator, number: str, ending: tuple[int, str]
) -> None:
    status, reason = ending
    response = verify(program(), number)
    attempt = VerificationAttempt.objects.get()
    assert (response.status_code, attempt.reason) == (status, reason)
    assert (attempt.status == "awaiting_completion") is (number == PHONE)
    if reason == "rate_limited":
        assert response["Retry-After"] == "7"
    if status >= 400:
        assert set(response.json()) == {"error", "detail"}
    # Code and token are single-use: nothing is sent twice, nothing is sent on.
    counts = operator.counts
    assert counts["token"] <= 1
    assert counts["verify"] <= 1
    assert counts["elsewhere"] == 0


@pytest.mark.django_db
@pytest.mark.parametrize("number", sorted(NEVER_BACK))
def test_a_phone_that_never_comes_back(operator: VirtualOperator, number: str) -> None:
    response = post_json(program(), "/login", {"phone": number})
    assert response.status_code == 200
    assert VerificationAttempt.objects.get().status == "pending"


# -- fuzz -------------------------------------------------------------------------------

HOSTILE = [
    b"", b"\x00", b"\xff\xfe", "\U0001f600".encode(), b"\xed\xa0\x80", b"'\";--", b"<script>",
    b"\r\nSet-Cookie: a=b", b"%s%n{0}{{x}}", b"../../etc", b"A" * 9000, b"+990",
    b"-1", b"1e999", b"null", b"access_denied", b"abc", b"text/html", b"*/*;q=nan", b"=;,",
]  # fmt: skip
NAMES = ["state", "code", "error", "error_description", "phone", "next", "purpose", "binding", ""]
HEADERS = [
    "accept", "origin", "referer", "sec-fetch-dest", "sec-purpose", "x-csrftoken", "user-agent",
    "x-forwarded-for", "accept-language", "numverify-attempt-secret", "cookie",
]  # fmt: skip
TYPES = [
    "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
    "multipart/form-data", "text/plain", "application/json; charset=utf-16", "", "a/b; charset=x",
]  # fmt: skip
METHODS = ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"]
TARGETS = [("GET", "/callback"), ("POST", "/login")]


class Fuzzer:
    """Requests at callback and login, from nearly right to rubbish, the same each time."""

    def __init__(self, seed: int, script: Script) -> None:
        self.random = random.Random(seed)
        self.script = script

    def value(self) -> bytes:
        noise = "".join(self.random.choices(string.printable, k=self.random.randrange(60)))
        return self.random.choice([*HOSTILE, noise.encode()])

    def pairs(self) -> list[tuple[str, bytes]]:
        state = self.script.last_state.encode() if self.script.started else b"A" * 20
        if self.random.random() < 0.2:
            return [("state", state), ("code", b"abc")]
        names = self.random.choices(NAMES, k=self.random.randrange(5))
        # Only there: a state in another place would be the client's own leak.
        known = {"state": state} if self.random.random() < 0.7 else {}
        return [(name, known.get(name) or self.value()) for name in names]

    def query(self) -> str:
        return "&".join(f"{name}={quote_from_bytes(value)}" for name, value in self.pairs())

    def body(self) -> bytes:
        kind = self.random.randrange(5)
        if kind == 0:
            return self.value()
        if kind == 1:
            return f"csrfmiddlewaretoken={'t' * 32}&phone=%2B{PHONE[1:]}&{self.query()}".encode()
        fields: dict[str, Any] = {name: value.decode("latin-1") for name, value in self.pairs()}
        if kind == 2:
            fields[self.random.choice(NAMES)] = self.random.choice([1, None, [], {}, True, 1.5])
        if kind != 4:
            fields["phone"] = PHONE
        return json.dumps(fields).encode()

    def headers(self) -> dict[str, str]:
        names = self.random.sample(HEADERS, self.random.randrange(3))
        return {name: self.value().decode("latin-1") for name in names}

    def send(self, client: Client) -> Any:
        method, path = self.random.choice(TARGETS)
        if self.random.random() < 0.1:
            method = self.random.choice(METHODS)
        return client.generic(
            method,
            f"{path}?{self.query()}",
            self.body(),
            content_type=self.random.choice(TYPES),
            headers=self.headers(),
        )


@pytest.mark.slow
@pytest.mark.django_db
def test_nothing_a_client_sends_is_a_500(script: Script, configure: Any) -> None:
    configure(LIMITS=dict.fromkeys(DEFAULT_LIMITS))
    fuzzer = Fuzzer(20261123, script)
    seen: dict[int, int] = {}
    answers: list[bool | Exception] = [True, False, no_answer()]
    for number in range(REQUESTS):
        script.verified = answers[number % 3]
        client = Browser().client if number % 2 else program()
        client.raise_request_exception = False
        response = fuzzer.send(client)
        seen[response.status_code] = seen.get(response.status_code, 0) + 1
        assert response.status_code < 500 or response.status_code in {502, 503, 504}, number
    # It reached what it was to reach: starts, claims, and most of the refusals.
    assert {200, 303, 400, 403, 405, 413, 415} <= seen.keys(), seen
    assert script.started
    assert script.finished
