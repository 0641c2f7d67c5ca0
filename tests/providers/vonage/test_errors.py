"""Three dialects to one list of reasons."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from numverify.exceptions import Reason
from numverify.providers.transport import Answer
from numverify.providers.vonage.errors import (
    authorization_error,
    enablement_error,
    token_error,
    verify_error,
)

Dialect = Callable[[Answer], Reason]


@pytest.mark.parametrize("dialect", [enablement_error, token_error, verify_error])
@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (201, Reason.BAD_UPSTREAM),
        (204, Reason.BAD_UPSTREAM),
        (302, Reason.BAD_UPSTREAM),
        (400, Reason.REQUEST),
        (402, Reason.BALANCE),
        (403, Reason.FORBIDDEN),
        (404, Reason.UNKNOWN),
        (418, Reason.UNKNOWN),
        (429, Reason.RATE_LIMITED),
        (500, Reason.UPSTREAM_ERROR),
        (503, Reason.UPSTREAM_ERROR),
        (504, Reason.UPSTREAM_ERROR),
        (599, Reason.UPSTREAM_ERROR),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>", b'{"error": 1, "code": []}', b"[]"])
def test_what_all_have_in_common(
    dialect: Dialect, status: int, reason: Reason, body: bytes
) -> None:
    assert dialect(Answer(status, body)) is reason


def test_unauthorized_means_another_credential_for_each_call() -> None:
    assert enablement_error(Answer(401, b"")) is Reason.CREDENTIALS
    assert token_error(Answer(401, b"")) is Reason.CREDENTIALS
    assert verify_error(Answer(401, b"")) is Reason.TOKEN_REJECTED


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("invalid_grant", Reason.CODE_REJECTED),
        ("invalid_client", Reason.CREDENTIALS),
        ("unauthorized_client", Reason.FORBIDDEN),
        ("invalid_request", Reason.REQUEST),
        ("invalid_scope", Reason.REQUEST),
        ("unsupported_grant_type", Reason.REQUEST),
        ("something_new", Reason.REQUEST),
        (None, Reason.REQUEST),
        (["invalid_grant"], Reason.REQUEST),
    ],
)
def test_the_token_endpoint(word: Any, reason: Reason) -> None:
    assert token_error(Answer(400, json.dumps({"error": word}).encode())) is reason


@pytest.mark.parametrize("prefix", ["", "NUMBER_VERIFICATION."])
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("USER_NOT_AUTHENTICATED_BY_MOBILE_NETWORK", Reason.NOT_MOBILE_NETWORK),
        ("INVALID_TOKEN_CONTEXT", Reason.TOKEN_REJECTED),
        ("PERMISSION_DENIED", Reason.FORBIDDEN),
        ("SOMETHING_NEW", Reason.FORBIDDEN),
    ],
)
def test_camara(prefix: str, code: str, reason: Reason) -> None:
    body = json.dumps({"status": 403, "code": prefix + code, "message": "x"}).encode()
    assert verify_error(Answer(403, body)) is reason


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("access_denied", Reason.ACCESS_DENIED),
        ("server_error", Reason.OPERATOR_ERROR),
        ("temporarily_unavailable", Reason.OPERATOR_UNAVAILABLE),
        ("invalid_request", Reason.REQUEST),
        ("invalid_scope", Reason.REQUEST),
        ("unauthorized_client", Reason.FORBIDDEN),
        ("unsupported_response_type", Reason.UNKNOWN),
        ("<script>", Reason.UNKNOWN),
        ("", Reason.UNKNOWN),
    ],
)
def test_the_authorization_response(word: str, reason: Reason) -> None:
    assert authorization_error(word) is reason
