"""A phone takes over what another screen began."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from numverify import flow
from numverify.exceptions import AttemptExpired, OtherBrowser, UnknownAttempt
from numverify.models import Binding, Status, VerificationAttempt
from tests.fakes import Script

from .steps import BROWSER, PHONE, PROGRAM, begin, call_back, refuse, stored

pytestmark = pytest.mark.django_db
OTHER_PHONE = replace(PHONE, nonce="another phone's nonce")


@pytest.fixture
def begun(script: Script) -> flow.Begun:
    return begin(Binding.COMPLETION, BROWSER, handover=True)


def test_the_link_names_its_attempt(begun: flow.Begun) -> None:
    row = flow.handed_over(begun.handover_token)
    assert row == begun.attempt
    assert not flow.is_handset(row, PHONE), "looking is not taking"
    assert stored(row).handset_nonce_hmac == ""


def test_the_first_phone_has_it_for_good(begun: flow.Begun) -> None:
    taken = flow.take_over(begun.handover_token, PHONE)
    assert flow.is_handset(taken, PHONE)
    assert flow.is_handset(flow.take_over(begun.handover_token, PHONE), PHONE)
    for other in (OTHER_PHONE, BROWSER):
        with pytest.raises(OtherBrowser):
            flow.take_over(begun.handover_token, other)
    assert flow.is_handset(stored(taken), PHONE)
    assert not flow.is_handset(stored(taken), OTHER_PHONE)
    assert not flow.is_handset(stored(taken), PROGRAM)


def test_the_phone_brings_it_back_and_the_desktop_types_the_code(
    script: Script, begun: flow.Begun
) -> None:
    flow.take_over(begun.handover_token, PHONE)
    finished = call_back(script, PHONE)
    assert finished.attempt.status == Status.AWAITING_COMPLETION
    with pytest.raises(UnknownAttempt):
        flow.find(begun.attempt.public_id, PHONE)
    row = flow.complete(begun.attempt.public_id, finished.completion_code.lower(), BROWSER)
    assert row.status == Status.VERIFIED


@pytest.mark.parametrize(
    "party",
    [OTHER_PHONE, BROWSER, PROGRAM, replace(PHONE, is_document=False), replace(PHONE, nonce="")],
    ids=["another phone", "the desktop", "a program", "an image on the phone", "no session"],
)
def test_nobody_else_brings_it_back(script: Script, begun: flow.Begun, party: flow.Party) -> None:
    """T3: nor does a page on the phone that loads the link as an image or a frame."""
    flow.take_over(begun.handover_token, PHONE)
    with pytest.raises(OtherBrowser):
        call_back(script, party)
    assert stored(begun.attempt).status == Status.PENDING
    assert script.finished == []
    assert call_back(script, PHONE).settled


def test_a_phone_whose_browser_sends_no_fetch_metadata(script: Script, begun: flow.Begun) -> None:
    old = replace(PHONE, is_browser=False, is_document=False)
    flow.take_over(begun.handover_token, old)
    assert call_back(script, old).completion_code


def test_the_phone_may_refuse(script: Script, begun: flow.Begun) -> None:
    flow.take_over(begun.handover_token, PHONE)
    assert refuse(script, PHONE).attempt.status == Status.FAILED


def test_keys_may_rotate_on_the_way(script: Script, begun: flow.Begun, configure: Any) -> None:
    flow.take_over(begun.handover_token, PHONE)
    configure(HMAC_KEYS={"test-3": "k3", "test-2": "tests-only-hmac-key-two"})
    assert flow.is_handset(flow.take_over(begun.handover_token, PHONE), PHONE)
    assert call_back(script, PHONE).settled


def test_other_tokens_are_nobodys(script: Script, begun: flow.Begun) -> None:
    public_id, _, secret = begun.handover_token.partition(".")
    plain = begin(Binding.COMPLETION).attempt.public_id
    for token in (
        *("", ".", "junk", public_id, f"{public_id}.", f"{public_id}.x", f".{secret}"),
        *(f"{plain}.{secret}", f"{plain}.", f"{public_id}.\ud800", begun.attempt.handover_hash),
    ):
        with pytest.raises(UnknownAttempt):
            flow.handed_over(token)
        with pytest.raises(UnknownAttempt):
            flow.take_over(token, PHONE)


def test_another_environment_does_not_know_it(begun: flow.Begun, configure: Any) -> None:
    configure(ENVIRONMENT="playground")
    with pytest.raises(UnknownAttempt):
        flow.handed_over(begun.handover_token)


def test_a_late_phone_finds_it_expired(script: Script) -> None:
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        begun = begin(Binding.COMPLETION, BROWSER, handover=True)
        clock.shift(timedelta(seconds=300))
        for step in (flow.handed_over, lambda token: flow.take_over(token, PHONE)):
            with pytest.raises(AttemptExpired):
                step(begun.handover_token)
    assert stored(begun.attempt).status == Status.EXPIRED


@pytest.mark.parametrize("status", [each for each in Status if each != Status.PENDING])
def test_what_is_no_longer_pending_is_not_taken(begun: flow.Begun, status: Status) -> None:
    VerificationAttempt.objects.update(status=status)
    with pytest.raises(AttemptExpired):
        flow.take_over(begun.handover_token, PHONE)
    assert stored(begun.attempt).handset_nonce_hmac == ""
