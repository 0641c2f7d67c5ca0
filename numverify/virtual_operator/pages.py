"""The table of numbers, as text for a terminal or browser and as Markdown for the docs."""

from __future__ import annotations

from collections.abc import Iterator

from .rules import FAULTS, PLAIN, Call

_CALLS = {call.digit: f"{call.digit} {call.value}" for call in Call}
_INTRODUCTION = """\
numverify's Virtual Operator: a stand-in for Vonage and the mobile operator.

+990 911 C NNN plays a fault at call C (1 enablement, 2 auth, 3 token, 4 verify);
NNN is the HTTP status or, below 100, a fault that no status names.
"""


def _call_of(number: str) -> str:
    return _CALLS[number[len("+990911")]]


def _plain_lines() -> Iterator[str]:
    for which, example, scenario in PLAIN:
        yield f"  {which:<32} {example:<16} {scenario.plays}"


def _fault_lines() -> Iterator[str]:
    for number, scenario in FAULTS.items():
        yield f"  {number}  {_call_of(number):<13} {scenario.plays}"


def text() -> str:
    """The whole table as plain text."""
    return "\n".join([_INTRODUCTION, *_plain_lines(), "", *_fault_lines()])


def plain_markdown() -> str:
    """The plain rule as a Markdown table."""
    rows = (f"| {which} | `{number}` | {s.plays} |" for which, number, s in PLAIN)
    return "\n".join(["| number | example | plays |", "| --- | --- | --- |", *rows])


def faults_markdown() -> str:
    """The block of faults as a Markdown table."""
    rows = (f"| `{number}` | {_call_of(number)} | {s.plays} |" for number, s in FAULTS.items())
    return "\n".join(["| number | at call | plays |", "| --- | --- | --- |", *rows])
