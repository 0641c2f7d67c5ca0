"""``/numbers``: adding, proving, removing; and everybody who must not."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from numverify import signals
from numverify.enrolled import EnrolledNumber
from numverify.models import Purpose, VerificationAttempt
from tests.fakes import Script, no_answer

from .clients import PHONE, Browser, back, error_of, post_json, program, row

pytestmark = pytest.mark.django_db
LIST, ADD = "/numbers", "/numbers/add"
OTHER, THIRD = "+99087654320", "+99087654322"
GERMAN = "+4915112345678"
LOGIN = "/accounts/login/"


@pytest.fixture
def own(alice: User, script: Script) -> Browser:
    """Alice's browser; she logged in a moment ago."""
    return Browser(alice)


@pytest.fixture
def sent() -> Any:
    """The names of the signals that were sent, and the masks they were about."""
    seen: list[tuple[str, str]] = []
    names = ("number_enrolled", "number_removed", "primary_changed", "session_verified")
    receivers = []
    for name in names:

        def receive(name: str = name, number: Any = None, **kwargs: Any) -> None:
            seen.append((name, str(number or "")))

        receivers.append(receive)
        getattr(signals, name).connect(receive)
    yield seen
    for name, receive in zip(names, receivers, strict=True):
        getattr(signals, name).disconnect(receive)


def begin(browser: Browser, number: str = PHONE, **fields: Any) -> VerificationAttempt:
    response = browser.submit(ADD, phone=number, **fields)
    assert response.status_code == 303, response.content
    assert response["Location"].startswith("/attempts/"), response["Location"]
    return row(response["Location"].rpartition("/")[2])


def enrol(browser: Browser, script: Script, number: str = PHONE) -> EnrolledNumber:
    begin(browser, number)
    assert back(browser.client, script).status_code == 303
    return EnrolledNumber.objects.get(phone=number, attempt_id=VerificationAttempt.objects.latest(
        "id"
    ).public_id)  # fmt: skip


def numbers_of(user: User) -> list[tuple[str, bool]]:
    rows = EnrolledNumber.objects.filter(user=user).order_by("pk")
    return [(each.phone, each.is_primary) for each in rows]


def prove(browser: Browser, script: Script, number: EnrolledNumber) -> Any:
    response = browser.submit(f"/numbers/{number.public_id}/prove")
    assert response.status_code == 303, response.content
    return back(browser.client, script)


def elevate(browser: Browser, script: Script) -> None:
    browser.start(purpose="step_up")
    back(browser.client, script)
    assert is_elevated(browser)


def is_elevated(browser: Browser) -> bool:
    return bool(browser.get("/protected").status_code == 200)


def refused(response: Any) -> bool:
    """Sent back to the list, because a number must be proven first."""
    return (response.status_code, response["Location"]) == (303, LIST)


# -- the way it should go ---------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_a_first_number(own: Browser, alice: User, script: Script, sent: Any) -> None:
    attempt = begin(own)
    assert (attempt.purpose, attempt.user, attempt.next) == ("enrol", alice, LIST)
    assert numbers_of(alice) == []
    answer = back(own.client, script)
    assert (answer.status_code, answer["Location"]) == (303, LIST)
    assert numbers_of(alice) == [(PHONE, True)]
    number = EnrolledNumber.objects.get()
    assert number.attempt_id == attempt.public_id
    assert (number.phone_mask, number.environment) == ("+990 •••• 78", "virtual")
    assert (number.phone_hmac, number.phone_hmac_key) == (attempt.phone_hmac, "test-2")
    assert sent == [("number_enrolled", "+990 •••• 78")]


def test_the_list_shows_masks_and_says_once_what_happened(
    own: Browser, alice: User, script: Script
) -> None:
    assert "You have none yet" in own.get(LIST).content.decode()
    enrol(own, script)
    text = own.get(LIST).content.decode()
    assert "Number added" in text
    assert "+990 •••• 78" in text
    assert PHONE.removeprefix("+") not in text
    assert "Number added" not in own.get(LIST).content.decode()


def test_the_number_opens_step_ups_and_is_not_asked_for(
    own: Browser, alice: User, script: Script
) -> None:
    enrol(own, script)
    assert not is_elevated(own)
    elevate(own, script)
    assert [number for number, _ in script.started] == [PHONE, PHONE]
    assert "+990 •••• 78" in own.get("/login").content.decode()


def test_the_pages(own: Browser, script: Script) -> None:
    page = own.get(ADD, {"next": "/account/"})
    assert page.status_code == 200
    assert page.templates[0].name == "numverify/number_add.html"
    assert 'value="/account/"' in page.content.decode()
    assert page["Cache-Control"] == "no-store"
    number = enrol(own, script)
    for url in (f"/numbers/{number.public_id}/prove", f"/numbers/{number.public_id}/remove"):
        text = own.get(url).content.decode()
        assert "+990 •••• 78" in text
        assert PHONE.removeprefix("+") not in text
    assert "your only one" in text


@pytest.mark.parametrize("next_", ["https://evil.example", "//evil.example"])
def test_a_hostile_next_is_forgotten(own: Browser, script: Script, next_: str) -> None:
    assert next_ not in own.get(ADD, {"next": next_}).content.decode()
    assert begin(own, next=next_).next == LIST


def test_an_own_next(own: Browser, script: Script) -> None:
    begin(own, next="/account/")
    assert back(own.client, script)["Location"] == "/account/"


def test_names_of_the_urls() -> None:
    public_id = uuid.uuid4()
    assert reverse("numverify:numbers") == LIST
    assert reverse("numverify:number_add") == ADD
    for name in ("prove", "remove", "primary"):
        url = reverse(f"numverify:number_{name}", args=[public_id])
        assert url == f"/numbers/{public_id}/{name}"


@pytest.mark.django_db(transaction=True)
def test_a_second_number_another_primary_and_its_removal(
    own: Browser, alice: User, script: Script, sent: Any
) -> None:
    first = enrol(own, script)
    second = enrol(own, script, OTHER)
    assert numbers_of(alice) == [(PHONE, True), (OTHER, False)]
    assert own.submit(f"/numbers/{second.public_id}/primary").status_code == 303
    assert numbers_of(alice) == [(PHONE, False), (OTHER, True)]
    assert own.submit(f"/numbers/{second.public_id}/remove").status_code == 303
    assert numbers_of(alice) == [(PHONE, True)]
    assert sent == [
        ("number_enrolled", str(first)),
        ("number_enrolled", str(second)),
        ("primary_changed", str(second)),
        ("number_removed", str(second)),
        ("primary_changed", str(first)),
    ]


def test_a_primary_number_made_primary_changes_nothing(
    own: Browser, alice: User, script: Script, sent: Any
) -> None:
    number = enrol(own, script)
    sent.clear()
    own.submit(f"/numbers/{number.public_id}/primary")
    assert (numbers_of(alice), sent) == ([(PHONE, True)], [])


def test_the_last_number_may_go(own: Browser, alice: User, script: Script) -> None:
    number = enrol(own, script)
    own.submit(f"/numbers/{number.public_id}/remove")
    assert numbers_of(alice) == []


def test_two_users_may_share_a_number(own: Browser, alice: User, script: Script) -> None:
    bob = User.objects.create_user("bob")
    enrol(own, script)
    enrol(Browser(bob), script)
    assert numbers_of(alice) == numbers_of(bob) == [(PHONE, True)]


def test_by_another_phone_and_its_code(own: Browser, alice: User, script: Script) -> None:
    attempt = begin(own, binding="completion")
    page = own.get(f"/attempts/{attempt.public_id}")
    phone = Browser()
    token = page.context["handover_url"].partition("testserver")[2]
    phone.submit(token)
    code = back(phone.client, script).context["completion_code"]
    assert numbers_of(alice) == []
    answer = own.submit("/complete", id=attempt.public_id, completion_code=code)
    assert (answer.status_code, answer["Location"]) == (303, LIST)
    assert numbers_of(alice) == [(PHONE, True)]


@pytest.mark.parametrize("verified", [False, no_answer()])
def test_without_a_yes_there_is_no_number(
    own: Browser, alice: User, script: Script, verified: Any
) -> None:
    script.verified = verified
    attempt = begin(own)
    answer = back(own.client, script)
    assert answer["Location"] == f"/attempts/{attempt.public_id}"
    assert numbers_of(alice) == []
    assert LIST in own.get(answer["Location"]).content.decode()


@pytest.mark.parametrize("number", ["", "rubbish", "0" * 50])
def test_a_fault_is_shown_at_the_form(own: Browser, script: Script, number: str) -> None:
    response = own.submit(ADD, phone=number)
    assert response.status_code == 400
    assert response.templates[0].name == "numverify/number_add.html"
    assert script.started == []


def test_consent_comes_first(own: Browser, script: Script, configure: Any) -> None:
    configure(CONSENT_TEXT="Do you agree to the matching?")
    response = own.submit(ADD, phone=GERMAN)
    assert response.status_code == 403
    assert "Do you agree" in response.content.decode()
    assert script.started == []
    number = _enrolled_with_consent(own, script)
    assert "Do you agree" in own.get(f"/numbers/{number.public_id}/prove").content.decode()
    assert own.submit(f"/numbers/{number.public_id}/prove").status_code == 403


def test_without_the_owners_text_nobody_can_consent(own: Browser, script: Script) -> None:
    assert own.submit(ADD, phone=GERMAN, consent="on").status_code == 403
    assert script.started == []


def test_the_form_moves_to_the_redirect_uris_host(own: Browser, configure: Any) -> None:
    configure(VONAGE_REDIRECT_URI="https://other.example/callback")
    response = own.get(ADD)
    assert response.status_code == 303
    assert response["Location"].startswith(f"https://other.example{ADD}?")


def test_a_start_that_fails_leaves_no_link(own: Browser, script: Script) -> None:
    script.start_error = no_answer()
    assert begin(own).status == "failed"
    assert "numverify_links" not in own.client.session


def _enrolled_with_consent(own: Browser, script: Script) -> EnrolledNumber:
    begin(own, GERMAN, consent="on")
    back(own.client, script)
    return EnrolledNumber.objects.get()


def test_no_more_than_a_few(own: Browser, alice: User, script: Script) -> None:
    for digit in range(5):
        enrol(own, script, f"+9901234567{digit}")
    own.get(LIST)
    assert own.get(ADD)["Location"] == LIST
    assert refused(own.submit(ADD, phone=OTHER))
    text = own.get(LIST).content.decode()
    assert "No more numbers" in text
    assert "Add a number" not in text


def test_no_more_than_a_few_even_from_several_tabs(
    own: Browser, alice: User, script: Script
) -> None:
    enrol(own, script)
    states = []
    for digit in range(5):
        begin(own, f"+9901234567{digit}")
        states.append(script.last_state)
    for state in states:
        own.get("/callback", {"state": state, "code": "abc"})
    assert len(numbers_of(alice)) == 5


# -- who may not ------------------------------------------------------------------------
def test_strangers_log_in_first(script: Script, browser: Browser) -> None:
    for url in (LIST, ADD):
        response = browser.get(url)
        assert (response.status_code, response["Location"]) == (302, f"{LOGIN}?next={url}")
    assert browser.submit(ADD, phone=PHONE)["Location"] == f"{LOGIN}?next={LIST}"
    assert script.started == []


def test_a_form_of_another_site(own: Browser, script: Script) -> None:
    number = enrol(own, script)
    for url in (ADD, *(f"/numbers/{number.public_id}/{name}" for name in ("remove", "primary"))):
        assert own.client.post(url, {"phone": OTHER}).status_code == 403
    assert EnrolledNumber.objects.count() == 1


def test_a_stale_log_in_leads_to_log_in_and_back(own: Browser, alice: User, script: Script) -> None:
    number = enrol(own, script)
    started = len(script.started)
    with time_machine.travel(timezone.now() + timedelta(seconds=901), tick=False):
        assert own.get(LIST).status_code == 200
        assert own.get(ADD)["Location"] == f"{LOGIN}?next={ADD}"
        posts = [ADD, *(f"/numbers/{number.public_id}/{n}" for n in ("prove", "remove", "primary"))]
        for url in posts:
            assert own.submit(url, phone=OTHER)["Location"] == f"{LOGIN}?next={LIST}", url
    assert len(script.started) == started
    assert numbers_of(alice) == [(PHONE, True)]


def test_another_page_to_log_in_again(own: Browser, script: Script, configure: Any) -> None:
    configure(REAUTHENTICATE_URL="/again/", RECENT_LOGIN_SECONDS=1)
    with time_machine.travel(timezone.now() + timedelta(seconds=2)):
        assert own.get(ADD)["Location"] == f"/again/?next={ADD}"


def test_a_log_in_that_is_too_old_when_the_answer_comes(
    own: Browser, alice: User, script: Script, configure: Any
) -> None:
    begin(own)
    configure(RECENT_LOGIN_SECONDS=1, ATTEMPT_SECONDS=10)
    with time_machine.travel(timezone.now() + timedelta(seconds=60), tick=False):
        back(own.client, script)
    assert numbers_of(alice) == []
    assert "Please log in again" in own.get(LIST).content.decode()


def test_a_log_in_that_is_too_old_when_a_number_is_proven_again(
    own: Browser, alice: User, script: Script, configure: Any
) -> None:
    number = enrol(own, script)
    own.submit(f"/numbers/{number.public_id}/prove")
    configure(RECENT_LOGIN_SECONDS=1, ATTEMPT_SECONDS=10)
    before = EnrolledNumber.objects.get().last_proven_at
    with time_machine.travel(timezone.now() + timedelta(seconds=60), tick=False):
        back(own.client, script)
    assert EnrolledNumber.objects.get().last_proven_at == before


def test_a_session_from_before_this_app(own: Browser, script: Script) -> None:
    session = own.client.session
    del session["numverify_login"]
    session.save()
    assert own.get(ADD)["Location"] == f"{LOGIN}?next={ADD}"


def test_a_stamp_of_somebody_else(own: Browser, script: Script) -> None:
    session = own.client.session
    session["numverify_login"] |= {"user": "0"}
    session.save()
    assert own.get(ADD)["Location"] == f"{LOGIN}?next={ADD}"


def test_a_thief_of_the_password_cannot_add_his_sim(
    own: Browser, alice: User, script: Script
) -> None:
    number = enrol(own, script)
    thief = Browser(alice)
    started = len(script.started)
    assert refused(thief.get(ADD))
    assert refused(thief.submit(ADD, phone=OTHER))
    assert refused(thief.submit(f"/numbers/{number.public_id}/remove"))
    assert refused(thief.get(f"/numbers/{number.public_id}/remove"))
    assert refused(thief.submit(f"/numbers/{number.public_id}/primary"))
    assert len(script.started) == started
    assert numbers_of(alice) == [(PHONE, True)]
    page = thief.get(LIST).content.decode()
    assert "Prove one of your numbers first" in page
    assert "Add a number" not in page


def test_waiting_does_not_help_him(own: Browser, alice: User, script: Script) -> None:
    enrol(own, script)
    with time_machine.travel(timezone.now() + timedelta(days=400), tick=False):
        thief = Browser(alice)
        assert refused(thief.submit(ADD, phone=OTHER))
    assert numbers_of(alice) == [(PHONE, True)]


def test_nor_does_beginning_before_her(own: Browser, alice: User, script: Script) -> None:
    thief = Browser(alice)
    begin(thief, OTHER)
    state = script.last_state
    enrol(own, script)
    answer = thief.get("/callback", {"state": state, "code": "abc"})
    assert answer.status_code == 303
    assert numbers_of(alice) == [(PHONE, True)]
    assert "Prove one of your numbers first" in thief.get(LIST).content.decode()
    assert refused(thief.submit(ADD, phone=OTHER))


def test_nor_does_a_check_of_his_number(own: Browser, alice: User, script: Script) -> None:
    enrol(own, script)
    thief = Browser(alice)
    script.verified = False
    prove(thief, script, EnrolledNumber.objects.get())
    script.verified = True
    assert refused(thief.submit(ADD, phone=OTHER))


def test_a_step_up_opens_the_changes(own: Browser, alice: User, script: Script) -> None:
    enrol(own, script)
    later = Browser(alice)
    assert refused(later.get(ADD))
    elevate(later, script)
    assert later.get(ADD).status_code == 200
    enrol(later, script, OTHER)
    assert numbers_of(alice) == [(PHONE, True), (OTHER, False)]


def test_a_proof_opens_the_changes_for_a_while(own: Browser, alice: User, script: Script) -> None:
    number = enrol(own, script)
    later = Browser(alice)
    prove(later, script, number)
    assert "Number proven" in later.get(LIST).content.decode()
    assert later.get(ADD).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(seconds=800)):
        again = Browser(alice)
        assert refused(again.get(ADD))  # another session has proven nothing


def test_a_proof_of_a_removed_number_is_none(own: Browser, alice: User, script: Script) -> None:
    enrol(own, script)
    second = enrol(own, script, OTHER)
    EnrolledNumber.objects.filter(pk=second.pk).delete()
    assert refused(own.get(ADD))


def test_another_factor_may_stand_in(
    own: Browser, alice: User, script: Script, configure: Any
) -> None:
    enrol(own, script)
    later = Browser(alice)
    for answer in (False, None, "yes"):
        configure(NUMBER_CHANGE_ALLOWED=lambda request, answer=answer: answer)
        assert refused(later.get(ADD))
    configure(NUMBER_CHANGE_ALLOWED=lambda request: request.user.username == "alice")
    assert later.get(ADD).status_code == 200


@pytest.mark.parametrize("purpose", sorted(set(Purpose.values) - {Purpose.ENROL}))
def test_an_attempt_of_another_purpose_enrols_nothing(
    own: Browser, alice: User, script: Script, purpose: str
) -> None:
    attempt = begin(own)
    VerificationAttempt.objects.filter(pk=attempt.pk).update(purpose=purpose)
    back(own.client, script)
    assert row(attempt.public_id).status == "verified"
    assert numbers_of(alice) == []


@pytest.mark.parametrize("purpose", ["enrol", "sign_up", "login", "ENROL", "enrol "])
def test_json_callers_cannot_ask_for_it(
    own: Browser, alice: User, script: Script, purpose: str
) -> None:
    body = {"phone": PHONE, "purpose": purpose}
    assert error_of(own.post_json("/login", body)) == (400, "invalid_purpose")
    assert error_of(post_json(program(), "/login", body)) == (400, "invalid_purpose")
    assert own.submit("/login", **body).status_code == 400
    assert begin(own, purpose=purpose).purpose == "enrol"
    assert own.post_json(ADD, {"phone": PHONE}).status_code in {400, 403}
    assert len(script.started) == 1


def test_somebody_elses_attempt(own: Browser, alice: User, script: Script) -> None:
    begin(own)
    mallory = Browser(User.objects.create_user("mallory"))
    assert back(mallory.client, script).status_code == 403
    assert back(program(), script).status_code == 403
    assert EnrolledNumber.objects.count() == 0


def test_a_switch_of_the_user_on_the_way(own: Browser, alice: User, script: Script) -> None:
    begin(own)
    own.client.force_login(User.objects.create_user("bob"))
    assert back(own.client, script).status_code == 403
    assert EnrolledNumber.objects.count() == 0


def test_a_switch_while_the_network_is_asked(own: Browser, alice: User, script: Script) -> None:
    begin(own)
    bob = User.objects.create_user("bob")
    tab = Client()
    tab.cookies = own.client.cookies
    script.during_finish = lambda: tab.force_login(bob)
    assert back(own.client, script).status_code == 409
    assert EnrolledNumber.objects.count() == 0


def test_a_log_out_while_the_network_is_asked(own: Browser, alice: User, script: Script) -> None:
    begin(own)
    script.during_finish = own.client.session.flush
    assert back(own.client, script).status_code == 409
    assert EnrolledNumber.objects.count() == 0


def test_a_replay_changes_nothing(own: Browser, alice: User, script: Script) -> None:
    number = enrol(own, script)
    own.submit(f"/numbers/{number.public_id}/remove")
    for _ in range(2):
        assert back(own.client, script).status_code == 303
    assert numbers_of(alice) == []


def test_two_tabs(own: Browser, alice: User, script: Script) -> None:
    begin(own)
    first = script.last_state
    begin(own, OTHER)
    second = script.last_state
    for state in (second, first):
        assert own.get("/callback", {"state": state, "code": "abc"})["Location"] == LIST
    assert numbers_of(alice) == [(OTHER, True), (PHONE, False)]


@pytest.mark.django_db(transaction=True)
def test_two_tabs_with_one_number(own: Browser, alice: User, script: Script, sent: Any) -> None:
    begin(own)
    first = script.last_state
    begin(own)
    for state in (first, script.last_state):
        own.get("/callback", {"state": state, "code": "abc"})
    assert numbers_of(alice) == [(PHONE, True)]
    assert [name for name, _ in sent] == ["number_enrolled"]


def test_numbers_of_others_are_not_there(own: Browser, script: Script) -> None:
    bobs = enrol(Browser(User.objects.create_user("bob")), script)
    for name in ("prove", "remove", "primary"):
        assert own.submit(f"/numbers/{bobs.public_id}/{name}").status_code == 404
    assert own.get(f"/numbers/{bobs.public_id}/remove").status_code == 404
    assert "•••• 78" not in own.get(LIST).content.decode()
    assert EnrolledNumber.objects.count() == 1


def test_a_proof_moves_the_session_key(own: Browser, script: Script) -> None:
    key = str(own.client.session.session_key)
    enrol(own, script)
    assert own.client.session.session_key != key
    assert not Client().session.exists(key)


def test_a_new_password_ends_the_proof(own: Browser, alice: User, script: Script) -> None:
    enrol(own, script)
    session = own.client.session
    session["_auth_user_hash"] = "another"
    session.save()
    assert own.get(ADD).status_code == 302


# -- elevations -------------------------------------------------------------------------
def test_changes_drop_elevations(own: Browser, alice: User, script: Script) -> None:
    enrol(own, script)
    elsewhere = Browser(alice)
    elevate(own, script)
    elevate(elsewhere, script)
    second = enrol(own, script, OTHER)
    assert not is_elevated(own)
    elevate(own, script)
    own.submit(f"/numbers/{second.public_id}/primary")
    assert not is_elevated(own)
    assert not is_elevated(elsewhere)


def test_a_removal_drops_the_elevations_of_all_sessions(
    own: Browser, alice: User, script: Script
) -> None:
    number = enrol(own, script)
    elsewhere = Browser(alice)
    elevate(elsewhere, script)
    own.submit(f"/numbers/{number.public_id}/remove")
    assert not is_elevated(elsewhere)


# -- numbers change hands ---------------------------------------------------------------
def test_a_number_must_be_proven_again(own: Browser, alice: User, script: Script) -> None:
    number = enrol(own, script)
    with time_machine.travel(timezone.now() + timedelta(days=181), tick=False):
        later = Browser(alice)
        started = len(script.started)
        response = later.submit("/login", purpose="step_up", phone=OTHER)
        assert response.status_code == 403
        assert b"reprove_needed" in response.content
        assert f'href="{LIST}"' in response.content.decode()
        assert len(script.started) == started
        assert "Prove it again" in later.get(LIST).content.decode()
        prove(later, script, number)
        assert script.started[-1][0] == PHONE
        elevate(later, script)
    assert numbers_of(alice) == [(PHONE, True)]


def test_use_keeps_a_number_fresh(own: Browser, alice: User, script: Script) -> None:
    enrol(own, script)
    for day in (170, 340):
        with time_machine.travel(timezone.now() + timedelta(days=day), tick=False):
            elevate(Browser(alice), script)


def test_a_number_may_stay_for_ever(
    own: Browser, alice: User, script: Script, configure: Any
) -> None:
    configure(REPROVE_DAYS=0)
    enrol(own, script)
    with time_machine.travel(timezone.now() + timedelta(days=5000), tick=False):
        elevate(Browser(alice), script)


def test_what_a_rehearsal_confirmed_counts_nowhere_else(
    own: Browser, alice: User, script: Script, configure: Any
) -> None:
    enrol(own, script)
    configure(ENVIRONMENT="playground")
    assert "You have none yet" in own.get(LIST).content.decode()
    assert own.submit("/login", phone=PHONE, purpose="step_up").status_code == 403


# -- the site keeps the numbers ---------------------------------------------------------
def test_the_pages_are_gone_where_the_site_keeps_the_numbers(
    own: Browser, alice: User, script: Script, configure: Any
) -> None:
    number = enrol(own, script)
    attempt = begin(own, OTHER)
    configure(ENROLLED_NUMBER=lambda user: OTHER)
    for url in (LIST, ADD, f"/numbers/{number.public_id}/remove"):
        assert own.get(url).status_code == 404
    for name in ("prove", "remove", "primary"):
        assert own.submit(f"/numbers/{number.public_id}/{name}").status_code == 404
    back(own.client, script)
    assert row(attempt.public_id).status == "verified"
    assert numbers_of(alice) == [(PHONE, True)]
    elevate(own, script)
    assert script.started[-1][0] == OTHER
