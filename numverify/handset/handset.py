"""Log in at a backend, open auth_url, follow the redirects, complete: as a phone does."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urljoin

from . import wire
from .display import Step, redacted_url, safe_sentence, safe_word
from .wire import Answer, CouldNotFindOut

# What Vonage's SDKs allow a phone (and so what operators build for).
MAX_HOPS = 10
HOP_SECONDS = 5.0
#: For a call to the backend, which itself asks the provider.
BACKEND_SECONDS = 10.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SUCCESSES = range(200, 300)
_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")


class Result(StrEnum):
    """The three ends; only the first two are the network's word."""

    VERIFIED = "verified"
    NOT_VERIFIED = "not_verified"
    UNKNOWN = "could_not_find_out"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended.

    Args:
        reason: a stable word, ``""`` when verified.
        detail: a sentence for a person, safe to show.
        attempt_id: the backend's id of the attempt, ``""`` if it told none.
    """

    result: Result
    reason: str = ""
    detail: str = ""
    attempt_id: str = ""


class Handset:
    """Plays the phone against one backend.

    Args:
        backend: base URL; ``/login`` and ``/complete`` are below it.
        seconds: for the whole verification.
        on_step: called after each request, with what may be shown of it.
    """

    def __init__(
        self, backend: str, *, seconds: float, on_step: Callable[[Step], None] = lambda _: None
    ) -> None:
        self._backend = backend.rstrip("/")
        self._ends_at = time.monotonic() + seconds
        self._on_step = on_step
        self._attempt_id = ""

    def verify(self, phone: str) -> Outcome:
        """Verify an E.164 number; never raises for what a backend or network does."""
        try:
            result = self._verify(phone)
        except CouldNotFindOut as error:
            return Outcome(Result.UNKNOWN, error.code, str(error), self._attempt_id)
        if result is Result.NOT_VERIFIED:
            detail = "The SIM that answered does not have this number."
            return Outcome(result, "number_mismatch", detail, self._attempt_id)
        return Outcome(result, attempt_id=self._attempt_id)

    def _verify(self, phone: str) -> Result:
        login = self._post("login", {"phone": phone})
        self._attempt_id = _shown_id(login)
        callback = _accepted(self._open(_auth_url(login)))
        verified = callback.get("devicePhoneNumberVerified")
        if not isinstance(verified, bool):
            raise CouldNotFindOut("bad_answer", "The callback's answer has no true or false.")
        if callback.get("id", login.get("id")) != login.get("id"):
            raise CouldNotFindOut("bad_answer", "The callback answered for another attempt.")
        if not verified:
            return Result.NOT_VERIFIED
        if login.get("binding") == "completion" or "completion_code" in callback:
            self._complete(login, callback)
        return Result.VERIFIED

    def _complete(self, login: Mapping[str, Any], callback: Mapping[str, Any]) -> None:
        """Bring both halves together: the attempt's secret and the device's code."""
        payload = {
            "id": login.get("id"),
            "completion_code": callback.get("completion_code"),
            "attempt_secret": login.get("attempt_secret"),
        }
        if not all(isinstance(value, str) and value for value in payload.values()):
            raise CouldNotFindOut("bad_answer", "The backend did not give both halves.")
        if self._post("complete", payload).get("status") != Result.VERIFIED:
            raise CouldNotFindOut("bad_answer", "The backend did not complete the attempt.")

    def _open(self, url: str) -> Answer:
        """GET ``url`` and follow its redirects, by GETs alone, to the last answer."""
        for _ in range(MAX_HOPS):
            answer = self._send("GET", url, HOP_SECONDS)
            if answer.status not in _REDIRECTS or not answer.location:
                return answer
            url = _join(url, answer.location)
        raise CouldNotFindOut("too_many_redirects", f"More than {MAX_HOPS} redirects.")

    def _post(self, path: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        url = f"{self._backend}/{path}"
        answer = self._send("POST", url, BACKEND_SECONDS, payload)
        if answer.status in _REDIRECTS:
            # A POST that follows redirects would hand number and secret to whoever is there.
            raise CouldNotFindOut("redirected", f"The backend redirects /{path}: give its own URL.")
        return _accepted(answer)

    def _send(
        self, method: str, url: str, seconds: float, payload: Mapping[str, Any] | None = None
    ) -> Answer:
        started = time.monotonic()
        seconds = min(seconds, self._ends_at - started)
        if seconds <= 0:
            raise CouldNotFindOut("timeout", "The time that --timeout gives is over.")
        status = None
        try:
            answer = wire.send(method, url, seconds=seconds, payload=payload)
            status = answer.status
        finally:
            milliseconds = round((time.monotonic() - started) * 1000)
            self._on_step(Step(method, redacted_url(url), status, milliseconds))
        return answer


def _accepted(answer: Answer) -> Mapping[str, Any]:
    """The JSON of a success; the words of anything else.

    Raises:
        CouldNotFindOut: with the backend's ``error`` and ``detail``, made safe.
    """
    if answer.status in _SUCCESSES:
        return answer.json()
    try:
        body = answer.json()
    except CouldNotFindOut:
        body = {}
    code = safe_word(body.get("error")) or f"http_{answer.status}"
    detail = safe_sentence(body.get("detail")) or f"The last answer was HTTP {answer.status}."
    raise CouldNotFindOut(code, detail)


def _auth_url(login: Mapping[str, Any]) -> str:
    url = login.get("auth_url", login.get("url"))
    if not isinstance(url, str):
        raise CouldNotFindOut("bad_answer", "The answer to /login has no auth_url.")
    return url


def _join(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise CouldNotFindOut("bad_address", "Redirected to something that is no URL.") from None


def _shown_id(login: Mapping[str, Any]) -> str:
    found = login.get("id")
    return found if isinstance(found, str) and _ID.fullmatch(found) else ""
