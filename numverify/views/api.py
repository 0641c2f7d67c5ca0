"""The JSON face: bodies and status codes."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, JsonResponse

from .. import flow, wording
from ..exceptions import FlowError, Reason
from ..models import Status, VerificationAttempt
from .http import BadRequest

#: Reasons that would tell a stranger which numbers an operator knows (T18).
ENUMERABLE = frozenset(
    {Reason.NOT_SUPPORTED, Reason.FORBIDDEN, Reason.REQUEST, Reason.BALANCE, Reason.CREDENTIALS}
)
# 502, 503 and 504 are for trouble upstream; what concerns the caller is 4xx.
_STATUS: dict[str, int] = {
    Reason.NOT_MOBILE_NETWORK: 403,
    Reason.ACCESS_DENIED: 403,
    Reason.CANCELLED: 409,
    Reason.TOO_MANY_CODES: 403,
    Reason.NO_CALLBACK: 410,
    Reason.NOT_COMPLETED: 410,
    Reason.UPSTREAM_TIMEOUT: 504,
    Reason.OUTCOME_UNKNOWN: 504,
    Reason.ABANDONED: 504,
    Reason.BAD_UPSTREAM: 502,
    Reason.CODE_REJECTED: 502,
    Reason.TOKEN_REJECTED: 502,
    Reason.OPERATOR_ERROR: 502,
    Reason.UNKNOWN: 502,
}


def error(request: HttpRequest, fault: FlowError) -> JsonResponse:  # noqa: ARG001
    detail = getattr(fault, "detail", "") or wording.for_error(fault.code).text
    return _error(fault.code, fault.status, str(detail), fault.retry_after)


def failed(reason: str, *, anonymous: bool, retry_after: int | None = None) -> JsonResponse:
    """The answer to an attempt that could not find out.

    Anonymous callers get one answer, byte for byte, for everything that depends on
    whose number it is.
    """
    if anonymous and reason in ENUMERABLE:
        return _error("not_available", 503, str(wording.for_error("not_available").text))
    detail = str(wording.for_reason(reason).text)
    return _error(reason, _STATUS.get(reason, 503), detail, retry_after)


def _error(code: str, status: int, detail: str, retry_after: int | None = None) -> JsonResponse:
    response = JsonResponse({"error": code, "detail": detail}, status=status)
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def started(begun: flow.Begun, handover_url: str) -> JsonResponse:
    attempt = begun.attempt
    if attempt.status == Status.FAILED:
        return failed(
            attempt.reason, anonymous=attempt.user_id is None, retry_after=begun.retry_after
        )
    body: dict[str, Any] = {
        "id": str(attempt.public_id),
        "status": attempt.status,
        "binding": attempt.binding,
        "auth_url": begun.auth_url,
        "url": begun.auth_url,
        "expires_at": attempt.expires_at.isoformat(),
    }
    if begun.attempt_secret:
        body["attempt_secret"] = begun.attempt_secret
    if handover_url:
        body["handover_url"] = handover_url
    return JsonResponse(body)


def finished(outcome: flow.Finished) -> JsonResponse:
    """The callback's answer; its boolean elevates nothing."""
    attempt = outcome.attempt
    if attempt.status in {Status.FAILED, Status.EXPIRED}:
        return failed(attempt.reason, anonymous=False, retry_after=outcome.retry_after)
    body: dict[str, Any] = {
        "devicePhoneNumberVerified": attempt.result is True,
        "id": str(attempt.public_id),
        "status": attempt.status,
    }
    if outcome.completion_code:
        body["completion_code"] = outcome.completion_code
    return JsonResponse(body)


def attempt(row: VerificationAttempt) -> JsonResponse:
    """The status, for polling; ``result`` is null until the attempt has ended."""
    return JsonResponse(
        {
            "id": str(row.public_id),
            "reference": row.reference_display,
            "status": row.status,
            "purpose": row.purpose,
            "binding": row.binding,
            "result": row.result if row.is_terminal else None,
            "reason": row.reason or None,
            "detail": str(wording.for_attempt(row).text),
            "expires_at": row.expires_at.isoformat(),
        }
    )


def field_error(errors: dict[str, Any]) -> BadRequest:
    """The first fault of a form as a stable code: ``invalid_phone``, ``required`` ..."""
    name, faults = next(iter(errors.items()))
    fault = faults.as_data()[0]
    detail = str(faults[0])
    known = {"phone": fault.code, "next": "invalid_next"}
    return BadRequest(known.get(name) or f"invalid_{name}", detail=detail)
