"""Words for every status, reason and code; none says more than is known."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest
from django.utils.functional import Promise

import numverify.forms
import numverify.views.http
from numverify import wording
from numverify.exceptions import FlowError, Reason
from numverify.models import TERMINAL, Status
from numverify.wording.errors import ERRORS
from numverify.wording.reasons import REASONS, STATUSES

VIEW_CODES = {
    "csrf_failed",
    "method_not_allowed",
    "unsupported_media_type",
    "too_large",
    "invalid_json",
    "invalid_phone",
    "required",
    "invalid_purpose",
    "invalid_binding",
    "invalid_next",
    "invalid_request",
    "not_available",
    "session_lost",
    "server_configuration",
}
JARGON = re.compile(
    r"\b(API|HTTP|JWT|token|OAuth|CAMARA|Vonage|upstream|backend|server|timeout|null|state|hash"
    r"|callback|redirect|session-bound|HMAC)\b",
    re.IGNORECASE,
)
# What only programs send and read.
FOR_PROGRAMS = {code for code in ERRORS if code.startswith("invalid_")} | {
    "unsupported_media_type",
    "too_large",
    "method_not_allowed",
}


@dataclass(frozen=True)
class Row:
    """What the wording reads of an attempt."""

    status: str
    reason: str = ""
    claimed_at: object = None
    user_id: object = 1


def _codes_in_source() -> set[str]:
    """Codes that are given where an error is raised: ``InvalidCallback(code="...")``."""
    families = {family.__name__ for family in _family(FlowError)}
    found = set()
    for path in Path(numverify.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _name(node.func) in families:
                given = [key.value for key in node.keywords if key.arg == "code"]
                first = [*given, *node.args][:1]
                found |= {str(arg.value) for arg in first if isinstance(arg, ast.Constant)}
    return found


def _name(node: ast.expr) -> str:
    return str(getattr(node, "attr", getattr(node, "id", "")))


def _family(root: type[FlowError]) -> set[type[FlowError]]:
    return {root}.union(*(_family(member) for member in root.__subclasses__()))


def _form_codes() -> set[str]:
    names = {*numverify.forms.StartForm.base_fields, *numverify.forms.CompleteForm.base_fields}
    return {f"invalid_{name}" for name in names}


def _all_words() -> dict[str, wording.Wording]:
    return {**STATUSES, **REASONS, **ERRORS}


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_its_own_words(reason: Reason) -> None:
    assert str(reason) in REASONS
    assert wording.for_reason(reason) is REASONS[reason]
    assert wording.for_error(reason) in (REASONS[reason], ERRORS.get(reason))


def test_no_two_reasons_say_the_same() -> None:
    texts = [str(words.text) for words in REASONS.values()]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(
    "code",
    sorted(
        {family.code for family in _family(FlowError)}
        | _codes_in_source()
        | VIEW_CODES
        | _form_codes()
    ),
)
def test_every_code_has_its_own_words(code: str) -> None:
    assert code in {**REASONS, **ERRORS}
    assert wording.for_error(code) is {**REASONS, **ERRORS}[code]


def test_a_code_of_another_version_gets_the_general_words() -> None:
    assert wording.for_error("made_up") is ERRORS["refused"]
    assert wording.for_reason("made_up") is REASONS[Reason.UNKNOWN]
    assert wording.for_attempt(Row("made_up")) is REASONS[Reason.UNKNOWN]


@pytest.mark.parametrize("status", Status.values)
@pytest.mark.parametrize("reason", ["", "made_up", *Reason])
def test_every_attempt_has_words(status: str, reason: str) -> None:
    for user_id in (None, 1):
        for claimed_at in (None, "now"):
            words = wording.for_attempt(Row(status, reason, claimed_at, user_id))
            assert words.title
            assert words.text


@pytest.mark.parametrize("status", sorted(set(Status.values) - {Status.VERIFIED}))
@pytest.mark.parametrize("reason", ["", *Reason])
def test_only_a_verified_attempt_is_called_so(status: str, reason: str) -> None:
    words = wording.for_attempt(Row(status, reason))
    said = f"{words.title} {words.text}".lower()
    assert "verified" not in said
    assert not re.search(r"(?<!did not )\bconfirmed\b", said) or "not confirmed" in said


@pytest.mark.parametrize("reason", ["", *Reason])
def test_a_reason_changes_nothing_of_a_definite_answer(reason: str) -> None:
    assert wording.for_attempt(Row("verified", reason)) is STATUSES["verified"]
    assert wording.for_attempt(Row("not_verified", reason)) is REASONS[Reason.NUMBER_MISMATCH]


def test_ends_are_told_apart() -> None:
    late, untyped = Reason.NO_CALLBACK, Reason.NOT_COMPLETED
    assert wording.for_attempt(Row("expired", late)) is REASONS[late]
    assert wording.for_attempt(Row("expired", untyped)) is REASONS[untyped]
    assert wording.for_attempt(Row("expired")) is STATUSES["expired"]
    assert wording.for_attempt(Row("failed", "cancelled")) is REASONS[Reason.CANCELLED]


def test_strangers_cannot_tell_whose_number_an_operator_knows() -> None:
    seen = {
        id(wording.for_attempt(Row("failed", reason, claimed_at=None, user_id=None)))
        for reason in wording.ENUMERABLE
    }
    assert seen == {id(ERRORS["not_available"])}


@pytest.mark.parametrize("reason", sorted(wording.ENUMERABLE))
def test_users_are_told_the_reason(reason: str) -> None:
    assert wording.for_attempt(Row("failed", reason, user_id=1)) is REASONS[reason]


@pytest.mark.parametrize("reason", sorted(wording.ENUMERABLE))
def test_after_the_callback_the_phone_itself_is_told(reason: str) -> None:
    row = Row("failed", reason, claimed_at="now", user_id=None)
    assert wording.for_attempt(row) is REASONS[reason]


@pytest.mark.parametrize(("code", "words"), _all_words().items())
def test_words_are_whole_sentences_that_can_be_translated(
    code: str, words: wording.Wording
) -> None:
    for field in fields(words):
        value: Any = getattr(words, field.name)
        assert value == "" or isinstance(value, Promise)
        assert not re.search(r"[{}%<>]", str(value))
    assert not str(words.title).endswith(".")
    assert str(words.text)[0].isupper()
    assert str(words.text).endswith((".", "!"))
    assert words.action or code == "verified"


@pytest.mark.parametrize(("code", "words"), _all_words().items())
def test_no_jargon_for_people(code: str, words: wording.Wording) -> None:
    if code not in FOR_PROGRAMS:
        assert not JARGON.search(f"{words.title} {words.text} {words.action}")


@pytest.mark.parametrize(("code", "words"), _all_words().items())
def test_wi_fi_is_advice_and_never_a_finding(code: str, words: wording.Wording) -> None:
    # No answer of the API proves which network the phone was on.
    assert not re.search(r"wi-?fi|vpn|hotspot", f"{words.title} {words.text}", re.IGNORECASE)


def test_a_terminal_attempt_never_asks_to_wait() -> None:
    for status in TERMINAL:
        for reason in ("", *Reason):
            words = wording.for_attempt(Row(status, reason))
            assert words not in (STATUSES["pending"], STATUSES["claimed"])
