"""What ``verify_number`` prints: a line for a person, or one JSON document."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from django.core.management.base import OutputWrapper

from ..handset import Outcome, Result, Step
from ..handset.display import redacted_url

VERIFIED, NOT_VERIFIED, UNKNOWN, BAD_USAGE = 0, 1, 2, 64  # 64: EX_USAGE of sysexits.h
_EXIT_CODES = {
    Result.VERIFIED: VERIFIED,
    Result.NOT_VERIFIED: NOT_VERIFIED,
    Result.UNKNOWN: UNKNOWN,
}
_WORDS = {
    Result.VERIFIED: "verified",
    Result.NOT_VERIFIED: "not verified",
    Result.UNKNOWN: "could not find out",
}


@dataclass
class Report:
    """Collects what happened and prints it; holds nothing that may not be shown.

    Args:
        stdout, stderr: the command's streams.
        as_json: print one document on stdout, and nothing else there.
        show_steps: print each request as it happens (as text only).
    """

    stdout: OutputWrapper
    stderr: OutputWrapper
    as_json: bool = False
    show_steps: bool = False
    phone: str = ""
    backend: str = ""
    steps: list[Step] = field(default_factory=list)
    _started: float = field(default_factory=time.monotonic)

    def begin(self, backend: str, note: str) -> None:
        self.backend = redacted_url(backend)
        if self._prints_steps:
            self._print(f"{self.phone} at {self.backend}{note}")

    def step(self, step: Step) -> None:
        self.steps.append(step)
        if self._prints_steps:
            status = step.status or "---"
            number = len(self.steps)
            self._print(f"{number:3}. {step.method:4} {step.url}  {status}  {step.milliseconds} ms")

    def finish(self, outcome: Outcome) -> int:
        """Print the outcome; returns the exit code."""
        code = _EXIT_CODES[outcome.result]
        if self.as_json:
            self._print_document(outcome.result, code, outcome)
        else:
            self._print(self._sentence(outcome), error=code == UNKNOWN)
        return code

    def refuse(self, reason: str, message: str) -> int:
        """Say why nothing was tried; returns the exit code."""
        text = " ".join(message.split())
        if self.as_json:
            self._print_document("bad_usage", BAD_USAGE, Outcome(Result.UNKNOWN, reason, text))
        else:
            self._print(f"verify_number: {text}", error=True)
        return BAD_USAGE

    @property
    def _prints_steps(self) -> bool:
        return self.show_steps and not self.as_json

    @property
    def _seconds(self) -> float:
        return round(time.monotonic() - self._started, 2)

    def _sentence(self, outcome: Outcome) -> str:
        parts = [f"{self.phone}: {_WORDS[outcome.result]}"]
        if outcome.result is Result.UNKNOWN:
            parts.append(f"({outcome.reason})")
        elif outcome.result is Result.VERIFIED:
            parts.append(f"in {self._seconds} s")
        sentence = " ".join(parts)
        return f"{sentence}: {outcome.detail}" if outcome.detail else f"{sentence}."

    def _print_document(self, result: str, code: int, outcome: Outcome) -> None:
        document: dict[str, Any] = {
            "result": result,
            "exit_code": code,
            "reason": outcome.reason or None,
            "detail": outcome.detail or None,
            "phone": self.phone or None,
            "backend": self.backend or None,
            "id": outcome.attempt_id or None,
            "seconds": self._seconds,
            "steps": [asdict(step) for step in self.steps],
        }
        self._print(json.dumps(document))

    def _print(self, text: str, *, error: bool = False) -> None:
        stream = self.stderr if error else self.stdout
        encoding = getattr(stream, "encoding", None) or "utf-8"
        # The mask has bullets; a terminal that knows ASCII alone is no reason to fail.
        stream.write(text.encode(encoding, "replace").decode(encoding))
