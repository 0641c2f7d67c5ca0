"""One proof for one payment, sent many times at once: one of them is made."""

from __future__ import annotations

import pytest

from .conftest import Contest
from .contest import CONTENDERS

pytestmark = [pytest.mark.race, pytest.mark.slow]

PAYMENTS = 40


@pytest.mark.parametrize("atomic", [False, True])
def test_a_proof_is_used_once(contest: Contest, *, atomic: bool) -> None:
    outcome = contest("payments", PAYMENTS, atomic=atomic)
    assert outcome.faults == []
    assert outcome.statuses == {"200": PAYMENTS, "403": PAYMENTS * (CONTENDERS - 1)}


def test_the_contest_would_find_a_read_that_is_followed_by_a_save(contest: Contest) -> None:
    outcome = contest("payments", PAYMENTS, planted=True)
    assert outcome.statuses["200"] > PAYMENTS
