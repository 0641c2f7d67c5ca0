"""Bodies: read strictly, and nothing but JSON ``true`` verifies."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numverify.exceptions import Reason
from numverify.providers.vonage.results import (
    SCOPE,
    AccessToken,
    Enabled,
    Verdict,
    access_token,
    decode,
    enabled,
    token_seconds,
    verdict,
)

NAME = "devicePhoneNumberVerified"

NOT_JSON = [
    pytest.param(b"", id="empty"),
    pytest.param(b"<html>", id="HTML"),
    pytest.param(b'{"devicePhoneNumberVerified": true', id="cut"),
    pytest.param(b'{"devicePhoneNumberVerified": true} x', id="more behind"),
    pytest.param(b'\xef\xbb\xbf{"devicePhoneNumberVerified": true}', id="BOM"),
    pytest.param('{"devicePhoneNumberVerified": true}'.encode("utf-16"), id="UTF-16"),
    pytest.param(b'{"devicePhoneNumberVerified": true, "a": "\xff"}', id="not UTF-8"),
    pytest.param(b'{"devicePhoneNumberVerified": true, "a": NaN}', id="NaN"),
    pytest.param(b'{"devicePhoneNumberVerified": true, "a": -Infinity}', id="Infinity"),
    pytest.param(b"[" * 100_000, id="100,000 brackets"),
    pytest.param(b'{"devicePhoneNumberVerified": true, "a":' + b"[" * 60_000, id="deep"),
    pytest.param(
        b'{"devicePhoneNumberVerified": true, "a": ' + b"1" * 5000 + b"}", id="5,000 digits"
    ),
    pytest.param(
        b'{"devicePhoneNumberVerified": true, "devicePhoneNumberVerified": true}', id="repeated"
    ),
    pytest.param(
        b'{"devicePhoneNumberVerified": false, "devicePhoneNumberVerified": true}',
        id="repeated, other value",
    ),
    pytest.param(b'{"devicePhoneNumberVerified": true, "a": {"b": 1, "b": 2}}', id="repeated deep"),
    pytest.param(b'[{"devicePhoneNumberVerified": true}]', id="list"),
    pytest.param(b"true", id="bare true"),
    pytest.param(b"null", id="null"),
]


@pytest.mark.parametrize("body", NOT_JSON)
def test_not_a_json_object(body: bytes) -> None:
    assert decode(body) is None
    for read in (verdict, enabled, lambda body: access_token(body, 60)):
        assert read(body) is Reason.BAD_UPSTREAM


NOT_TRUE: list[Any] = [
    "true", "True", "false", "", 1, 0, 1.0, -1, 1e300, None, [], [True], {}, {"a": True},
    {NAME: True}, "1", "yes", " true", [[True]], "\u0000",
]  # fmt: skip


@pytest.mark.parametrize("value", NOT_TRUE, ids=repr)
def test_what_is_neither_true_nor_false(value: Any) -> None:
    assert verdict(json.dumps({NAME: value}).encode()) is Reason.BAD_UPSTREAM


@pytest.mark.parametrize("key", ["", "verified", "DevicePhoneNumberVerified", NAME + " "])
def test_another_name(key: str) -> None:
    assert verdict(json.dumps({key: True}).encode()) is Reason.BAD_UPSTREAM


@pytest.mark.parametrize("value", [True, False])
def test_the_verdict(value: bool) -> None:
    assert verdict(json.dumps({NAME: value, "more": 1}).encode()) == Verdict(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just(NAME), inner),
    max_leaves=6,
)


@settings(deadline=None, max_examples=60)
@given(JSON)
def test_no_other_json_verifies(value: Any) -> None:
    outcome = verdict(json.dumps(value).encode())
    is_true = isinstance(value, dict) and value.get(NAME) is True and b"NaN" not in _dump(value)
    assert (outcome == Verdict(True)) is (is_true and b"Infinity" not in _dump(value))


def _dump(value: Any) -> bytes:
    # Only the constants: strings are quoted and may hold the words.
    constants: list[str] = []
    json.loads(json.dumps(value), parse_constant=constants.append)
    return " ".join(constants).encode()


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(0, 40), st.binary(max_size=3))
def test_mutations_never_raise(noise: bytes, at: int, put: bytes) -> None:
    good = b'{"devicePhoneNumberVerified": true}'
    for body in (noise, good[:at] + put + good[at:], good[:at] + put + good[at + 1 :]):
        outcome = verdict(body)
        try:
            expected = json.loads(body.decode()) if not body.startswith(b"\xef") else None
        except ValueError:
            expected = None
        if isinstance(outcome, Verdict) and outcome.verified:
            assert expected is not None
            assert expected[NAME] is True


URL = "https://api-eu.vonage.com/oauth2/auth?state=s3cret"


def test_enabled() -> None:
    scope = {"app_url": None, "auth_url": URL, "requires_carrier_network": True, "error": None}
    outcome = enabled(json.dumps({"scopes": {SCOPE: scope}, "more": 1}).encode())
    assert isinstance(outcome, Enabled)
    assert outcome.auth_url.reveal() == URL
    assert "s3cret" not in repr(outcome)


@pytest.mark.parametrize(
    "scopes",
    [
        pytest.param(None, id="null"),
        pytest.param([], id="list"),
        pytest.param({}, id="missing"),
        pytest.param(SCOPE, id="text"),
        pytest.param({"other": {"auth_url": URL}}, id="another"),
        pytest.param({SCOPE: {"auth_url": URL}, "other": {"auth_url": URL}}, id="extra"),
        pytest.param({SCOPE: None}, id="scope null"),
        pytest.param({SCOPE: [{"auth_url": URL}]}, id="scope list"),
        pytest.param({SCOPE: URL}, id="scope text"),
        pytest.param({SCOPE: {}}, id="no auth_url"),
        pytest.param({SCOPE: {"auth_url": None}}, id="auth_url null"),
        pytest.param({SCOPE: {"auth_url": [URL]}}, id="auth_url list"),
        pytest.param({SCOPE: {"auth_url": 1}}, id="auth_url number"),
    ],
)
def test_scopes_that_are_not_as_documented(scopes: Any) -> None:
    assert enabled(json.dumps({"scopes": scopes}).encode()) is Reason.BAD_UPSTREAM


@pytest.mark.parametrize(
    "error", [{"title": "Forbidden", "error_type": "UNAUTHORIZED"}, {}, "forbidden", False]
)
def test_a_scope_that_is_refused(error: Any) -> None:
    body = {"scopes": {SCOPE: {"error": error, "auth_url": URL}}}
    assert enabled(json.dumps(body).encode()) is Reason.NOT_SUPPORTED


def token_body(**fields: Any) -> bytes:
    answer = {"access_token": "s3cret.token-1", "token_type": "bearer", "expires_in": 29}
    return json.dumps({**answer, **fields}).encode()


@pytest.mark.parametrize("kind", ["bearer", "Bearer", "BEARER"])
def test_a_token(kind: str) -> None:
    outcome = access_token(token_body(token_type=kind), 1)
    assert isinstance(outcome, AccessToken)
    assert (outcome.token.reveal(), outcome.seconds) == ("s3cret.token-1", 29)
    assert "s3cret" not in repr(outcome)


@pytest.mark.parametrize("kind", [None, "", "mac", "bearer ", 1, ["bearer"], True])
def test_a_token_of_another_type(kind: Any) -> None:
    assert access_token(token_body(token_type=kind), 60) is Reason.BAD_UPSTREAM


@pytest.mark.parametrize(
    "token",
    [
        None,
        "",
        1,
        ["t"],
        "a b",
        "a\r\nX: y",
        "a\nb",
        "a\x00b",
        "a\x7fb",
        "tökn",
        "\ud800",
        "a" * 20_000,
    ],
)
def test_a_token_that_is_no_header_value(token: Any) -> None:
    assert access_token(token_body(access_token=token), 60) is Reason.BAD_UPSTREAM


@pytest.mark.parametrize(
    ("expires_in", "in_minutes", "in_seconds"),
    [
        (29, 300, 29),
        (1, 60, 1),
        (2.5, 150, 2),
        (0.001, 1, 1),
        (300, 300, 300),
        (1e12, 300, 300),
        (10**400, 300, 300),
        (float("inf"), 300, 300),
        (0, 300, 300),
        (-5, 300, 300),
        (None, 300, 300),
        (True, 300, 300),
        ("29", 300, 300),
        ([29], 300, 300),
    ],
)
def test_how_long_a_token_is_used(expires_in: Any, in_minutes: int, in_seconds: int) -> None:
    assert token_seconds(expires_in, 60) == in_minutes
    assert token_seconds(expires_in, 1) == in_seconds
