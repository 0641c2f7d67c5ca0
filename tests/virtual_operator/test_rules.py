from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from numverify.virtual_operator import pages, rules
from numverify.virtual_operator.rules import Call, Kind, fault_number, scenario

DOCS = Path(__file__).parents[2] / "docs" / "virtual-operator.md"
digits = st.text("0123456789", min_size=1, max_size=11)


@given(digits, st.sampled_from("02468"))
def test_even_verifies(middle: str, last: str) -> None:
    number = f"+990{middle}{last}"
    assert number in rules.FAULTS or scenario(number) is rules.VERIFIED


@given(digits, st.sampled_from("13579"))
def test_odd_does_not(middle: str, last: str) -> None:
    number = f"+990{middle}{last}"
    wanted = rules.CANNOT_CHECK if number.endswith("99") else rules.NOT_VERIFIED
    assert number in rules.FAULTS or scenario(number) is wanted


@given(st.from_regex(r"\A\+[1-9][0-9]{4,14}\Z").filter(lambda n: not n.startswith("+990")))
def test_any_other_number_is_blocked(number: str) -> None:
    assert scenario(number).scope_error == "Blocked by allowlist."


def test_the_demo_numbers_play_the_plain_rule() -> None:
    assert scenario("+99012345678").verified
    assert scenario("+99012345678").fault is None
    assert not scenario("+9902345601").verified
    fault = scenario("+99012345699").fault
    assert fault is not None
    assert fault.word == "server_error"
    for _, number, played in rules.PLAIN:
        assert scenario(number) is played


@pytest.mark.parametrize("number", rules.FAULTS)
def test_fault_numbers_are_e164_and_follow_the_pattern(number: str) -> None:
    assert rules.E164.fullmatch(number)
    assert number.startswith("+990911")
    assert len(number) == len("+990911") + 4
    fault = rules.FAULTS[number].fault
    if fault:
        assert number[7] == str(list(Call).index(fault.call) + 1)
    if fault and fault.kind is Kind.STATUS and int(number[8:]) >= 100:
        assert int(number[8:]) == fault.status


def test_a_number_of_the_block_that_the_table_lacks_is_plain() -> None:
    assert scenario("+9909114776") is rules.VERIFIED


def test_every_backend_call_can_misbehave_in_every_way() -> None:
    kinds = {Kind.STATUS, Kind.REDIRECT, Kind.MALFORMED, Kind.OVERSIZED, Kind.WRONG_TYPES}
    kinds |= {kind for kind in Kind if kind.on_wire}
    for call in (Call.ENABLEMENT, Call.TOKEN, Call.VERIFY):
        played = {s.fault.kind for s in rules.FAULTS.values() if s.fault and s.fault.call is call}
        assert kinds <= played


def test_fault_number() -> None:
    assert fault_number(Call.VERIFY, 503) == "+9909114503"
    assert fault_number(Call.ENABLEMENT, 1) == "+9909111001"


def test_the_docs_print_exactly_this_table() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert pages.plain_markdown() in text
    assert pages.faults_markdown() in text
    # No row of an older table is left over.
    assert text.count("+990911") - pages.faults_markdown().count("+990911") <= 6


def test_the_text_page_lists_every_number() -> None:
    text = pages.text()
    assert all(number in text for number in rules.FAULTS)
