from __future__ import annotations

import pytest

from numverify.virtual_operator.context import Context
from numverify.virtual_operator.jwts import JwtCheck
from numverify.virtual_operator.keys import public_pem
from numverify.virtual_operator.ledger import Grant, Ledger
from numverify.virtual_operator.messages import Reply, Request

from .wire import EVEN, STATE, Clock

GRANT = Grant(sim=EVEN, state=STATE)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(clock: Clock) -> Ledger:
    return Ledger(clock=clock, code_seconds=60, token_seconds=300)


def test_what_is_over_is_forgotten(ledger: Ledger, clock: Clock) -> None:
    for _ in range(50):
        ledger.new_ticket(GRANT)
        ledger.new_code(GRANT)
        ledger.exchange(ledger.new_code(GRANT))
    clock.now += 300
    ledger.new_ticket(GRANT)
    assert [len(shelf._kept) for shelf in ledger._shelves] == [1, 0, 0]
    assert ledger._token_of == {}


def test_a_ticket_is_no_code_and_a_code_no_token(ledger: Ledger) -> None:
    ticket, code = ledger.new_ticket(GRANT), ledger.new_code(GRANT)
    assert ledger.exchange(ticket) is None
    assert ledger.spend(code) is None
    assert ledger.spend("") is None
    assert ledger.take_ticket(code) is None
    assert ledger.take_ticket(ticket) == GRANT


def test_each_is_unguessable_and_new(ledger: Ledger) -> None:
    codes = {ledger.new_code(GRANT) for _ in range(100)}
    assert len(codes) == 100
    assert min(map(len, codes)) >= 43


def test_reprs_hold_nothing(ledger: Ledger, clock: Clock, private_keys: tuple[str, str]) -> None:
    check = JwtCheck("app", [public_pem(private_keys[0])], clock=clock, leeway_seconds=5)
    context = Context("app", "http://x/callback", 29, check, ledger)
    request = Request("GET", "/p", f"state={STATE}", {"authorization": EVEN}, EVEN.encode(), "")
    reply = Reply(200, EVEN.encode(), headers=(("Location", STATE),))
    for thing in (GRANT, context, request, reply, ledger):
        assert EVEN not in repr(thing)
        assert STATE not in repr(thing)
