"""Numbers that users confirm on numverify's own pages, and their devices."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django_otp.plugins.otp_totp.models import TOTPDevice

from numverify import signals
from numverify.contrib.otp.models import NumberVerificationDevice
from numverify.enrolled import EnrolledNumber
from tests.fakes import Script
from tests.views.clients import PHONE, Browser, back

from .site import OTHER, device_of, is_let_in, step_up, who

# The announcements come after commit, which a test's own transaction never reaches.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_pages(configure: Any, alice: User) -> None:
    """No ``ENROLLED_NUMBER``: numverify keeps the numbers."""
    configure(ENROLLED_NUMBER=None)


def enrol(browser: Browser, script: Script, number: str = PHONE) -> None:
    response = browser.submit("/numbers/add", phone=number, binding="session")
    assert response.status_code == 303, response.content
    back(browser.client, script)
    assert EnrolledNumber.objects.filter(phone=number).exists()


def test_enrolling_makes_the_device_and_marks_nothing(
    browser: Browser, script: Script, alice: User
) -> None:
    assert browser.get("/if-configured").status_code == 200
    enrol(browser, script)
    assert device_of(alice).confirmed
    assert who(browser) == "nobody"
    assert browser.get("/if-configured").status_code == 302
    step_up(browser, script)
    assert is_let_in(browser)
    assert NumberVerificationDevice.objects.count() == 1


def test_a_second_number_changes_nothing_until_it_is_primary(
    browser: Browser, script: Script, alice: User
) -> None:
    enrol(browser, script)
    step_up(browser, script)
    enrol(browser, script, OTHER)
    assert is_let_in(browser)
    second = EnrolledNumber.objects.get(phone=OTHER)
    step_up(browser, script)
    assert browser.submit(f"/numbers/{second.public_id}/primary").status_code == 303
    assert not NumberVerificationDevice.objects.exists()
    assert not is_let_in(browser)
    step_up(browser, script)
    assert script.finished[-1][0] == OTHER
    assert is_let_in(browser)


def test_removing_the_number_removes_the_device_and_the_mark(
    browser: Browser, script: Script, alice: User
) -> None:
    enrol(browser, script)
    step_up(browser, script)
    elsewhere = Browser(alice)
    step_up(elsewhere, script)
    number = EnrolledNumber.objects.get()
    assert browser.submit(f"/numbers/{number.public_id}/remove").status_code == 303
    assert not EnrolledNumber.objects.exists()
    assert not NumberVerificationDevice.objects.exists()
    assert not is_let_in(browser)
    assert not is_let_in(elsewhere)
    assert browser.get("/if-configured").status_code == 200, "nothing is configured any more"


def test_a_password_alone_makes_no_device_beside_another(
    browser: Browser, script: Script, alice: User
) -> None:
    TOTPDevice.objects.create(user=alice, name="app")
    enrol(browser, script)
    assert not NumberVerificationDevice.objects.exists()
    step_up(browser, script)
    assert not is_let_in(browser)


def test_what_staff_and_scripts_change_needs_no_request(alice: User, script: Script) -> None:
    browser = Browser(alice)
    enrol(browser, script)
    number = EnrolledNumber.objects.get()
    sent: dict[str, Any] = {"sender": EnrolledNumber, "user": alice, "number": number}
    for signal in (signals.number_enrolled, signals.primary_changed):
        assert all(answer is None for _, answer in signal.send_robust(**sent, request=None))
    assert NumberVerificationDevice.objects.exists(), "it is the enrolled one still"
    number.delete()
    signals.number_removed.send_robust(**sent, request=None)
    assert not NumberVerificationDevice.objects.exists()


def test_a_verified_session_may_change_numbers(
    browser: Browser, script: Script, alice: User, configure: Any
) -> None:
    """``NUMBER_CHANGE_ALLOWED``: another device of django-otp opens the pages."""
    configure(NUMBER_CHANGE_ALLOWED="numverify.contrib.otp.devices.verified_otherwise")
    enrol(browser, script)
    device = TOTPDevice.objects.create(user=alice, name="app")
    fresh = Browser(alice)
    assert fresh.get("/numbers/add").status_code == 303
    session = fresh.client.session
    session["otp_device_id"] = device.persistent_id
    session.save()
    assert fresh.get("/numbers/add").status_code == 200
