"""The initiator's side: complete, read, cancel."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from numverify import flow, tokens
from numverify.exceptions import AttemptExpired, AttemptUsed, Reason, UnknownAttempt, WrongCode
from numverify.models import Binding, Status, VerificationAttempt
from numverify.querysets import AttemptQuerySet
from tests.fakes import Script

from .steps import BROWSER, PHONE, PROGRAM, begin, call_back, column_text, sql_verbs, stored

pytestmark = pytest.mark.django_db


class Waiting:
    """An attempt that waits for its code: what each side holds."""

    def __init__(self, script: Script, party: flow.Party = PROGRAM) -> None:
        begun = begin(Binding.COMPLETION, party)
        self.secret = begun.attempt_secret
        self.code = call_back(script, PROGRAM).completion_code
        self.party = replace(party, secret=self.secret)
        self.id = begun.attempt.public_id
        self.row = begun.attempt

    def complete(self, code: str | None = None, party: flow.Party | None = None) -> Any:
        return flow.complete(self.id, self.code if code is None else code, party or self.party)

    def wrong(self, code: str = "wrong") -> str:
        with pytest.raises(WrongCode) as raised:
            self.complete(code)
        return raised.value.code

    @property
    def now(self) -> VerificationAttempt:
        return stored(self.row)


@pytest.fixture
def program(script: Script) -> Waiting:
    return Waiting(script)


@pytest.fixture
def desktop(script: Script) -> Waiting:
    return Waiting(script, BROWSER)


# -- both halves ---------------------------------------------------------------------
@pytest.mark.parametrize("who", ["program", "desktop"])
def test_both_halves_verify_once(request: pytest.FixtureRequest, who: str) -> None:
    waiting: Waiting = request.getfixturevalue(who)
    row = waiting.complete()
    assert row.status == waiting.now.status == Status.VERIFIED
    assert row.ended_at == waiting.now.ended_at
    assert waiting.now.ended_at is not None
    assert (waiting.now.result, waiting.now.deadline) == (True, None)
    assert (waiting.now.completion_code_hmac, waiting.now.completion_failures) == ("", 0)
    for _ in range(2):
        with pytest.raises(AttemptUsed):
            waiting.complete()


def test_the_code_is_kept_as_an_hmac_alone(program: Waiting, desktop: Waiting) -> None:
    for waiting in (program, desktop):
        form = tokens.from_typed(waiting.code) if waiting is desktop else waiting.code
        assert waiting.now.completion_code_hmac == tokens.keyed("completion", form)[1]
        assert form not in column_text(waiting.row)


def test_neither_half_alone_nor_another_pairing(script: Script, program: Waiting) -> None:
    """T2, D9: all pairings of five attempts; only the right one passes."""
    others = [program, *(Waiting(script) for _ in range(4))]
    for one in others:
        for other in others:
            for code in others:
                if one is other is code:
                    continue
                with pytest.raises(WrongCode):
                    one.complete(code.code, other.party)
        VerificationAttempt.objects.update(completion_failures=0)
    assert {each.now.status for each in others} == {Status.AWAITING_COMPLETION}
    for one in others:
        assert one.complete().status == Status.VERIFIED


@pytest.mark.parametrize(
    "party",
    [PROGRAM, BROWSER, PHONE, replace(PROGRAM, secret="x"), replace(PROGRAM, secret="\ud800")],
    ids=["nothing", "a browser", "another", "a wrong secret", "a surrogate"],
)
def test_a_wrong_half_is_refused_and_spends_no_try(program: Waiting, party: flow.Party) -> None:
    for _ in range(10):
        with pytest.raises(WrongCode) as raised:
            program.complete(party=party)
        assert raised.value.code == "wrong_code"
    assert program.now.completion_failures == 0
    assert program.complete().status == Status.VERIFIED


def test_a_wrong_session_is_refused_and_spends_no_try(desktop: Waiting) -> None:
    for party in (PHONE, PROGRAM, replace(BROWSER, secret="x")):
        with pytest.raises(WrongCode):
            desktop.complete(party=party)
    assert desktop.now.completion_failures == 0


def test_an_attempt_that_is_not_there_looks_the_same(program: Waiting) -> None:
    for public_id in (uuid.uuid4(), "junk", "", None):
        with pytest.raises(WrongCode) as raised:
            flow.complete(public_id, program.code, program.party)
        assert raised.value.code == "wrong_code"


# -- tries ---------------------------------------------------------------------------
def test_the_fifth_wrong_code_ends_it(program: Waiting) -> None:
    answers = [program.wrong(f"wrong {n}") for n in range(5)]
    assert answers == ["wrong_code"] * 4 + ["too_many_codes"]
    row = program.now
    assert (row.status, row.reason) == (Status.FAILED, Reason.TOO_MANY_CODES)
    assert (row.completion_failures, row.result) == (5, True)
    assert row.ended_at is not None
    with pytest.raises(AttemptUsed):
        program.complete()
    assert program.now.status == Status.FAILED


def test_the_right_code_at_the_fifth_try(program: Waiting) -> None:
    for _ in range(4):
        assert program.wrong() == "wrong_code"
    assert program.complete().status == Status.VERIFIED
    assert program.now.completion_failures == 4


def test_the_number_of_tries_is_a_setting(program: Waiting, configure: Any) -> None:
    configure(MAX_WRONG_CODES=2)
    assert [program.wrong(), program.wrong()] == ["wrong_code", "too_many_codes"]


@pytest.mark.parametrize("code", ["", "\ud800", "\x00", "😀", "x" * 10_000])
def test_odd_codes_are_wrong_codes(program: Waiting, desktop: Waiting, code: str) -> None:
    assert [program.wrong(code), desktop.wrong(code)] == ["wrong_code"] * 2


def test_a_wrong_code_is_logged_without_the_code(
    program: Waiting, caplog: pytest.LogCaptureFixture
) -> None:
    program.wrong("a wrong code")
    assert "code_wrong" in caplog.text
    assert "a wrong code" not in caplog.text


def test_tries_that_a_dead_worker_spent_stay_spent(program: Waiting) -> None:
    VerificationAttempt.objects.update(completion_failures=5)
    with pytest.raises(AttemptUsed):
        program.complete()
    assert program.now.status == Status.AWAITING_COMPLETION


# -- spellings -----------------------------------------------------------------------
def test_a_person_may_write_the_code_as_people_do(script: Script) -> None:
    for spell in (str.lower, lambda code: code.replace("-", " "), lambda code: f" {code}\n"):
        desktop = Waiting(script, BROWSER)
        assert len(desktop.code) == 9
        assert desktop.complete(spell(desktop.code)).status == Status.VERIFIED


def test_letters_that_look_like_digits_are_digits(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "new_typed_code", lambda: "1001-K7QP")
    assert Waiting(script, BROWSER).complete("lOoI k7qp").status == Status.VERIFIED


def test_a_programs_code_is_exact(program: Waiting) -> None:
    for code in (program.code.swapcase(), f" {program.code}", program.code[:-1]):
        assert program.wrong(code) == "wrong_code"


# -- time ----------------------------------------------------------------------------
@pytest.mark.parametrize(("party", "seconds"), [(PROGRAM, 60), (BROWSER, 180)])
def test_a_code_has_its_time(script: Script, party: flow.Party, seconds: int) -> None:
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        in_time, late = Waiting(script, party), Waiting(script, party)
        assert in_time.now.deadline == timezone.now() + timedelta(seconds=seconds)
        assert flow.seconds_left(in_time.now) == seconds
        clock.shift(seconds - 0.001)
        assert in_time.complete().status == Status.VERIFIED
        clock.shift(0.001)
        assert flow.seconds_left(late.now) == 0
        for _ in range(2):
            with pytest.raises(AttemptExpired):
                late.complete()
        row = late.now
    assert (row.status, row.reason) == (Status.EXPIRED, Reason.NOT_COMPLETED)
    assert row.result is True
    assert row.ended_at is not None


def test_times_are_settings(script: Script, configure: Any) -> None:
    configure(COMPLETION_SECONDS=7, TYPED_COMPLETION_SECONDS=70)
    left = [flow.seconds_left(Waiting(script, party).now) for party in (PROGRAM, BROWSER)]
    assert [round(seconds, -1) for seconds in left] == [10, 70]


def test_an_attempt_that_ended_has_no_time_left(program: Waiting) -> None:
    assert flow.seconds_left(program.complete()) == 0


@pytest.mark.parametrize("code", [None, "wrong"])
def test_time_that_ends_between_count_and_test(
    program: Waiting, code: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = AttemptQuerySet.count_try
    with time_machine.travel(timezone.now(), tick=False) as clock:

        def slow(self: AttemptQuerySet, *args: Any) -> bool:
            counted = real(self, *args)
            clock.shift(61)
            return counted

        monkeypatch.setattr(AttemptQuerySet, "count_try", slow)
        with pytest.raises(AttemptExpired):
            program.complete(code)
    assert program.now.status == Status.EXPIRED


# -- races ---------------------------------------------------------------------------
@pytest.mark.parametrize("code", [None, "wrong"])
def test_another_request_that_was_faster(
    program: Waiting, code: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = AttemptQuerySet.count_try

    def overtaken(self: AttemptQuerySet, *args: Any) -> bool:
        counted = real(self, *args)
        monkeypatch.setattr(AttemptQuerySet, "count_try", real)
        program.complete()
        return counted

    monkeypatch.setattr(AttemptQuerySet, "count_try", overtaken)
    with pytest.raises(AttemptUsed):
        program.complete(code)
    assert program.now.status == Status.VERIFIED


def test_a_sweep_that_was_faster(program: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stored status decides what is answered, not who wrote it."""
    real = AttemptQuerySet.count_try

    def swept(self: AttemptQuerySet, *args: Any) -> bool:
        counted = real(self, *args)
        flow.sweep(timezone.now() + timedelta(seconds=61))
        return counted

    monkeypatch.setattr(AttemptQuerySet, "count_try", swept)
    with pytest.raises(AttemptExpired):
        program.complete("wrong")


def test_completing_is_two_updates_between_reads(program: Waiting) -> None:
    verbs = sql_verbs(program.complete)
    assert verbs == ["SELECT", "UPDATE", "UPDATE", "SELECT"]


# -- not awaiting a code -------------------------------------------------------------
@pytest.mark.parametrize("status", [Status.PENDING, Status.CLAIMED])
def test_too_early(program: Waiting, status: Status) -> None:
    VerificationAttempt.objects.update(status=status)
    with pytest.raises(AttemptUsed) as raised:
        program.complete()
    assert raised.value.code == "not_ready"
    assert program.now.completion_failures == 0


@pytest.mark.parametrize("status", [Status.VERIFIED, Status.NOT_VERIFIED, Status.FAILED])
def test_over(program: Waiting, status: Status) -> None:
    VerificationAttempt.objects.update(status=status, deadline=None)
    with pytest.raises(AttemptUsed) as raised:
        program.complete()
    assert raised.value.code == "already_used"
    assert program.now.status == status


def test_a_session_attempt_has_no_code(script: Script) -> None:
    attempt = begin().attempt
    VerificationAttempt.objects.update(status=Status.AWAITING_COMPLETION)
    with pytest.raises(AttemptUsed):
        flow.complete(attempt.public_id, "", BROWSER)
    assert stored(attempt).completion_failures == 0


# -- keys and environments -----------------------------------------------------------
@pytest.mark.parametrize("who", ["program", "desktop"])
def test_keys_may_rotate_before_the_code_comes(
    request: pytest.FixtureRequest, configure: Any, who: str
) -> None:
    waiting: Waiting = request.getfixturevalue(who)
    configure(HMAC_KEYS={"test-3": "k3", "test-2": "tests-only-hmac-key-two"})
    assert waiting.complete().status == Status.VERIFIED


def test_a_key_that_was_thrown_away_takes_its_codes_along(program: Waiting, configure: Any) -> None:
    configure(HMAC_KEYS={"test-4": "k4"})
    assert program.wrong(program.code) == "wrong_code"


def test_another_environment_does_not_know_it(program: Waiting, configure: Any) -> None:
    configure(ENVIRONMENT="playground")
    with pytest.raises(WrongCode):
        program.complete()
    with pytest.raises(UnknownAttempt):
        flow.find(program.id, program.party)
    configure(ENVIRONMENT="virtual")
    assert program.complete().status == Status.VERIFIED


# -- reading -------------------------------------------------------------------------
def test_the_initiator_reads_its_attempt(script: Script, program: Waiting) -> None:
    assert flow.find(str(program.id), program.party) == program.row
    attempt = begin().attempt
    assert flow.find(attempt.public_id, BROWSER) == attempt


def test_reading_a_hundred_times_verifies_nothing(program: Waiting) -> None:
    """T2: polling is no proof."""
    statuses = {flow.find(program.id, program.party).status for _ in range(100)}
    assert statuses == {Status.AWAITING_COMPLETION}


@pytest.mark.parametrize(
    "party", [PHONE, PROGRAM, replace(PROGRAM, secret="x"), replace(BROWSER, secret="x")]
)
def test_others_find_nothing(script: Script, party: flow.Party) -> None:
    attempt = begin().attempt
    with pytest.raises(UnknownAttempt):
        flow.find(attempt.public_id, party)


def test_an_empty_half_matches_no_empty_column(script: Script) -> None:
    attempt = begin(Binding.SESSION, PROGRAM).attempt
    assert attempt.attempt_secret_hash == attempt.browser_nonce_hmac == ""
    for party in (PROGRAM, replace(PROGRAM, secret=""), BROWSER):
        with pytest.raises(UnknownAttempt):
            flow.find(attempt.public_id, party)


@pytest.mark.parametrize("public_id", ["", "junk", None, 7, "\ud800", "0" * 32, uuid.uuid4()])
def test_ids_that_are_none(public_id: Any) -> None:
    with pytest.raises(UnknownAttempt):
        flow.find(public_id, BROWSER)


def test_reading_ends_what_is_overdue(script: Script) -> None:
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        attempt = begin().attempt
        clock.shift(299)
        assert flow.find(attempt.public_id, BROWSER).status == Status.PENDING
        assert flow.seconds_left(attempt) == 1
        clock.shift(1)
        found = flow.find(attempt.public_id, BROWSER)
    assert (found.status, found.reason) == (Status.EXPIRED, Reason.NO_CALLBACK)
    assert stored(attempt).status == Status.EXPIRED


# -- cancelling ----------------------------------------------------------------------
def test_the_initiator_may_cancel(script: Script) -> None:
    attempt = begin().attempt
    row = flow.cancel(attempt.public_id, BROWSER)
    assert (row.status, row.reason) == (Status.FAILED, Reason.CANCELLED)
    assert stored(attempt).ended_at is not None
    with pytest.raises(AttemptUsed):
        call_back(script)
    assert script.finished == []


def test_others_may_not_cancel(script: Script) -> None:
    attempt = begin().attempt
    with pytest.raises(UnknownAttempt):
        flow.cancel(attempt.public_id, PHONE)
    assert stored(attempt).status == Status.PENDING


@pytest.mark.parametrize("status", [each for each in Status if each != Status.PENDING])
def test_what_was_called_back_cannot_be_cancelled(script: Script, status: Status) -> None:
    attempt = begin().attempt
    VerificationAttempt.objects.update(status=status)
    assert flow.cancel(attempt.public_id, BROWSER).status == status
    assert stored(attempt).status == status


def test_too_late_to_cancel(script: Script) -> None:
    attempt = begin().attempt
    VerificationAttempt.objects.update(deadline=timezone.now())
    assert flow.cancel(attempt.public_id, BROWSER).reason == Reason.NO_CALLBACK
