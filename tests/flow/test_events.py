"""Log records, and signals after commit."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from numverify import flow, signals
from numverify.exceptions import ProviderError, Reason
from numverify.models import Binding, Status, VerificationAttempt
from tests.fakes import Script, no_answer

from .steps import BROWSER, NUMBER, PROGRAM, begin, call_back, refuse, stored

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = ["started", "succeeded", "denied", "failed"]


@pytest.fixture
def sent() -> Iterator[list[tuple[str, str]]]:
    """The signals that were sent, with the status that was stored by then."""
    received: list[tuple[str, str]] = []
    keep: list[Callable[..., None]] = []
    for name in NAMES:

        def receive(
            sender: Any, attempt: VerificationAttempt, name: str = name, **kwargs: Any
        ) -> None:
            assert sender is VerificationAttempt
            assert not connection.in_atomic_block
            received.append((name, stored(attempt).status))

        keep.append(receive)
        getattr(signals, f"verification_{name}").connect(receive)
    yield received
    for name, receive in zip(NAMES, keep, strict=True):
        getattr(signals, f"verification_{name}").disconnect(receive)


Sent = list[tuple[str, str]]


def test_a_success(script: Script, sent: Sent) -> None:
    begin()
    call_back(script)
    assert sent == [("started", "pending"), ("succeeded", "verified")]


def test_a_completion_succeeds_by_its_code(script: Script, sent: Sent) -> None:
    begun = begin(Binding.COMPLETION, BROWSER)
    code = call_back(script, PROGRAM).completion_code
    assert sent == [("started", "pending")], "an answer is no success yet"
    flow.complete(begun.attempt.public_id, code, BROWSER)
    assert sent[1:] == [("succeeded", "verified")]


def test_a_denial(script: Script, sent: Sent) -> None:
    begin()
    script.verified = False
    call_back(script)
    assert sent[1:] == [("denied", "not_verified")]


def test_failures(script: Script, sent: Sent) -> None:
    script.verified = no_answer()
    begin()
    call_back(script)
    begin()
    refuse(script)
    flow.cancel(begin().attempt.public_id, BROWSER)
    begin()
    flow.sweep(timezone.now() + timedelta(hours=1))
    script.start_error = ProviderError(Reason.BALANCE)
    begin()
    ends = [each for each in sent if each[0] != "started"]
    assert ends == [("failed", "failed")] * 3 + [("failed", "expired"), ("failed", "failed")]


def test_a_repeat_sends_nothing(script: Script, sent: Sent) -> None:
    begin()
    call_back(script)
    for step in (call_back, refuse):
        with pytest.raises(Exception, match="already_used"):
            step(script)
    flow.sweep(timezone.now() + timedelta(hours=1))
    assert len(sent) == 2


def test_a_late_worker_sends_nothing(script: Script, sent: Sent) -> None:
    begin()
    script.during_finish = lambda: flow.sweep(timezone.now() + timedelta(seconds=61))
    call_back(script)
    assert sent == [("started", "pending"), ("failed", "failed")]


def test_signals_wait_for_the_commit(script: Script, sent: Sent) -> None:
    with transaction.atomic():
        begin()
        assert sent == []
    assert sent == [("started", "pending")]


def test_what_was_rolled_back_is_not_told(script: Script, sent: Sent) -> None:
    with transaction.atomic():
        begin()
        transaction.set_rollback(True)
    assert sent == []


def test_a_receivers_fault_undoes_nothing(script: Script, sent: Sent) -> None:
    def broken(**kwargs: Any) -> None:
        raise RuntimeError("a receiver's own")

    for name in NAMES:
        getattr(signals, f"verification_{name}").connect(broken)
    try:
        begin()
        finished = call_back(script)
    finally:
        for name in NAMES:
            getattr(signals, f"verification_{name}").disconnect(broken)
    assert finished.settled
    assert stored(finished.attempt).status == Status.VERIFIED
    assert [name for name, _ in sent] == ["started", "succeeded"], "others are told all the same"


def test_the_log_tells_the_story_without_number_or_secret(
    script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "numverify")
    begun = begin(Binding.COMPLETION, PROGRAM, handover=True)
    finished = call_back(script, PROGRAM, code="s3cret-auth-code")
    party = flow.Party(secret=begun.attempt_secret)
    flow.complete(begun.attempt.public_id, finished.completion_code, party)
    ours = [record for record in caplog.records if record.name == "numverify"]
    assert [record.__dict__["event"] for record in ours] == [
        "attempt_started",
        "attempt_claimed",
        "attempt_answered",
        "attempt_completed",
    ]
    assert {record.__dict__["correlator"] for record in ours} == {begun.attempt.correlator}
    secrets = [
        *(NUMBER, NUMBER[1:], script.last_state, begun.attempt_secret, begun.auth_url),
        *(finished.completion_code, begun.handover_token, "s3cret-auth-code"),
    ]
    text = " ".join(str(record.__dict__) for record in ours)
    assert [secret for secret in secrets if secret in text] == []


def test_a_failed_start_is_a_warning(script: Script, caplog: pytest.LogCaptureFixture) -> None:
    script.start_error = ProviderError(Reason.BALANCE)
    begin()
    (record,) = (each for each in caplog.records if each.name == "numverify")
    assert (record.levelname, record.__dict__["reason"]) == ("WARNING", "balance")
