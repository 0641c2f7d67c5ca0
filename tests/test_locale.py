"""German and Spanish are complete, current, and promise no more than English does."""

from __future__ import annotations

import gettext
import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.utils import translation

import numverify
from numverify import wording
from numverify.exceptions import Reason
from numverify.models import Status, VerificationAttempt
from numverify.wording.errors import ERRORS
from numverify.wording.reasons import REASONS, STATUSES

from .pages import STATES

PACKAGE = Path(numverify.__path__[0])
LANGUAGES = ("de", "es")
TOOLS = ("xgettext", "msginit", "msgmerge", "msgfmt", "msgattrib")
# What stays as it is: parameters, tags, addresses, what programs send, numbers.
KEPT = re.compile(r"%\(\w+\)[sd]|%[sd%]|</?\w+>|\{\w*\}|application/json|\+?\d[\d ]*\d|step_up")


def po(language: str) -> Path:
    return PACKAGE / f"locale/{language}/LC_MESSAGES/django.po"


def catalog(path: Path) -> dict[str, list[str]]:
    """Each sentence with its translations: one, or one for each plural form."""
    with path.open("rb") as file:
        entries: dict[Any, str] = vars(gettext.GNUTranslations(file))["_catalog"]
    found: dict[str, list[str]] = {}
    for key, text in sorted(entries.items(), key=lambda entry: str(entry[0])):
        found.setdefault(key if isinstance(key, str) else key[0], []).append(text)
    found.pop("", None)
    return found


def shipped(language: str) -> dict[str, list[str]]:
    return catalog(po(language).with_suffix(".mo"))


def run(*command: str | Path, cwd: Path) -> None:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}
    done = subprocess.run(
        command, cwd=cwd, env=ours, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def tools() -> None:
    """GNU gettext; where it is absent a skip, in CI a failure."""
    absent = [tool for tool in TOOLS if not shutil.which(tool)]
    if absent:
        say = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        say(f"GNU gettext is not installed: {', '.join(absent)}")


@pytest.fixture(scope="module")
def extracted(tools: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What ``makemessages`` finds in a copy of the package now; English is its own translation."""
    folder = tmp_path_factory.mktemp("extracted")
    copy = folder / "numverify"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("locale", "__pycache__"))
    (copy / "locale").mkdir()
    command = [sys.executable, "-P", "-m", "django", "makemessages", "--keep-pot", "--locale", "de"]
    run(*command, cwd=copy)
    pot = f"--input={copy / 'locale/django.pot'}"
    run("msginit", "--no-translator", "--locale=en", pot, "--output-file=en.po", cwd=folder)
    run("msgfmt", "en.po", "--output-file=en.mo", cwd=folder)
    return catalog(folder / "en.mo")


# -- the files -----------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated_and_none_is_left_over(
    language: str, extracted: dict[str, list[str]]
) -> None:
    """Fuzzy and empty translations are not in the compiled file. See ``make messages``."""
    done = shipped(language)
    assert sorted(extracted.keys() - done.keys()) == []
    assert sorted(done.keys() - extracted.keys()) == []
    assert len(done) > 200


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_file_is_that_of_the_source(
    language: str, tools: None, tmp_path: Path
) -> None:
    run("msgfmt", "--check", po(language), "--output-file", tmp_path / "now.mo", cwd=tmp_path)
    assert catalog(tmp_path / "now.mo") == shipped(language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["untranslated", "only-fuzzy", "only-obsolete"])
def test_nothing_is_half_done(language: str, kind: str, tools: None, tmp_path: Path) -> None:
    found = tmp_path / "found.po"
    run("msgattrib", f"--{kind}", "--force-po", "-o", found, po(language), cwd=tmp_path)
    assert re.findall(r'^(?:#~ )?msgid "(?!"$)(.*)"', found.read_text(), re.MULTILINE) == []


# -- the sentences -------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_parameters_tags_and_numbers_are_kept(language: str) -> None:
    for sentence, translations in shipped(language).items():
        for text in translations:
            assert sorted(KEPT.findall(text)) == sorted(KEPT.findall(sentence)), sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_end_as_in_english_and_labels_begin_as_they_should(language: str) -> None:
    for sentence, translations in shipped(language).items():
        for text in translations:
            ends = [one[-1] if one[-1] in ".?!:" else "" for one in (sentence, text)]
            assert ends[0] == ends[1], sentence
            assert text == text.strip()
            if sentence[-1] == ".":
                assert text[0] in "¿¡+" or text[0].isupper() or text.startswith("next "), sentence


@pytest.mark.parametrize(
    ("language", "familiar"),
    [
        ("de", r"\b(du|dich|dir|dein\w*|euch|euer\w*)\b"),
        ("es", r"\b(tú|tu|tus|ti|contigo|te|vosotros|vuestr\w+)\b"),
    ],
)
def test_people_are_addressed_politely(language: str, familiar: str) -> None:
    for translations in shipped(language).values():
        for text in translations:
            assert not re.search(familiar, text, re.IGNORECASE), text


@pytest.mark.parametrize(("language", "verified"), [("de", "verifiziert"), ("es", "verificad")])
def test_only_a_verified_attempt_is_called_so(language: str, verified: str) -> None:
    with translation.override(language):
        assert verified in str(STATUSES["verified"].title)
        for name, words in {**REASONS, **STATUSES}.items():
            said = f"{words.title} {words.text}".lower()
            assert (verified in said) is (name == "verified")


@pytest.mark.parametrize("language", LANGUAGES)
def test_wi_fi_is_advice_and_never_a_finding(language: str) -> None:
    with translation.override(language):
        for words in {**REASONS, **STATUSES, **ERRORS}.values():
            assert not re.search(r"wi-?fi|wlan|vpn", f"{words.title} {words.text}", re.IGNORECASE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_reasons_say_the_same(language: str) -> None:
    with translation.override(language):
        texts = [str(words.text) for words in REASONS.values()]
    assert len(set(texts)) == len(texts)


# -- the pages -----------------------------------------------------------------------


class Texts(HTMLParser):
    """What a page says: text and spoken attributes, save where it says not to translate."""

    SPOKEN = ("aria-label", "alt", "title", "placeholder", "data-nv-soon")
    VOID = frozenset(("meta", "link", "input", "img", "br", "hr"))

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._kept = [False]
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        kept = self._kept[-1] or given.get("translate") == "no"
        if not kept:
            self.found += [given[name] or "" for name in self.SPOKEN if name in given]
        if tag not in self.VOID:
            self._kept.append(kept)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self._kept.pop()

    def handle_endtag(self, tag: str) -> None:
        self._kept.pop()

    def handle_data(self, text: str) -> None:
        if not self._kept[-1] and re.search(r"[^\W\d_]", text):
            self.found.append(" ".join(text.split()))


# The words of the owner and of the site; a name; an example number.
SAME_EVERYWHERE = {"Words of the owner.", "120.00 EUR, Ada", "VPN", "+44 20 7946 0958"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", STATES)
def test_no_page_has_english_left(state: str, language: str) -> None:
    with translation.override("en"):
        english = Texts(STATES[state]().text).found
    with translation.override(language):
        translated = Texts(STATES[state]().text).found
    assert english
    left = {text for text in set(english) & set(translated) if text not in SAME_EVERYWHERE}
    assert left == set()


def test_a_sentence_that_is_not_marked_for_translation_is_noticed() -> None:
    page = '<p>One <b>two</b><br><i translate="no">three</i></p><svg aria-label="four"/> 5'
    assert Texts(page).found == ["One", "two", "four"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_for_staff_are_translated(language: str) -> None:
    models = [model._meta for model in apps.get_app_config("numverify").get_models()]
    fields = [field for meta in models for field in meta.fields]

    def labels() -> list[str]:
        names = [name for meta in models for name in (meta.verbose_name, meta.verbose_name_plural)]
        columns = [field.verbose_name for field in fields]
        choices = [label for field in fields for _, label in field.flatchoices]
        return [str(label) for label in (*names, *columns, *choices)]

    with translation.override("en"):
        english = labels()
    with translation.override(language):
        translated = labels()
    same = {a for a, b in zip(english, translated, strict=True) if a == b}
    # Not shown to anybody: Django makes these names from the columns'.
    unseen = {field.name.replace("_", " ") for field in fields}
    assert same - unseen <= {"ID", "JSON", "status", "virtual", "detail"}


# -- JSON ----------------------------------------------------------------------------


@pytest.mark.parametrize("language", [*LANGUAGES, "en"])
@pytest.mark.django_db
def test_the_detail_follows_accept_language_and_the_code_does_not(
    client: Any, script: Any, language: str
) -> None:
    answer = client.post(
        "/login",
        json.dumps({"phone": "12"}),
        content_type="application/json",
        headers={"Accept-Language": f"{language}-XX, en;q=0.5"},
    )
    with translation.override(language):
        expected = str(wording.for_error("invalid_phone").text)
    assert answer.json() == {"error": "invalid_phone", "detail": expected}
    assert "Accept-Language" in answer["Vary"]
    assert answer["Content-Language"] == language


@pytest.mark.parametrize(
    ("language", "words"),
    [("de", "Das Mobilfunknetz hat diese Nummer"), ("es", "La red móvil no ha confirmado")],
)
def test_sentences_are_translated_when_they_are_said_and_not_when_imported(
    language: str, words: str
) -> None:
    attempt = VerificationAttempt(status=Status.NOT_VERIFIED, reason=Reason.NUMBER_MISMATCH)
    with translation.override(language):
        assert str(wording.for_attempt(attempt).text).startswith(words)
