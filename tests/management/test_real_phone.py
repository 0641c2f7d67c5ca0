"""A real SIM: the site starts the attempt, a phone's browser opens it, a person types."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from numverify import flow, sessions
from numverify.handset import Outcome, Result
from numverify.management import real_phone
from numverify.models import VerificationAttempt
from tests.fakes import Script, no_answer

PHONE = "+442079460958"
ON_PHONE = flow.Party(nonce="the-phones-browser", is_browser=True, is_document=True)
Line = str | None | Callable[[], str | None]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def site(configure: Any, settings: Any, tmp_path: Path, script: Script) -> Script:
    """A live site whose cache this command shares; the provider is scripted."""
    backend = "django.core.cache.backends.filebased.FileBasedCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": str(tmp_path)}}
    configure(
        ENVIRONMENT="production",
        VONAGE_REDIRECT_URI="https://site.example/prefix/callback",
        ALLOW_ANONYMOUS_START=False,
    )
    return script


class Terminal:
    """A person who types ``lines``; each is a text, None (end of input) or a callable."""

    def __init__(self, *lines: Line) -> None:
        self.out = io.StringIO()
        self._lines: Iterator[Line] = iter(lines)

    def read(self) -> str | None:
        line = next(self._lines)
        return line() if callable(line) else line

    def verify(self, phone: str = PHONE) -> Outcome:
        return real_phone.verify(phone, real_phone.Console(self.out, self.read))

    @property
    def token(self) -> str:
        (link,) = (line for line in self.out.getvalue().splitlines() if "/handover/" in line)
        assert link.startswith("https://site.example/prefix/handover/")
        return link.rpartition("/")[2]

    def code(self, script: Script) -> str:
        """What the phone shows after it opened the link and came back."""
        attempt = flow.take_over(self.token, ON_PHONE)
        assert sessions.shared_auth_link(attempt.public_id).endswith(script.last_state)
        response = flow.AuthorizationResponse(state=script.last_state, code="c")
        return flow.finish(response, ON_PHONE).completion_code


def test_code_from_the_phone_verifies(site: Script) -> None:
    terminal = Terminal("", lambda: terminal.code(site))
    outcome = terminal.verify()
    row = VerificationAttempt.objects.get()
    assert outcome == Outcome(Result.VERIFIED, attempt_id=str(row.public_id))
    assert (row.status, row.channel, row.binding) == ("verified", "command", "completion")
    assert row.user is None


def test_people_mistype(site: Script) -> None:
    terminal = Terminal("0000-0000", lambda: terminal.code(site)[:-1], lambda: "x", None)
    outcome = terminal.verify()
    assert outcome.result is Result.UNKNOWN
    said = terminal.out.getvalue()
    assert said.count("The phone has not been there yet.") == 1
    assert said.count("That code is not right.") == 2


def test_sim_of_somebody_else(site: Script) -> None:
    site.verified = False
    terminal = Terminal(lambda: terminal.code(site) or "")
    outcome = terminal.verify()
    assert (outcome.result, outcome.reason) == (Result.NOT_VERIFIED, "number_mismatch")


def test_network_that_does_not_answer(site: Script) -> None:
    site.verified = no_answer()
    terminal = Terminal(lambda: terminal.code(site) or "")
    outcome = terminal.verify()
    assert (outcome.result, outcome.reason) == (Result.UNKNOWN, "outcome_unknown")


def test_end_of_input_cancels(site: Script) -> None:
    outcome = Terminal(None).verify()
    assert (outcome.result, outcome.reason) == (Result.UNKNOWN, "cancelled")
    assert VerificationAttempt.objects.get().status == "failed"


def test_end_of_input_before_the_code_verifies_nothing(site: Script) -> None:
    def leave() -> None:
        terminal.code(site)

    terminal = Terminal(leave)
    outcome = terminal.verify()
    assert (outcome.result, outcome.reason) == (Result.UNKNOWN, "not_completed")


def test_time_over_while_typing(site: Script) -> None:
    def too_late() -> str:
        code = terminal.code(site)
        VerificationAttempt.objects.update(deadline="2020-01-01T00:00:00Z")
        return code

    terminal = Terminal(too_late)
    outcome = terminal.verify()
    assert (outcome.result, outcome.reason) == (Result.UNKNOWN, "not_completed")
    assert "Too late." in terminal.out.getvalue()


def test_start_that_failed_asks_for_no_code(site: Script) -> None:
    site.start_error = no_answer()
    terminal = Terminal()
    outcome = terminal.verify()
    assert (outcome.result, outcome.reason) == (Result.UNKNOWN, "outcome_unknown")
    assert terminal.out.getvalue() == ""


# -- consent -----------------------------------------------------------------------------
def test_no_number_leaves_before_its_holder_agreed(site: Script, configure: Any) -> None:
    configure(CONSENT_TEXT="We match your IP address.")
    terminal = Terminal("y")
    assert terminal.verify("+4915112345678").reason == "consent_required"
    assert terminal.out.getvalue().startswith("We match your IP address.")
    assert site.started == []
    assert Terminal("yes", None).verify("+4915112345678").reason == "cancelled"
    assert [phone for phone, _ in site.started] == ["+4915112345678"]
    assert VerificationAttempt.objects.get().consent_version


def test_without_a_text_nothing_can_be_agreed_to(site: Script) -> None:
    assert Terminal().verify("+4915112345678").reason == "consent_required"
    assert site.started == []


# -- sites that cannot -------------------------------------------------------------------
def refusal(*argv: str) -> str:
    err = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("verify_number", PHONE, *argv, stderr=err)
    assert ended.value.code == 64
    return err.getvalue()


def test_virtual_site_says_what_to_set(configure: Any) -> None:
    configure(ENVIRONMENT="virtual")
    assert "set VONAGE_APPLICATION_ID, VONAGE_PRIVATE_KEY" in refusal()


def test_missing_credentials_are_bad_usage(configure: Any) -> None:
    configure(PROVIDER="vonage_number_verification", PROVIDERS={})
    assert refusal().startswith("verify_number: ")


@pytest.mark.parametrize("name", ["locmem.LocMemCache", "dummy.DummyCache"])
def test_cache_of_this_process_alone_is_refused(settings: Any, name: str, site: Script) -> None:
    settings.CACHES = {"default": {"BACKEND": f"django.core.cache.backends.{name}"}}
    assert "NUMVERIFY['CACHE']" in refusal()
    assert site.started == []


def test_redirect_uri_that_leads_elsewhere(configure: Any, site: Script) -> None:
    configure(VONAGE_REDIRECT_URI="https://site.example/elsewhere")
    assert "callback" in refusal()
    assert site.started == []


def test_urlconf_without_the_app(settings: Any, site: Script) -> None:
    settings.ROOT_URLCONF = "tests.management.no_urls"
    assert 'include("numverify.urls")' in refusal()
    assert site.started == []


# -- the terminal ------------------------------------------------------------------------
def test_command_reads_standard_input(
    site: Script, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    with pytest.raises(SystemExit) as ended:
        call_command("verify_number", PHONE, "--json")
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1
    assert '"reason": "cancelled"' in out
    assert "█" in err or "▀" in err


def test_link_is_enough_without_segno(site: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "segno", None)
    terminal = Terminal(None)
    terminal.verify()
    assert terminal.token
    assert "█" not in terminal.out.getvalue()


def test_number_is_not_printed(site: Script) -> None:
    terminal = Terminal(None)
    outcome = terminal.verify()
    assert PHONE[1:] not in terminal.out.getvalue() + repr(outcome)
