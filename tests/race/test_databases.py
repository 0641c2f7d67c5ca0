"""Databases that are set up otherwise than advised, or do not serve us.

Nothing is let in twice, and what cannot be served is 503 with ``Retry-After``, never 500.
"""

from __future__ import annotations

import pytest

from .conftest import Contest
from .contest import CONTENDERS

pytestmark = [pytest.mark.race, pytest.mark.slow]

STATES = 40


def test_each_state_is_exchanged_once_however_the_database_is_set_up(contest: Contest) -> None:
    """SQLite with a rollback journal and deferred transactions; REPEATABLE READ.

    PostgreSQL then refuses an UPDATE that waited for another one: those contenders are
    told to try again, and would learn that the state has been used.
    """
    outcome = contest("callbacks", STATES, atomic=True, setup="plain")
    assert outcome.exchanges == outcome.spent == outcome.claimed == STATES
    assert outcome.in_transaction == 0
    assert outcome.statuses["200"] == outcome.codes == outcome.booleans == STATES
    assert outcome.statuses.keys() <= {"200", "409", "503"}
    assert outcome.hasty == 0


def test_a_locked_row_is_neither_claimed_nor_spent(contest: Contest) -> None:
    outcome = contest("locked", 1, setup="impatient")
    assert outcome.statuses == {"503": CONTENDERS}
    assert outcome.hasty == 0
    assert outcome.exchanges == outcome.claimed == 0
    assert outcome.rows == {"pending": 1}
