"""The session's mark, by real requests through django-otp's middleware and gate."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import DatabaseError, transaction
from django.test import AsyncClient
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from numverify import phone
from numverify.contrib.otp import devices
from numverify.contrib.otp.models import NumberVerificationDevice
from numverify.models import Purpose, Status, VerificationAttempt
from tests.fakes import Script
from tests.views.clients import PHONE, Browser, back

from .site import OTHER, device_of, is_let_in, step_up, who


# -- in ------------------------------------------------------------------------------
def test_otp_required_redirects_before_and_passes_after(
    browser: Browser, script: Script, alice: User
) -> None:
    assert not is_let_in(browser)
    response = step_up(browser, script, next="/secret")
    assert (response.status_code, response["Location"]) == (303, "/secret")
    assert is_let_in(browser)
    device = device_of(alice)
    assert who(browser) == f"numverify_otp.numberverificationdevice/{device.pk}"
    assert device.persistent_id == who(browser)
    assert device.confirmed
    assert device.last_used_at is not None


def test_the_session_key_changes_before_the_mark(browser: Browser, script: Script) -> None:
    browser.start(purpose="step_up")
    before = browser.client.session.session_key
    back(browser.client, script)
    assert browser.client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


def test_a_second_proof_uses_the_same_device_and_resets_it(
    browser: Browser, script: Script, alice: User
) -> None:
    step_up(browser, script)
    first = device_of(alice)
    first.throttle_increment()
    first.cooldown_set()
    step_up(Browser(alice), script)
    second = device_of(alice)
    assert second.pk == first.pk
    assert (second.throttling_failure_count, second.last_generated_timestamp) == (0, None)
    assert second.last_used_at is not None
    assert first.last_used_at is not None
    assert second.last_used_at > first.last_used_at


def test_the_completed_code_of_another_phone_marks_the_desktop(
    browser: Browser, script: Script
) -> None:
    attempt = browser.start(purpose="step_up", binding="completion")
    link = browser.get(f"/attempts/{attempt.public_id}").content.decode()
    token = link.split("/handover/")[1].split("<")[0]
    handset = Browser()
    handset.submit(f"/handover/{token}")
    code = back(handset.client, script).context["completion_code"]
    assert not is_let_in(browser)
    response = browser.submit("/complete", id=str(attempt.public_id), completion_code=code)
    assert response.status_code == 303, response.content
    assert is_let_in(browser)
    assert who(handset) == "nobody"


def ask_everywhere(request: Any) -> dict[str, Any]:
    """A context processor as sites have it."""
    return {"is_verified": request.user.is_verified()}


@pytest.fixture
def asking(settings: Any) -> None:
    options = settings.TEMPLATES[0]["OPTIONS"]
    processors = [*options["context_processors"], f"{__name__}.ask_everywhere"]
    engine = settings.TEMPLATES[0] | {"OPTIONS": options | {"context_processors": processors}}
    settings.TEMPLATES = [engine]


@pytest.mark.usefixtures("asking")
def test_pages_after_the_callback_may_ask_too(
    browser: Browser, script: Script, alice: User
) -> None:
    """The callback asks Django for the user anew, without what middleware had put on it."""
    browser.start(purpose="step_up")
    script.during_finish = lambda: Session.objects.all().delete()
    response = back(browser.client, script)
    assert response.context["code"] == "session_lost"
    assert response.context["is_verified"] is False
    browser.client.force_login(alice)
    assert back(browser.client, script).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_async_views_see_it_too(alice: User, script: Script, numbers: dict[str, str]) -> None:
    browser = Browser(alice)
    step_up(browser, script)
    client = AsyncClient()
    client.cookies = browser.client.cookies
    ask = async_to_sync(client.get)
    assert ask("/awho").content.decode() == device_of(alice).persistent_id
    numbers["alice"] = OTHER
    assert ask("/awho").content == b"nobody"


# -- not in --------------------------------------------------------------------------
@pytest.mark.parametrize("query", [{"code": "abc"}, {"error": "access_denied"}])
def test_a_no_marks_nothing(browser: Browser, script: Script, query: dict[str, str]) -> None:
    script.verified = False
    browser.start(purpose="step_up")
    browser.get("/callback", {"state": script.last_state, **query})
    assert VerificationAttempt.objects.get().is_terminal
    assert who(browser) == "nobody"
    assert not NumberVerificationDevice.objects.exists()


def test_a_check_marks_nothing(browser: Browser, script: Script) -> None:
    step_up(browser, script, purpose="check")
    assert VerificationAttempt.objects.get().status == Status.VERIFIED
    assert who(browser) == "nobody"
    assert not NumberVerificationDevice.objects.exists()


def test_a_repeated_callback_marks_nothing(browser: Browser, script: Script) -> None:
    step_up(browser, script)
    session = browser.client.session
    del session["otp_device_id"]
    session.save()
    back(browser.client, script)
    assert not is_let_in(browser)


def test_a_number_that_is_no_longer_enrolled_marks_nothing(
    browser: Browser, script: Script, numbers: dict[str, str]
) -> None:
    browser.start(purpose="step_up")
    numbers["alice"] = OTHER
    back(browser.client, script)
    assert VerificationAttempt.objects.get().status == Status.VERIFIED
    assert who(browser) == "nobody"
    assert not NumberVerificationDevice.objects.exists()


def test_an_attempt_bound_to_a_transaction_opens_nothing_else(rf: Any, alice: User) -> None:
    attempt = VerificationAttempt(
        user=alice,
        status=Status.VERIFIED,
        purpose=Purpose.STEP_UP,
        environment="virtual",
        phone_hmac=phone.phone_hmac(PHONE)[1],
        bind_digest="a" * 64,
    )
    assert not devices.mark(_request(rf, alice), attempt)


def _request(rf: Any, user: User) -> Any:
    request = rf.get("/")
    request.user, request.session = user, {}
    return request


@pytest.mark.parametrize(
    ("changes", "marked"),
    [
        ({}, True),
        ({"purpose": Purpose.LOGIN}, True),
        ({"purpose": Purpose.PASSWORDLESS}, False),
        ({"purpose": Purpose.ENROL}, False),
        ({"purpose": Purpose.CHECK}, False),
        ({"status": Status.CLAIMED}, False),
        ({"environment": "playground"}, False),
        ({"user": None}, False),
        ({"phone_hmac": "b" * 64}, False),
    ],
)
@pytest.mark.parametrize("known", [False, True])
def test_every_condition_of_the_mark(
    rf: Any, alice: User, changes: dict[str, Any], marked: bool, known: bool
) -> None:
    key, digest = phone.phone_hmac(PHONE)
    values: dict[str, Any] = {
        "user": alice,
        "status": Status.VERIFIED,
        "purpose": Purpose.STEP_UP,
        "environment": "virtual",
        "phone_mask": phone.mask(PHONE),
        "phone_hmac": digest,
        "phone_hmac_key": key,
    }
    request = _request(rf, alice)
    if known:
        assert devices.confirm(request, VerificationAttempt(**values))
    assert devices.mark(request, VerificationAttempt(**values | changes)) is marked
    assert ("otp_device_id" in request.session) is marked


# -- out -----------------------------------------------------------------------------
def test_removing_the_device_drops_it(browser: Browser, script: Script, alice: User) -> None:
    step_up(browser, script)
    device_of(alice).delete()
    assert not is_let_in(browser)
    assert "otp_device_id" not in browser.client.session


def test_an_unconfirmed_device_lets_nobody_in(
    browser: Browser, script: Script, alice: User
) -> None:
    step_up(browser, script)
    NumberVerificationDevice.objects.update(confirmed=False)
    assert not is_let_in(browser)
    step_up(browser, script)
    assert is_let_in(browser)


def test_another_users_device_lets_nobody_in(browser: Browser, script: Script) -> None:
    step_up(browser, script)
    mallory = Browser(User.objects.create_user("mallory"))
    session = mallory.client.session
    session["otp_device_id"] = who(browser)
    session.save()
    assert not is_let_in(mallory)


@pytest.mark.parametrize("change", [{"alice": OTHER}, {"alice": ""}, {"alice": "no number"}])
def test_another_number_drops_it(
    browser: Browser, script: Script, numbers: dict[str, str], change: dict[str, str]
) -> None:
    step_up(browser, script)
    assert is_let_in(browser)
    numbers.update(change)
    assert not is_let_in(browser)
    numbers["alice"] = PHONE
    assert not is_let_in(browser), "it stays dropped in this session"


def test_a_session_marked_by_the_old_number_is_not_by_the_new_one(
    browser: Browser, script: Script, alice: User, numbers: dict[str, str]
) -> None:
    step_up(browser, script)
    old = device_of(alice)
    numbers["alice"] = OTHER
    other = Browser(alice)
    step_up(other, script)
    assert is_let_in(other)
    assert device_of(alice).pk != old.pk
    assert not is_let_in(browser)


def test_another_environment_drops_it(browser: Browser, script: Script, configure: Any) -> None:
    step_up(browser, script)
    configure(ENVIRONMENT="playground")
    assert not is_let_in(browser)
    step_up(browser, script)
    assert is_let_in(browser), "a proof there makes a device of there"


def test_logging_out_drops_it(browser: Browser, script: Script, alice: User) -> None:
    step_up(browser, script)
    browser.client.logout()
    assert not is_let_in(browser)
    browser.client.force_login(alice)
    assert not is_let_in(browser)


def test_it_survives_a_rotation_of_the_hmac_keys(
    browser: Browser, script: Script, alice: User, configure: Any, settings: Any
) -> None:
    step_up(browser, script)
    keys = settings.NUMVERIFY["HMAC_KEYS"]
    configure(HMAC_KEYS={"new": "n" * 30, **keys})
    assert is_let_in(browser)
    step_up(browser, script)
    assert device_of(alice).phone_hmac_key == "new"
    configure(HMAC_KEYS={"new": "n" * 30})
    assert is_let_in(browser)


# -- beside other devices --------------------------------------------------------------
def test_a_password_alone_adds_no_number_beside_another_device(
    browser: Browser, script: Script, alice: User
) -> None:
    TOTPDevice.objects.create(user=alice, name="app")
    step_up(browser, script)
    assert VerificationAttempt.objects.get().status == Status.VERIFIED
    assert not is_let_in(browser)
    assert not NumberVerificationDevice.objects.exists()


def test_nor_does_a_session_that_the_old_number_verified(
    browser: Browser, script: Script, alice: User, numbers: dict[str, str]
) -> None:
    step_up(browser, script)
    TOTPDevice.objects.create(user=alice, name="app")
    numbers["alice"] = OTHER
    step_up(browser, script)
    assert not is_let_in(browser)


def test_the_number_does_not_stand_in_for_another_device(rf: Any, alice: User) -> None:
    request = _request(rf, alice)
    assert not devices.verified_otherwise(request)
    request.user.otp_device = NumberVerificationDevice(user=alice, confirmed=True)
    assert not devices.verified_otherwise(request)
    request.user.otp_device = TOTPDevice(user=alice)
    assert devices.verified_otherwise(request)


def test_a_session_verified_by_another_device_adds_it(
    browser: Browser, script: Script, alice: User
) -> None:
    recovery = StaticDevice.objects.create(user=alice, name="codes")
    session = browser.client.session
    session["otp_device_id"] = recovery.persistent_id
    session.save()
    assert is_let_in(browser)
    step_up(browser, script)
    assert who(browser) == device_of(alice).persistent_id
    assert is_let_in(browser)


def test_two_requests_at_once_get_one_device(rf: Any, alice: User) -> None:
    key, digest = phone.phone_hmac(PHONE)
    attempt = VerificationAttempt(
        user=alice,
        environment="virtual",
        phone_mask=phone.mask(PHONE),
        phone_hmac=digest,
        phone_hmac_key=key,
    )
    first = devices._make(alice, attempt)
    assert devices.confirm(_request(rf, alice), attempt) == first
    assert NumberVerificationDevice.objects.count() == 1


def test_a_device_that_another_request_made_for_another_number_is_not_taken(
    rf: Any, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faster(user: User) -> None:
        NumberVerificationDevice.objects.create(user=user, phone_hmac="x", environment="virtual")

    monkeypatch.setattr(devices, "forget", faster)
    key, digest = phone.phone_hmac(PHONE)
    attempt = VerificationAttempt(
        user=alice, environment="virtual", phone_hmac=digest, phone_hmac_key=key
    )
    assert devices.confirm(_request(rf, alice), attempt) is None
    assert not NumberVerificationDevice.objects.get().confirmed


def test_a_device_that_was_removed_meanwhile_does_not_come_back(alice: User) -> None:
    key, digest = phone.phone_hmac(PHONE)
    attempt = VerificationAttempt(
        user=alice, environment="virtual", phone_hmac=digest, phone_hmac_key=key
    )
    device = devices._make(alice, attempt)
    NumberVerificationDevice.objects.all().delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        devices._proven(device, attempt)
    assert not NumberVerificationDevice.objects.exists()
