"""One code, one exchange: whoever brings it back, as often, and wherever at once."""

from __future__ import annotations

import pytest

from .conftest import Contest
from .contest import CONTENDERS, Outcome

pytestmark = [pytest.mark.race, pytest.mark.slow]

STATES = 200
# Fewer do to see a bug that shows in one state of three or more.
PLANTED_STATES = 50
REFUSED_STATES = 40


def assert_exactly_once(outcome: Outcome, *, states: int, answers: int) -> None:
    """Each state was claimed and exchanged once; all others were told so, in peace."""
    assert outcome.faults == []
    assert outcome.exchanges == outcome.spent == states
    assert outcome.claimed == states
    assert outcome.rows == {"awaiting_completion": states}
    # Nothing else: no 5xx, and one boolean and one completion code for each state.
    assert outcome.statuses == {"200": states, "409": answers - states}
    assert outcome.booleans == outcome.codes == states


@pytest.mark.parametrize("atomic", [False, True], ids=["autocommit", "atomic_requests"])
def test_each_state_is_claimed_and_exchanged_once(contest: Contest, atomic: bool) -> None:
    outcome = contest("callbacks", STATES, atomic=atomic)
    assert_exactly_once(outcome, states=STATES, answers=STATES * CONTENDERS)
    assert outcome.in_transaction == 0


def test_the_test_above_notices_a_claim_that_reads_then_saves(contest: Contest) -> None:
    outcome = contest("callbacks", PLANTED_STATES, planted=True)
    assert outcome.exchanges > PLANTED_STATES
    answers = PLANTED_STATES * CONTENDERS
    with pytest.raises(AssertionError):
        assert_exactly_once(outcome, states=PLANTED_STATES, answers=answers)


def test_a_thousand_callbacks_with_one_state_exchange_once(contest: Contest) -> None:
    outcome = contest("one_state", 1000 // CONTENDERS)
    assert_exactly_once(outcome, states=1, answers=1000)


def test_a_code_and_an_error_for_one_state_settle_it_once(contest: Contest) -> None:
    outcome = contest("refusals", REFUSED_STATES)
    assert outcome.faults == []
    assert outcome.rows.keys() <= {"failed", "awaiting_completion"}
    won, refused = (outcome.rows.get(one, 0) for one in ("awaiting_completion", "failed"))
    assert won + refused == REFUSED_STATES
    assert outcome.exchanges == outcome.booleans == outcome.codes == won
    # A refusal that came too late is a repeat, and learns nothing of the answer.
    expected = {"200": won, "403": refused, "409": REFUSED_STATES * (CONTENDERS - 1)}
    assert outcome.statuses == {status: count for status, count in expected.items() if count}
