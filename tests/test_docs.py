"""The docs stay true: settings, codes, numbers and links are what the code has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from numverify import exceptions
from numverify.defaults import DEFAULT_LIMITS, DEFAULTS
from numverify.exceptions import FlowError, Reason
from numverify.virtual_operator import rules

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
HTTP = (ROOT / "docs" / "http.md").read_text()
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def settings_table() -> dict[str, str]:
    table = README.split("<!-- settings:begin -->")[1].split("<!-- settings:end -->")[0]
    return dict(re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", table, re.MULTILINE))


def test_the_settings_table_has_every_key_and_no_other() -> None:
    assert settings_table().keys() == DEFAULTS.keys()


@pytest.mark.parametrize("key", sorted(DEFAULTS.keys() - {"PROVIDERS", "LIMITS"}))
def test_the_settings_table_tells_the_defaults(key: str) -> None:
    shown = settings_table()[key].strip("`")
    assert shown == repr(DEFAULTS[key]).replace("'", '"')


def test_the_buckets_of_limits_are_told() -> None:
    for bucket, limit in DEFAULT_LIMITS.items():
        assert limit is not None
        assert f"`{bucket}` ({limit[0]}" in README.replace("\n", " ")
        assert re.search(rf"`{bucket}` \({limit[0]}[^)]*{limit[1]}", README)


def codes() -> set[str]:
    classes = [value for value in vars(exceptions).values() if isinstance(value, type)]
    errors = {c.code for c in classes if issubclass(c, FlowError) and c is not FlowError}
    # A mismatch is an answer, never an error.
    return errors | set(Reason) - {Reason.NUMBER_MISMATCH}


@pytest.mark.parametrize("code", sorted(codes()))
def test_every_stable_code_is_documented(code: str) -> None:
    assert f"`{code}`" in HTTP


def test_the_numbers_of_the_readme_do_what_it_says() -> None:
    told = dict(re.findall(r"^\| ends with .*?`(\+990\d+)` \| (.*?) \|", README, re.MULTILINE))
    assert set(told) == {number for _, number, _ in rules.PLAIN if number.startswith("+990")}
    for number, outcome in told.items():
        scenario = rules.scenario(number)
        word = {rules.VERIFIED: "verified", rules.NOT_VERIFIED: "not verified"}.get(scenario)
        assert outcome.startswith(word or "could not find out")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_images_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", text) + re.findall(r'src="([^"]+)"', text)
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_nothing_is_left_to_fill_in(page: Path) -> None:
    assert not re.search(r"@@|TBD|FIXME", page.read_text())
