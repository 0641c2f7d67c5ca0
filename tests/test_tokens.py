"""Random values, their digests, and what is sealed."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest
import time_machine
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from numverify import tokens

TEXTS = st.text()  # lone surrogates are left out: what is sealed is our own


def test_states_have_the_wires_length_and_alphabet() -> None:
    states = {tokens.new_state() for _ in range(1000)}
    assert len(states) == 1000
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{20}", state) for state in states)
    assert all(tokens.STATE.fullmatch(state) for state in states)


@pytest.mark.parametrize(
    "state", ["", "a" * 19, "a" * 65, "a" * 20 + "\n", "é" * 20, "a" * 19 + "\x00", "a" * 19 + "="]
)
def test_other_states_are_nobodys(state: str) -> None:
    assert not tokens.STATE.fullmatch(state)


def test_secrets_have_256_bits() -> None:
    assert len({tokens.new_secret() for _ in range(1000)}) == 1000
    assert len(tokens.new_secret()) == 43


def test_typed_codes_have_forty_bits_that_can_be_read_out() -> None:
    codes = [tokens.new_typed_code() for _ in range(1000)]
    assert len(set(codes)) == 1000
    pattern = re.compile("[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}")
    assert all(pattern.fullmatch(code) for code in codes)
    assert len({char for code in codes for char in code}) == 33


@pytest.mark.parametrize(
    "typed", ["K7QP-3M0D", "k7qp3m0d", " K7QP 3M0D ", "k7qp-3mod", "K7-QP-3M-0D", "K7QP3MOD"]
)
def test_peoples_spellings_are_one(typed: str) -> None:
    assert tokens.from_typed(typed) == "K7QP3M0D"


@given(st.integers(0, 2**40 - 1))
def test_a_reference_holds_its_number_and_survives_typing(number: int) -> None:
    text = tokens.crockford(number, 8)
    assert sum(tokens.CROCKFORD.index(char) << 5 * i for i, char in enumerate(text[::-1])) == number
    assert tokens.from_typed(tokens.grouped(text).lower()) == text


def test_digests() -> None:
    assert tokens.digest("abc") == hashlib.sha256(b"abc").hexdigest()


@pytest.mark.parametrize("text", ["\ud800", "code\udfff", "é", "", "\x00", "😀"])
def test_whatever_json_can_carry_has_a_digest(text: str) -> None:
    """A lone surrogate must be a wrong secret, not an exception and a 500."""
    assert re.fullmatch("[0-9a-f]{64}", tokens.digest(text))
    assert len(tokens.keyed_all("completion", text)) == 2


def test_matching() -> None:
    assert tokens.matches("abc", "abc")
    assert not tokens.matches("abc", "abd")
    assert not tokens.matches("", ""), "a column that was never filled matches nothing"
    assert not tokens.matches("", "abc")


def test_an_hmac_serves_one_purpose() -> None:
    assert tokens.keyed("phone", "x")[1] != tokens.keyed("browser", "x")[1]
    assert tokens.keyed("phone", "x")[0] == "test-2"


def test_all_keys_search_and_the_first_signs(configure: Any) -> None:
    old = tokens.keyed("phone", "x")[1]
    configure(HMAC_KEYS={"third": "k3", "test-2": "tests-only-hmac-key-two"})
    assert tokens.keyed_all("phone", "x")[0] == tokens.keyed("phone", "x")[1]
    assert tokens.keyed_all("phone", "x")[1] == old


def test_without_keys_djangos_secret_key_signs(configure: Any, settings: Any) -> None:
    configure(HMAC_KEYS={})
    key_id, made = tokens.keyed("phone", "x")
    assert key_id == "secret-key"
    settings.SECRET_KEY = "another" * 8
    assert tokens.keyed("phone", "x")[1] != made


# -- sealed --------------------------------------------------------------------------
@given(TEXTS)
def test_what_is_sealed_comes_back(text: str) -> None:
    sealed = tokens.seal(text)
    assert tokens.unseal(sealed, 300) == text
    assert len(text) < 4 or text not in sealed


@pytest.mark.parametrize(("age", "found"), [(0, True), (299, True), (302, False), (10**6, False)])
def test_what_is_sealed_ages(age: int, *, found: bool) -> None:
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        sealed = tokens.seal("text")
        clock.shift(age)
        assert (tokens.unseal(sealed, 300) == "text") is found


def test_sealed_across_a_rotation(configure: Any) -> None:
    configure(HMAC_KEYS={"a": "one"})
    sealed = tokens.seal("text")
    configure(HMAC_KEYS={"b": "two", "a": "one"})
    assert tokens.unseal(sealed, 300) == "text"
    newer = tokens.seal("text")
    configure(HMAC_KEYS={"b": "two"})
    assert tokens.unseal(sealed, 300) is None
    assert tokens.unseal(newer, 300) == "text"


@given(st.text())
def test_what_nobody_sealed_is_none(text: str) -> None:
    assert tokens.unseal(text, 300) is None


def test_forged_or_changed_is_none() -> None:
    sealed = tokens.seal("text")
    assert tokens.unseal(Fernet(Fernet.generate_key()).encrypt(b"text").decode(), 300) is None
    assert tokens.unseal(sealed[:-6] + "AAAA" + sealed[-2:], 300) is None
    assert tokens.unseal("\ud800", 300) is None
