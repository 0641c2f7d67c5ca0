"""none -> pending | failed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone

from numverify import flow, phone, tokens
from numverify.exceptions import Call, ConfigurationError, ProviderError, Reason
from numverify.models import Binding, Channel, Purpose, Status, VerificationAttempt
from numverify.providers.base import Started
from tests.fakes import Script, ScriptedProvider

from .steps import BROWSER, NUMBER, PROGRAM, begin, column_text, sql_verbs, stored

pytestmark = pytest.mark.django_db


class OtherName(ScriptedProvider):
    name = "a name of its own"


class Watching(ScriptedProvider):
    """Looks at the database while the network would be asked."""

    def start(self, phone: str, state: str, *, correlator: str) -> Started:
        assert not VerificationAttempt.objects.exists()
        assert not connection.in_atomic_block
        return super().start(phone, state, correlator=correlator)


def test_an_attempt_is_recorded_as_it_began(script: Script) -> None:
    user = get_user_model().objects.create_user("ada")
    party = flow.Party(user, "nonce", client_ip="2001:db8::1", user_agent="curl/8")
    order = flow.Order(NUMBER, Purpose.STEP_UP, Binding.SESSION, Channel.API, next="/home")
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False):
        begun = flow.start(order, party)
        now = timezone.now()
    attempt = stored(begun.attempt)
    assert (attempt.status, attempt.reason, attempt.result) == (Status.PENDING, "", None)
    assert (attempt.user, attempt.purpose, attempt.binding) == (user, "step_up", "session")
    assert (attempt.channel, attempt.environment, attempt.provider) == (
        "api",
        "virtual",
        "scripted",
    )
    assert (attempt.phone, attempt.phone_mask, attempt.country_code) == (
        NUMBER,
        "+990 •••• 78",
        "990",
    )
    assert (attempt.phone_hmac_key, attempt.phone_hmac) == phone.phone_hmac(NUMBER)
    assert (attempt.client_ip, attempt.user_agent) == ("2001:db8::1", "curl/8")
    assert (attempt.next, attempt.start_ms) == ("/home", 12)
    assert attempt.created_at == now
    assert attempt.expires_at == attempt.deadline == now + timedelta(seconds=300)
    assert attempt.ended_at is attempt.claimed_at is attempt.consented_at is None
    assert attempt.browser_nonce_hmac == tokens.keyed("browser", "nonce")[1]


def test_one_statement(script: Script) -> None:
    assert sql_verbs(begin) == ["INSERT"]


def test_one_statement_for_a_failure(script: Script) -> None:
    script.start_error = ProviderError(Reason.BALANCE)
    assert sql_verbs(begin) == ["INSERT"]


@pytest.mark.django_db(transaction=True)
def test_the_network_is_asked_before_and_outside_any_transaction(
    script: Script, configure: Any
) -> None:
    configure(PROVIDERS={"scripted": f"{__name__}.Watching"})
    assert begin().attempt.status == Status.PENDING


def test_each_attempt_has_a_state_of_its_own(script: Script) -> None:
    attempts = [begin().attempt for _ in range(5)]
    states = [state for _, state in script.started]
    assert len(set(states)) == 5
    assert all(len(state) == 20 and tokens.STATE.fullmatch(state) for state in states)
    assert [stored(each).state_hash for each in attempts] == [tokens.digest(s) for s in states]
    assert len({each.correlator for each in attempts}) == 5


def test_the_length_of_an_attempt_is_a_setting(script: Script, configure: Any) -> None:
    configure(ATTEMPT_SECONDS=90)
    attempt = begin().attempt
    assert attempt.expires_at - attempt.created_at == timedelta(seconds=90)


# -- secrets -------------------------------------------------------------------------
def test_a_program_gets_an_attempt_secret(script: Script) -> None:
    begun = begin(Binding.COMPLETION, PROGRAM)
    assert len(begun.attempt_secret) == 43
    assert stored(begun.attempt).attempt_secret_hash == tokens.digest(begun.attempt_secret)
    assert begun.attempt.browser_nonce_hmac == ""


@pytest.mark.parametrize("binding", Binding)
def test_a_session_is_half_enough(script: Script, binding: Binding) -> None:
    begun = begin(binding, BROWSER)
    assert begun.attempt_secret == stored(begun.attempt).attempt_secret_hash == ""


def test_a_handover_gets_a_token(script: Script) -> None:
    begun = begin(Binding.COMPLETION, handover=True)
    public_id, _, secret = begun.handover_token.partition(".")
    assert public_id == str(begun.attempt.public_id)
    assert stored(begun.attempt).handover_hash == tokens.digest(secret)
    assert begin(Binding.COMPLETION).handover_token == ""


def test_no_secret_is_stored_or_shown(script: Script) -> None:
    begun = begin(Binding.COMPLETION, PROGRAM, handover=True)
    secrets = [script.last_state, begun.attempt_secret, begun.handover_token.partition(".")[2]]
    shown = f"{begun!r} {begun.attempt!r} {column_text(begun.attempt)} {BROWSER!r}"
    assert [secret for secret in [*secrets, BROWSER.nonce] if secret in shown] == []
    assert NUMBER not in repr(flow.Order(NUMBER, "check", "session", "web"))
    assert "topsecret" not in repr(flow.Party(secret="topsecret", nonce="topsecret"))
    assert "topsecret" not in repr(flow.AuthorizationResponse("topsecret", "topsecret"))


def test_consent_is_kept_with_its_time(script: Script) -> None:
    attempt = begin(consent_version="c" * 64).attempt
    assert attempt.consent_version == "c" * 64
    assert attempt.consented_at == attempt.created_at


# -- where it could not begin --------------------------------------------------------
def test_a_provider_that_refuses_ends_the_attempt(script: Script) -> None:
    script.start_error = ProviderError(
        Reason.RATE_LIMITED, calls=(Call("start", 40),), detail="HTTP 429", retry_after=7
    )
    begun = begin(Binding.COMPLETION, PROGRAM, handover=True)
    attempt = stored(begun.attempt)
    assert (attempt.status, attempt.reason, attempt.detail) == (
        "failed",
        "rate_limited",
        "HTTP 429",
    )
    assert (attempt.start_ms, attempt.deadline, attempt.result) == (40, None, None)
    assert attempt.ended_at is not None
    assert (begun.retry_after, begun.auth_url) == (7, "")
    assert begun.attempt_secret == begun.handover_token == ""


def test_a_long_detail_is_cut_to_its_column(script: Script) -> None:
    script.start_error = ProviderError(Reason.REQUEST, detail="x" * 999)
    assert stored(begin().attempt).detail == "x" * 200


def test_an_unforeseen_exception_ends_the_attempt(
    script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    script.start_error = KeyError("+99012345678")
    attempt = stored(begin().attempt)
    assert (attempt.status, attempt.reason, attempt.detail) == ("failed", "unknown", "KeyError")
    assert NUMBER not in caplog.text


def test_a_wrong_set_up_is_nobodys_attempt(script: Script) -> None:
    script.start_error = ConfigurationError("no key")
    with pytest.raises(ConfigurationError):
        begin()
    assert not VerificationAttempt.objects.exists()


@pytest.mark.parametrize("path", ["no.such.module.Provider", "tests.fakes.NoSuchProvider"])
def test_a_provider_that_cannot_be_imported_is_a_wrong_set_up(
    script: Script, configure: Any, path: str
) -> None:
    configure(PROVIDERS={"scripted": path})
    with pytest.raises(ConfigurationError, match="scripted"):
        begin()
    configure(PROVIDER="another")
    with pytest.raises(ConfigurationError, match="another"):
        begin()


def test_a_provider_is_found_again_by_the_name_the_site_gave_it(
    script: Script, configure: Any
) -> None:
    configure(PROVIDER="mine", PROVIDERS={"mine": f"{__name__}.OtherName"})
    attempt = begin().attempt
    assert attempt.provider == "mine"
    configure(PROVIDER="scripted")
    response = flow.AuthorizationResponse(script.last_state, code="a-code")
    assert flow.finish(response, BROWSER).attempt.status == Status.VERIFIED
