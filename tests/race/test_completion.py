"""Both halves, many at once: one of them completes, and guesses are counted exactly."""

from __future__ import annotations

import pytest

from .conftest import Contest
from .contest import CONTENDERS

pytestmark = [pytest.mark.race, pytest.mark.slow]

STATES = 40
TRIES = 5


def test_the_right_code_completes_once(contest: Contest) -> None:
    outcome = contest("completions", STATES)
    assert outcome.faults == []
    assert outcome.rows == {"verified": STATES}
    assert outcome.exchanges == 0
    # Up to five may test the code at once; one is told that it completed.
    assert outcome.statuses == {"200": STATES, "409": STATES * (CONTENDERS - 1)}


def test_a_burst_of_guesses_has_five_tries(contest: Contest) -> None:
    outcome = contest("guesses", STATES)
    assert outcome.faults == []
    assert outcome.rows == {"failed": STATES}
    assert outcome.tries == [TRIES]
    assert outcome.statuses.keys() == {"403", "409"}
    assert outcome.statuses["403"] <= STATES * TRIES
