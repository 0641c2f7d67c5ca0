"""A provider that answers as a test says, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from numverify.exceptions import Call, ProviderError, Reason
from numverify.providers.base import Started, Verification


@dataclass
class Script:
    """What the next calls answer: a value, or an error to raise."""

    verified: bool | Exception = True
    start_error: Exception | None = None
    during_finish: Callable[[], Any] = lambda: None
    started: list[tuple[str, str]] = field(default_factory=list)
    finished: list[tuple[str, str]] = field(default_factory=list)

    @property
    def last_state(self) -> str:
        return self.started[-1][1]


class ScriptedProvider:
    """``NUMVERIFY["PROVIDERS"] = {"scripted": "tests.fakes.ScriptedProvider"}``."""

    name = "scripted"
    script: ClassVar[Script] = Script()

    @classmethod
    def from_settings(cls, *, request: Any) -> ScriptedProvider:
        return cls()

    def start(self, phone: str, state: str, *, correlator: str) -> Started:
        self.script.started.append((phone, state))
        if self.script.start_error:
            raise self.script.start_error
        return Started(f"https://operator.example/auth?state={state}", (Call("start", 12),))

    def finish(self, phone: str, code: str, *, correlator: str, seconds: float) -> Verification:
        self.script.finished.append((phone, code))
        self.script.during_finish()
        if isinstance(self.script.verified, Exception):
            raise self.script.verified
        return Verification(self.script.verified, 300, (Call("token", 20), Call("verify", 30)))

    def refusal(self, error: str) -> Reason:
        return Reason.ACCESS_DENIED if error == "access_denied" else Reason.UNKNOWN


def no_answer(reason: Reason = Reason.OUTCOME_UNKNOWN) -> ProviderError:
    return ProviderError(reason, calls=(Call("token", 20), Call("verify", 2000)), detail="HTTP 504")
