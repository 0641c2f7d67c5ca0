"""Three error dialects and one closed list of reasons.

Network Enablement speaks RFC 7807, the token endpoint RFC 6749, the verification
CAMARA. Nothing of an error's text is kept: words are looked up, the rest is dropped.
"""

from __future__ import annotations

from typing import Any

from ...exceptions import Reason
from ..transport import Answer
from .results import decode

_BY_STATUS = {
    400: Reason.REQUEST,
    401: Reason.CREDENTIALS,
    402: Reason.BALANCE,
    403: Reason.FORBIDDEN,
    429: Reason.RATE_LIMITED,
}
# RFC 6749, 5.2.
_TOKEN_ERRORS = {
    "invalid_grant": Reason.CODE_REJECTED,
    "invalid_client": Reason.CREDENTIALS,
    "unauthorized_client": Reason.FORBIDDEN,
    "invalid_request": Reason.REQUEST,
    "invalid_scope": Reason.REQUEST,
    "unsupported_grant_type": Reason.REQUEST,
}
# CAMARA NumberVerification, v0.3.1 to r3.2; newer codes have no prefix.
_VERIFY_ERRORS = {
    "USER_NOT_AUTHENTICATED_BY_MOBILE_NETWORK": Reason.NOT_MOBILE_NETWORK,
    "INVALID_TOKEN_CONTEXT": Reason.TOKEN_REJECTED,
    "PERMISSION_DENIED": Reason.FORBIDDEN,
}
# RFC 6749, 4.1.2.1: what comes back to the callback instead of a code.
_AUTHORIZATION_ERRORS = {
    "access_denied": Reason.ACCESS_DENIED,
    "server_error": Reason.OPERATOR_ERROR,
    "temporarily_unavailable": Reason.OPERATOR_UNAVAILABLE,
    "invalid_request": Reason.REQUEST,
    "invalid_scope": Reason.REQUEST,
    "unauthorized_client": Reason.FORBIDDEN,
}


def enablement_error(answer: Answer) -> Reason:
    """Why Network Enablement did not answer 200. Its problem documents add nothing."""
    return _by_status(answer.status)


def token_error(answer: Answer) -> Reason:
    """Why the code was not exchanged."""
    if answer.status == 400:  # noqa: PLR2004
        return _word(_TOKEN_ERRORS, answer, "error") or Reason.REQUEST
    return _by_status(answer.status)


def verify_error(answer: Answer) -> Reason:
    """Why the number was not compared."""
    if answer.status == 401:  # noqa: PLR2004
        return Reason.TOKEN_REJECTED
    if answer.status == 403:  # noqa: PLR2004
        return _word(_VERIFY_ERRORS, answer, "code") or Reason.FORBIDDEN
    return _by_status(answer.status)


def authorization_error(word: str) -> Reason:
    """Why the operator sent the phone back without a code."""
    return _AUTHORIZATION_ERRORS.get(word, Reason.UNKNOWN)


def _by_status(status: int) -> Reason:
    if status >= 500:  # noqa: PLR2004
        return Reason.UPSTREAM_ERROR
    if status < 400:  # noqa: PLR2004 - a redirect, or a success that is not documented
        return Reason.BAD_UPSTREAM
    return _BY_STATUS.get(status, Reason.UNKNOWN)


def _word(table: dict[str, Reason], answer: Answer, key: str) -> Reason | None:
    word: Any = (decode(answer.body) or {}).get(key)
    if not isinstance(word, str):
        return None
    return table.get(word.removeprefix("NUMBER_VERIFICATION."))
