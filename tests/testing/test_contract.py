"""The contract, run against the providers we have, and against ones that break it."""

from __future__ import annotations

import time
import unittest
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import SimpleTestCase, TestCase

from numverify.exceptions import Call, ProviderError, Reason
from numverify.providers import get_provider
from numverify.providers.base import Started, Verification
from numverify.testing import Plays, ProviderContract, Situation, VirtualOperatorMixin
from numverify.virtual_operator import rules
from tests.fakes import Script, ScriptedProvider


class VonageContract(ProviderContract, VirtualOperatorMixin, TestCase):
    """Vonage's provider, as built from settings, against the Virtual Operator."""

    numbers: ClassVar = {
        Plays.VERIFIED: "+99012345678",
        Plays.NOT_VERIFIED: "+9902345601",
        Plays.TRUTHY: rules.fault_number(rules.Call.VERIFY, 6),
        Plays.GARBAGE: rules.fault_number(rules.Call.VERIFY, 4),
        Plays.SERVER_ERROR: rules.fault_number(rules.Call.VERIFY, 503),
        Plays.STALLS: rules.fault_number(rules.Call.VERIFY, 1),
        Plays.START_ERROR: rules.fault_number(rules.Call.ENABLEMENT, 503),
    }

    def situation(self, plays: Plays) -> Situation:
        return Situation(get_provider(), self.numbers[plays])

    def correlators(self) -> Sequence[str]:
        # The phone's own request carries none.
        return [s.correlator for s in self.numverify_operator.served if s.call != "auth"]

    def code(self, started: Started) -> str:
        return parse_qs(urlsplit(self.numverify_phone.open(started.auth_url)).query)["code"][0]


class StallsAtTheToken(VonageContract):
    numbers: ClassVar = {
        **VonageContract.numbers,
        Plays.TRUTHY: rules.fault_number(rules.Call.TOKEN, 6),
        Plays.GARBAGE: rules.fault_number(rules.Call.TOKEN, 4),
        Plays.SERVER_ERROR: rules.fault_number(rules.Call.TOKEN, 503),
        Plays.STALLS: rules.fault_number(rules.Call.TOKEN, 1),
    }


class Recorded(ScriptedProvider):
    """The tests' own fake, remembering what it was asked with."""

    def __init__(self, script: Script) -> None:
        self.seen: list[str] = []
        self.script = script  # type: ignore[misc]

    @classmethod
    def from_settings(cls, *, request: Any) -> Recorded:
        return cls(Script())

    def start(self, phone: str, state: str, *, correlator: str) -> Started:
        self.seen.append(correlator)
        return super().start(phone, state, correlator=correlator)

    def finish(self, phone: str, code: str, *, correlator: str, seconds: float) -> Verification:
        self.seen.append(correlator)
        return super().finish(phone, code, correlator=correlator, seconds=seconds)


def failing(reason: Reason, call: str) -> ProviderError:
    return ProviderError(reason, calls=(Call(call, 12),), detail="HTTP 503")


class ScriptedContract(ProviderContract, SimpleTestCase):
    provider_class: ClassVar[type[Recorded]] = Recorded

    def situation(self, plays: Plays) -> Situation:
        if plays is Plays.STALLS:
            self.skipTest("nothing is behind this provider that could stall")
        answers: dict[Plays, bool | Exception] = {
            Plays.VERIFIED: True,
            Plays.NOT_VERIFIED: False,
            Plays.TRUTHY: failing(Reason.BAD_UPSTREAM, "verify"),
            Plays.GARBAGE: failing(Reason.BAD_UPSTREAM, "verify"),
            Plays.SERVER_ERROR: failing(Reason.UPSTREAM_ERROR, "verify"),
        }
        script = Script(verified=answers.get(plays, True))
        if plays is Plays.START_ERROR:
            script.start_error = failing(Reason.UPSTREAM_ERROR, "start")
        self.provider = self.provider_class(script)
        return Situation(self.provider)

    def correlators(self) -> Sequence[str]:
        return self.provider.seen if hasattr(self, "provider") else []


# -- providers that break it ---------------------------------------------------------
class Truthy(Recorded):
    def finish(self, phone: str, code: str, *, correlator: str, seconds: float) -> Verification:
        answer: Any = "true"
        return Verification(answer, 300, (Call("verify", 1),))


class Denies(Recorded):
    def finish(self, phone: str, code: str, *, correlator: str, seconds: float) -> Verification:
        answer = super().finish(phone, code, correlator=correlator, seconds=seconds)
        if not answer.verified:
            raise failing(Reason.NUMBER_MISMATCH, "verify")
        return answer


class Raises(Recorded):
    def finish(self, phone: str, code: str, *, correlator: str, seconds: float) -> Verification:
        try:
            return super().finish(phone, code, correlator=correlator, seconds=seconds)
        except ProviderError:
            raise RuntimeError from None


class Tells(Recorded):
    def finish(self, phone: str, code: str, *, correlator: str, seconds: float) -> Verification:
        if isinstance(self.script.verified, Exception):
            raise ProviderError(
                Reason.BAD_UPSTREAM, calls=(Call("verify", 1),), detail=f"no answer for {phone}"
            )
        return super().finish(phone, code, correlator=correlator, seconds=seconds)


class TellsBehind(Recorded):
    def finish(self, phone: str, code: str, *, correlator: str, seconds: float) -> Verification:
        if not isinstance(self.script.verified, Exception):
            return super().finish(phone, code, correlator=correlator, seconds=seconds)
        try:
            int(code)
        except ValueError:  # its message repeats the text
            raise failing(Reason.BAD_UPSTREAM, "verify") from None
        raise AssertionError


class Repeats(Recorded):
    def finish(self, phone: str, code: str, *, correlator: str, seconds: float) -> Verification:
        try:
            return super().finish(phone, code, correlator=correlator, seconds=seconds)
        except ProviderError:
            return super().finish(phone, code, correlator=correlator, seconds=seconds)


class Forgets(Recorded):
    def start(self, phone: str, state: str, *, correlator: str) -> Started:
        return super().start(phone, state, correlator="")


class Careless(Recorded):
    def start(self, phone: str, state: str, *, correlator: str) -> Started:
        super().start(phone, state, correlator=correlator)
        return Started("javascript:alert(1)", ())


class Strict(Recorded):
    def refusal(self, error: str) -> Reason:
        return {"access_denied": Reason.ACCESS_DENIED}[error]


class Patient(Recorded):
    def finish(self, phone: str, code: str, *, correlator: str, seconds: float) -> Verification:
        time.sleep(seconds + 2.1)
        raise failing(Reason.OUTCOME_UNKNOWN, "verify")


BREAKERS: list[tuple[type[Recorded], set[str]]] = [
    (Truthy, {"only_true_verifies", "a_no_is_a_value", "what_is_like_true_does_not_verify"}),
    (Denies, {"a_no_is_a_value"}),
    (Raises, {"garbage_is_an_error", "a_server_error_is_an_error_and_nothing_is_sent_twice"}),
    (Tells, {"reprs_and_errors_hold_no_secret"}),
    (TellsBehind, {"reprs_and_errors_hold_no_secret"}),
    (Repeats, {"a_server_error_is_an_error_and_nothing_is_sent_twice"}),
    (Forgets, {"each_request_carries_the_correlator"}),
    (Careless, {"start_gives_a_link_that_a_phone_may_open"}),
    (Strict, {"refusals_are_mapped_and_never_raise"}),
]


def failed_by(breaker: type[Recorded], stalls: Callable[[], Situation] | None = None) -> set[str]:
    """The tests of the contract that a provider fails."""

    class Contract(ScriptedContract):
        provider_class: ClassVar[type[Recorded]] = breaker

        def situation(self, plays: Plays) -> Situation:
            if plays is Plays.STALLS and stalls:
                return stalls()
            return super().situation(plays)

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Contract)(result)
    return set(_names(result))


def _names(result: unittest.TestResult) -> Iterator[str]:
    for case, _ in result.failures + result.errors:
        yield str(getattr(case, "test_case", case).id()).rpartition(".test_")[2]


@pytest.mark.parametrize(
    ("breaker", "tests"), BREAKERS, ids=lambda value: getattr(value, "__name__", "tests")
)
def test_what_breaks_the_contract_fails(breaker: type[Recorded], tests: set[str]) -> None:
    assert tests <= failed_by(breaker)


def test_what_keeps_it_passes() -> None:
    assert failed_by(Recorded) == set()


def test_patience_beyond_the_budget_fails() -> None:
    tests = failed_by(Recorded, stalls=lambda: Situation(Patient(Script())))
    assert tests == {"the_budget_holds_against_a_service_that_stalls"}
