"""The JSON face: bodies and status codes."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from .. import flow, receipts, wording
from ..exceptions import FlowError, Reason
from ..models import Status, VerificationAttempt
from .http import BadRequest, with_retry_after

# What a stranger reads where the reason would tell which numbers an operator knows (T18).
_NOT_AVAILABLE = "not_available"
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


def error(request: HttpRequest, fault: FlowError) -> HttpResponse:  # noqa: ARG001
    detail = getattr(fault, "detail", "") or wording.for_error(fault.code).text
    return _error(fault.code, fault.status, str(detail), fault.retry_after)


def failed(reason: str, *, anonymous: bool, retry_after: int | None = None) -> HttpResponse:
    """The answer to an attempt that could not find out.

    Anonymous callers get one answer, byte for byte, for everything that depends on
    whose number it is.
    """
    if anonymous and reason in wording.ENUMERABLE:
        return _error(_NOT_AVAILABLE, 503, str(wording.for_error(_NOT_AVAILABLE).text))
    detail = str(wording.for_reason(reason).text)
    return _error(reason, status_of(reason), detail, retry_after)


def status_of(reason: str) -> int:
    return _STATUS.get(reason, 503)


def _error(code: str, status: int, detail: str, retry_after: int | None = None) -> HttpResponse:
    answer = JsonResponse({"error": code, "detail": detail}, status=status)
    return with_retry_after(answer, retry_after)


def started(begun: flow.Begun, handover_url: str) -> HttpResponse:
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


def finished(outcome: flow.Finished) -> HttpResponse:
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


def attempt(row: VerificationAttempt) -> HttpResponse:
    """The status, for polling; ``result`` is null until the attempt has ended."""
    return JsonResponse(_attempt(row))


def completed(row: VerificationAttempt) -> HttpResponse:
    """The status after both halves met; with a receipt for callers without a session.

    Only the one answer that settled the attempt has it. A session is elevated instead:
    a receipt would outlive its log-out.
    """
    body = _attempt(row)
    if not row.browser_nonce_hmac and receipts.is_due(row):
        body["receipt"] = receipts.issue(row)
    return JsonResponse(body)


def _attempt(row: VerificationAttempt) -> dict[str, Any]:
    return {
        "id": str(row.public_id),
        "reference": row.reference_display,
        "status": row.status,
        "purpose": row.purpose,
        "binding": row.binding,
        "result": row.result if row.is_terminal else None,
        "reason": _reason(row) or None,
        "detail": str(wording.for_attempt(row).text),
        "expires_at": row.expires_at.isoformat(),
    }


def _reason(row: VerificationAttempt) -> str:
    stranger = row.user_id is None and row.claimed_at is None
    hidden = stranger and row.status == Status.FAILED and row.reason in wording.ENUMERABLE
    return _NOT_AVAILABLE if hidden else row.reason


def field_error(errors: dict[str, Any]) -> BadRequest:
    """The first fault of a form as a stable code: ``invalid_phone``, ``required`` ..."""
    name, faults = next(iter(errors.items()))
    fault = faults.as_data()[0]
    detail = str(faults[0])
    required = name == "phone" and fault.code == "required"
    return BadRequest("required" if required else f"invalid_{name}", detail=detail)
