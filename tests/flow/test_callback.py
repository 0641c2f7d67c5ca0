"""pending -> claimed -> an answer; every refusal; every fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.db import OperationalError, connection
from django.utils import timezone

from numverify import flow
from numverify.exceptions import (
    AttemptExpired,
    AttemptUsed,
    CodesNotForBrowsers,
    ConfigurationError,
    FlowError,
    InvalidCallback,
    OtherBrowser,
    ProviderError,
    Reason,
    Unavailable,
)
from numverify.models import Binding, Status, VerificationAttempt
from numverify.querysets import AttemptQuerySet
from tests.factories import make_attempt
from tests.fakes import Script, ScriptedProvider, no_answer

from .steps import (
    BROWSER,
    NUMBER,
    PHONE,
    PROGRAM,
    begin,
    call_back,
    column_text,
    refuse,
    sql_verbs,
    stored,
)

pytestmark = pytest.mark.django_db
IMAGE = replace(BROWSER, is_document=False)


# -- answers -------------------------------------------------------------------------
def test_the_network_says_yes(script: Script) -> None:
    begin()
    with time_machine.travel(timezone.now() + timedelta(seconds=5), tick=False):
        now = timezone.now()
        finished = call_back(script)
    attempt = stored(finished.attempt)
    assert finished.settled
    assert finished.completion_code == ""
    assert (attempt.status, attempt.result, attempt.reason) == (Status.VERIFIED, True, "")
    assert attempt.claimed_at == attempt.answered_at == attempt.ended_at == now
    assert attempt.token_expires_at == now + timedelta(seconds=300)
    assert (attempt.start_ms, attempt.token_ms, attempt.verify_ms) == (12, 20, 30)
    assert attempt.deadline is None
    assert script.finished == [(NUMBER, "a-code")]


@pytest.mark.parametrize("binding", Binding)
def test_the_network_says_no(script: Script, binding: Binding) -> None:
    begin(binding, BROWSER if binding == Binding.SESSION else PROGRAM)
    script.verified = False
    finished = call_back(script, BROWSER if binding == Binding.SESSION else PROGRAM)
    attempt = stored(finished.attempt)
    assert finished.settled
    assert finished.completion_code == ""
    assert (attempt.status, attempt.result) == (Status.NOT_VERIFIED, False)
    assert attempt.reason == Reason.NUMBER_MISMATCH
    assert attempt.ended_at
    assert attempt.answered_at


@pytest.mark.parametrize("answer", ["true", 1, [True], "false", None, 0, object()])
@pytest.mark.parametrize("binding", Binding)
def test_only_true_verifies(script: Script, binding: Binding, answer: Any) -> None:
    """T8: whatever a provider class takes for true."""
    party = BROWSER if binding == Binding.SESSION else PROGRAM
    begin(binding, party)
    script.verified = answer
    attempt = stored(call_back(script, party).attempt)
    assert (attempt.status, attempt.result) == (Status.NOT_VERIFIED, False)


def test_the_network_says_yes_to_a_program(script: Script) -> None:
    begin(Binding.COMPLETION, PROGRAM)
    finished = call_back(script, PROGRAM)
    attempt = stored(finished.attempt)
    assert finished.settled
    assert (attempt.status, attempt.result) == (Status.AWAITING_COMPLETION, True)
    assert attempt.ended_at is None
    assert attempt.answered_at is not None
    assert len(finished.completion_code) == 43
    assert finished.completion_code not in column_text(attempt) + repr(finished)


def test_three_statements(script: Script) -> None:
    begin()
    assert sql_verbs(lambda: call_back(script)) == ["UPDATE", "SELECT", "UPDATE"]


@pytest.mark.parametrize("answer", [True, False, no_answer()])
def test_three_statements_whatever_the_answer(script: Script, answer: Any) -> None:
    begin(Binding.COMPLETION, PROGRAM)
    script.verified = answer
    assert sql_verbs(lambda: call_back(script, PROGRAM)) == ["UPDATE", "SELECT", "UPDATE"]


def test_interleaved_attempts_keep_their_own_number_and_code(script: Script) -> None:
    """T5, T8."""
    numbers = [f"+990123456{n:02}" for n in range(20)]
    for number in numbers:
        begin(phone=number)
    for number, state in reversed(script.started):
        call_back(script, code=f"code for {number}", state=state)
    assert script.finished == [(n, f"code for {n}") for n in reversed(numbers)]


# -- could not find out --------------------------------------------------------------
@pytest.mark.parametrize("reason", [Reason.OUTCOME_UNKNOWN, Reason.NOT_MOBILE_NETWORK])
def test_a_provider_that_cannot_find_out(script: Script, reason: Reason) -> None:
    begin()
    script.verified = no_answer(reason)
    script.verified.retry_after = 9
    finished = call_back(script)
    attempt = stored(finished.attempt)
    assert (finished.settled, finished.retry_after) == (True, 9)
    assert (attempt.status, attempt.reason, attempt.detail) == ("failed", reason, "HTTP 504")
    assert (attempt.token_ms, attempt.verify_ms, attempt.result) == (20, 2000, None)
    assert attempt.answered_at is None
    assert attempt.ended_at is not None


@pytest.mark.parametrize("error", [ValueError("+99012345678"), KeyError("token"), RecursionError()])
def test_an_unforeseen_exception_fails_closed_and_at_once(
    script: Script, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    begin()
    script.verified = error
    attempt = stored(call_back(script).attempt)
    assert (attempt.status, attempt.reason) == (Status.FAILED, Reason.UNKNOWN)
    assert attempt.detail == type(error).__name__
    assert NUMBER not in caplog.text


def test_settings_that_broke_meanwhile(script: Script, configure: Any) -> None:
    begin()
    configure(PROVIDERS={}, PROVIDER="vonage_number_verification")
    attempt = stored(call_back(script).attempt)
    assert (attempt.status, attempt.reason) == (Status.FAILED, Reason.CREDENTIALS)
    assert script.finished == []


def test_a_write_that_fails_after_yes_is_not_verified(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = begin().attempt

    def broken(*args: Any, **kwargs: Any) -> bool:
        raise OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(AttemptQuerySet, "move", broken)
        with pytest.raises(Unavailable) as caught:
            call_back(script)
    assert caught.value.code == "outcome_unknown"
    assert stored(attempt).status == Status.CLAIMED
    assert stored(attempt).result is None
    with pytest.raises(AttemptUsed):
        call_back(script)
    flow.sweep(timezone.now() + timedelta(seconds=61))
    assert (stored(attempt).status, stored(attempt).reason) == ("failed", "abandoned")
    assert len(script.finished) == 1


def test_a_claim_that_fails_spends_nothing(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    begin()

    def broken(*args: Any, **kwargs: Any) -> bool:
        raise OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(AttemptQuerySet, "claim", broken)
        with pytest.raises(OperationalError):
            call_back(script)
    assert script.finished == []
    assert call_back(script).attempt.status == Status.VERIFIED


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_the_network_is_asked(script: Script) -> None:
    seen: list[tuple[bool, str]] = []
    script.during_finish = lambda: seen.append(
        (connection.in_atomic_block, VerificationAttempt.objects.get().status)
    )
    begin()
    call_back(script)
    assert seen == [(False, Status.CLAIMED)]


def test_a_callback_has_the_time_the_settings_give(
    script: Script, configure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []
    real = ScriptedProvider.finish

    def finish(self: Any, *args: Any, seconds: float, **kwargs: Any) -> Any:
        given.append(seconds)
        return real(self, *args, seconds=seconds, **kwargs)

    monkeypatch.setattr(ScriptedProvider, "finish", finish)
    configure(CALLBACK_TIMEOUT=4.5)
    begin()
    call_back(script)
    assert given == [pytest.approx(4.1)]


# -- the late worker -----------------------------------------------------------------
@pytest.mark.parametrize("answer", [True, False, no_answer()])
@pytest.mark.parametrize("binding", Binding)
def test_a_worker_whose_row_was_swept_reports_what_is_stored(
    script: Script, binding: Binding, answer: Any
) -> None:
    party = BROWSER if binding == Binding.SESSION else PROGRAM
    begin(binding, party)
    script.verified = answer
    script.during_finish = lambda: flow.sweep(timezone.now() + timedelta(seconds=61))
    finished = call_back(script, party)
    assert not finished.settled
    assert finished.completion_code == ""
    assert finished.attempt.status == stored(finished.attempt).status == Status.FAILED
    assert finished.attempt.reason == Reason.ABANDONED
    assert stored(finished.attempt).result is None


# -- repeats -------------------------------------------------------------------------
def test_a_repeat_changes_nothing(script: Script) -> None:
    attempt = begin().attempt
    call_back(script)
    before = column_text(attempt)
    for code in ("a-code", "another"):
        with pytest.raises(AttemptUsed) as raised:
            call_back(script, code=code)
        assert raised.value.bound_to == str(attempt.public_id)
    with pytest.raises(AttemptUsed):
        refuse(script)
    assert column_text(attempt) == before
    assert len(script.finished) == 1


def test_a_repeat_of_a_program_learns_nothing(script: Script) -> None:
    begin(Binding.COMPLETION, PROGRAM)
    call_back(script, PROGRAM)
    with pytest.raises(AttemptUsed) as raised:
        call_back(script, PROGRAM)
    assert raised.value.bound_to == ""
    assert len(script.finished) == 1


def test_a_repeat_while_the_network_is_asked(script: Script) -> None:
    begin()
    repeats: list[FlowError] = []

    def again() -> None:
        with pytest.raises(AttemptUsed) as raised:
            call_back(script)
        repeats.append(raised.value)

    script.during_finish = again
    assert call_back(script).attempt.status == Status.VERIFIED
    assert len(repeats) == len(script.finished) == 1


@pytest.mark.parametrize("status", [each for each in Status if each != Status.PENDING])
@pytest.mark.parametrize("step", [call_back, refuse])
def test_only_a_pending_attempt_is_taken(
    script: Script, step: Callable[..., Any], status: Status
) -> None:
    attempt = begin().attempt
    VerificationAttempt.objects.update(status=status)
    with pytest.raises(AttemptExpired if status == Status.EXPIRED else AttemptUsed):
        step(script)
    assert stored(attempt).status == status
    assert script.finished == []


# -- too late ------------------------------------------------------------------------
@pytest.mark.parametrize("step", [call_back, refuse])
def test_a_late_response_finds_the_attempt_expired(script: Script, step: Any) -> None:
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        attempt = begin().attempt
        clock.shift(300)
        with pytest.raises(AttemptExpired) as raised:
            step(script)
        ended = stored(attempt)
        assert (ended.status, ended.reason) == (Status.EXPIRED, Reason.NO_CALLBACK)
        assert ended.ended_at == timezone.now()
        with pytest.raises(AttemptExpired):
            step(script)
    assert raised.value.bound_to == str(attempt.public_id)
    assert script.finished == []


def test_just_in_time(script: Script) -> None:
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        begin()
        clock.shift(299.9)
        assert call_back(script).attempt.status == Status.VERIFIED


def test_a_repeat_ends_a_claim_that_nobody_settled(script: Script) -> None:
    attempt = begin().attempt
    now = timezone.now()
    VerificationAttempt.objects.update(status=Status.CLAIMED, deadline=now)
    with pytest.raises(AttemptUsed):
        call_back(script)
    assert (stored(attempt).status, stored(attempt).reason) == ("failed", "abandoned")


# -- bound to somebody else ----------------------------------------------------------
def test_a_state_that_nobody_issued(script: Script) -> None:
    begin()
    for step in (call_back, refuse):
        with pytest.raises(InvalidCallback) as raised:
            step(script, state="x" * 20)
        assert raised.value.code == "unknown_state"


@pytest.mark.parametrize(
    "party",
    [PHONE, replace(BROWSER, nonce=""), PROGRAM, replace(PROGRAM, secret="x")],
    ids=["another browser", "no session", "program", "program with a secret"],
)
@pytest.mark.parametrize("step", [call_back, refuse])
def test_another_browser_changes_nothing(
    script: Script, step: Any, party: flow.Party, caplog: pytest.LogCaptureFixture
) -> None:
    """T1, T9."""
    attempt = begin().attempt
    before = column_text(attempt)
    with pytest.raises(OtherBrowser) as raised:
        step(script, party)
    assert raised.value.bound_to == ""
    assert column_text(attempt) == before
    assert "callback_refused" in caplog.text
    assert script.last_state not in caplog.text
    assert call_back(script).attempt.status == Status.VERIFIED


def test_another_browser_does_not_learn_that_it_is_over(script: Script) -> None:
    begin()
    call_back(script)
    with pytest.raises(OtherBrowser):
        call_back(script, PHONE)


def test_the_same_browser_with_another_user_is_another(script: Script) -> None:
    """T14."""
    ada, bob = (get_user_model().objects.create_user(name) for name in ("ada", "bob"))
    attempt = begin(party=replace(BROWSER, user=ada)).attempt
    for user in (bob, None):
        with pytest.raises(OtherBrowser):
            call_back(script, replace(BROWSER, user=user))
    assert stored(attempt).status == Status.PENDING
    assert call_back(script, replace(BROWSER, user=ada)).settled
    begin()
    with pytest.raises(OtherBrowser):
        call_back(script, replace(BROWSER, user=ada))


@pytest.mark.parametrize("step", [call_back, refuse])
def test_another_environment_does_not_know_the_attempt(
    script: Script, configure: Any, step: Any
) -> None:
    attempt = begin().attempt
    configure(ENVIRONMENT="playground")
    with pytest.raises(InvalidCallback):
        step(script)
    assert stored(attempt).status == Status.PENDING


@pytest.mark.parametrize("party", [BROWSER, IMAGE, PHONE, replace(PHONE, nonce="")])
def test_a_code_is_not_shown_to_browsers(script: Script, party: flow.Party) -> None:
    """T3: also not to the initiator's own."""
    attempt = begin(Binding.COMPLETION).attempt
    with pytest.raises(CodesNotForBrowsers):
        call_back(script, party)
    assert stored(attempt).status == Status.PENDING
    assert script.finished == []
    assert call_back(script, PROGRAM).completion_code


@pytest.mark.parametrize("bound", [True, False])
def test_a_session_attempt_without_a_session_is_nobodys(script: Script, *, bound: bool) -> None:
    """An empty nonce must not match an empty column."""
    begin(Binding.SESSION, PROGRAM)
    with pytest.raises(OtherBrowser):
        call_back(script, BROWSER if bound else PROGRAM)


# -- refusals ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("error", "reason"), [("access_denied", "access_denied"), ("<script>", "unknown")]
)
def test_a_bound_refusal_ends_the_attempt(script: Script, error: str, reason: str) -> None:
    begin()
    finished = refuse(script, error=error)
    attempt = stored(finished.attempt)
    assert finished.settled
    assert (attempt.status, attempt.reason) == (Status.FAILED, reason)
    assert (attempt.result, attempt.claimed_at) == (None, None)
    assert error == reason or error not in column_text(attempt)
    assert script.finished == []


@pytest.mark.parametrize("party", [PROGRAM, PHONE, IMAGE])
def test_for_a_completion_the_state_is_enough_to_refuse(script: Script, party: Any) -> None:
    begin(Binding.COMPLETION)
    assert refuse(script, party).attempt.status == Status.FAILED


class Broken(ScriptedProvider):
    def refusal(self, error: str) -> Reason:
        raise KeyError(error)


class Faster(ScriptedProvider):
    def refusal(self, error: str) -> Reason:
        VerificationAttempt.objects.update(status=Status.CLAIMED)
        return Reason.ACCESS_DENIED


def test_a_refusal_that_cannot_be_read_is_one_all_the_same(script: Script, configure: Any) -> None:
    begin()
    configure(PROVIDERS={"scripted": f"{__name__}.Broken"})
    assert refuse(script).attempt.reason == Reason.UNKNOWN
    begin()
    configure(PROVIDERS={}, PROVIDER="vonage_number_verification")
    assert refuse(script).attempt.reason == Reason.UNKNOWN


def test_a_refusal_that_was_not_the_first_is_a_repeat(script: Script, configure: Any) -> None:
    attempt = begin().attempt
    configure(PROVIDERS={"scripted": f"{__name__}.Faster"})
    with pytest.raises(AttemptUsed):
        refuse(script)
    assert stored(attempt).status == Status.CLAIMED


# -- keys that rotate ----------------------------------------------------------------
def test_keys_may_rotate_in_the_middle(script: Script, configure: Any) -> None:
    begin()
    configure(HMAC_KEYS={"test-3": "k3", "test-2": "tests-only-hmac-key-two"})
    assert call_back(script).attempt.status == Status.VERIFIED
    begin()
    configure(HMAC_KEYS={"test-4": "k4"})
    with pytest.raises(OtherBrowser):
        call_back(script)


def test_the_factorys_rows_are_nobodys(script: Script) -> None:
    """A guard for these tests: rows of others are there and are not touched."""
    other = make_attempt()
    begin()
    call_back(script)
    assert stored(other).status == Status.PENDING


@pytest.mark.parametrize("fault", [ProviderError(Reason.CREDENTIALS), ConfigurationError("no key")])
def test_faults_of_the_set_up_end_the_attempt(script: Script, fault: Exception) -> None:
    begin()
    script.verified = fault
    attempt = stored(call_back(script).attempt)
    assert (attempt.status, attempt.reason) == (Status.FAILED, Reason.CREDENTIALS)
