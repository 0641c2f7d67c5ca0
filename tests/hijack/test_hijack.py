"""Each attack fails; each succeeds once the guard against it is taken away.

Without the second half, a script that attacks nothing would pass as well.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import Q

from numverify import flow, sessions
from numverify.flow import callback as flow_callback
from numverify.flow.overdue import end
from numverify.models import Status, VerificationAttempt
from numverify.providers.vonage import VonageNumberVerification
from numverify.querysets import AttemptQuerySet
from numverify.views import callback as callback_view
from numverify.views import http

from . import attacks
from .actors import Site
from .attacks import Attack

Remove = Callable[[pytest.MonkeyPatch], None]
pytestmark = pytest.mark.django_db(transaction=True)


def no_binding(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(flow_callback, "may_call_back", lambda party: Q())


def no_binding_of_errors(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(flow_callback, "may_refuse", lambda party: Q())


def no_second_half(patch: pytest.MonkeyPatch) -> None:
    def settle(attempt: VerificationAttempt, answered: dict[str, Any]) -> flow.Finished:
        settled = end(attempt, Status.CLAIMED, Status.VERIFIED, **answered)
        return flow.Finished(attempt, settled)

    patch.setattr(flow_callback, "_await_completion", settle)


def no_look_at_browsers(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(http, "is_browser", lambda request: False)


def one_number_for_the_process(patch: pytest.MonkeyPatch) -> None:
    ask = flow_callback._ask

    def with_the_last(attempt: VerificationAttempt, code: str, party: flow.Party) -> Any:
        attempt.phone = VerificationAttempt.objects.latest("pk").phone
        return ask(attempt, code, party)

    patch.setattr(flow_callback, "_ask", with_the_last)


def claim_again(patch: pytest.MonkeyPatch) -> None:
    def claim(self: AttemptQuerySet, state_hash: str, bound: Q, **_: Any) -> bool:
        rows = self.filter(bound, state_hash=state_hash)
        return rows.update(status=Status.CLAIMED) == 1

    patch.setattr(AttemptQuerySet, "claim", claim)


def read_then_save(patch: pytest.MonkeyPatch) -> None:
    # Both have read before either saves: what happens under load, made certain.
    barrier = threading.Barrier(2)

    def claim(self: AttemptQuerySet, state_hash: str, bound: Q, **_: Any) -> bool:
        attempt = self.get(bound, state_hash=state_hash)
        if attempt.status != Status.PENDING:
            return False
        barrier.wait(10)
        attempt.status = Status.CLAIMED
        attempt.save()
        return True

    patch.setattr(AttemptQuerySet, "claim", claim)


def look_ahead_counts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(http, "is_prefetch", lambda request: False)


def every_method(patch: pytest.MonkeyPatch) -> None:
    def answer(view: Any, methods: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        return view(request, *args, **kwargs)

    patch.setattr(http, "_answer", answer)


def number_of_the_request(patch: pytest.MonkeyPatch) -> None:
    ask = flow_callback._ask

    def with_its(attempt: VerificationAttempt, code: str, party: flow.Party) -> Any:
        attempt.phone = party.request.GET["phone"]
        return ask(attempt, code, party)

    patch.setattr(flow_callback, "_ask", with_its)


def words_of_the_error(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(VonageNumberVerification, "refusal", lambda self, error: error)


def last_parameter_wins(patch: pytest.MonkeyPatch) -> None:
    def lenient(request: Any) -> flow.AuthorizationResponse:
        return flow.AuthorizationResponse(request.GET["state"], request.GET["code"])

    patch.setattr(callback_view, "_authorization_response", lenient)


def session_as_it_was(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sessions, "renew", lambda request, before: True)


def cookie_deleted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sessions, "leave_cookie_alone", lambda request: None)


SCRIPTS: dict[str, tuple[Attack, Remove]] = {
    "T1 link": (attacks.victim_opens_the_link, no_binding),
    "T1 image": (attacks.victim_loads_the_link_as_an_image, no_binding),
    "T2 app": (attacks.victims_device_answers_an_unbound_attempt, no_second_half),
    "T2 desktop": (attacks.victims_device_answers_a_desktop, no_second_half),
    "T3": (attacks.a_page_reads_the_code, no_look_at_browsers),
    "T5": (attacks.numbers_get_mixed, one_number_for_the_process),
    "T6 replay": (attacks.replay, claim_again),
    "T6 prefetch": (attacks.look_ahead, look_ahead_counts),
    "T6 HEAD": (attacks.head, every_method),
    "T7": (attacks.two_at_once, read_then_save),
    "T8": (attacks.own_code_for_the_victims_state, number_of_the_request),
    "T9": (attacks.forged_refusal, no_binding_of_errors),
    "T10": (attacks.injected_words, words_of_the_error),
    "T11": (attacks.repeated_parameters, last_parameter_wins),
    "T24": (attacks.logged_out_meanwhile, session_as_it_was),
    "T25": (attacks.a_late_poll_logs_out, cookie_deleted),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_guarded(name: str, site: Site, victim: User, caplog: pytest.LogCaptureFixture) -> None:
    attack, _ = SCRIPTS[name]
    assert attack(site, victim, caplog) is False


@pytest.mark.parametrize("name", SCRIPTS)
def test_without_guard(
    name: str,
    site: Site,
    victim: User,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    attack, remove = SCRIPTS[name]
    remove(monkeypatch)
    assert attack(site, victim, caplog) is True


def test_the_honest_flow_still_works(site: Site, victim: User) -> None:
    """What all the attacks try to get is there for whoever holds both."""
    person = site.browser(victim)
    started = person.start(purpose="step_up")
    assert not person.is_elevated()
    assert person.open(started["auth_url"]).status_code == 303
    assert person.is_elevated()
    assert site.exchanges == 1


def test_the_honest_app_still_works(site: Site) -> None:
    app, device = site.program(), site.program()
    started = app.start()
    code = device.open(started["auth_url"]).json()["completion_code"]
    assert app.complete(started, code).json()["status"] == "verified"
    assert not app.session.cookies
