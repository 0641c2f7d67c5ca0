"""The admin behind django-otp, entered with nothing but a password and a SIM."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django_otp.admin import OTPAdminSite
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from numverify.contrib.otp.sites import NumverifyOTPAdminSite
from tests.fakes import Script
from tests.views.clients import PHONE, Browser, back

from .site import device_of, step_up, who

LOGIN = "/admin/login/"
STEP_UP = "/login?purpose=step_up&next=%2Fadmin%2F"


def log_in(browser: Browser, **fields: str) -> Any:
    fields = {"username": "alice", "password": "secret", "next": "/admin/", **fields}
    return browser.submit(LOGIN, **fields)


@pytest.fixture
def stranger(alice: User) -> Browser:
    """A browser that is not logged in."""
    return Browser()


def test_password_then_the_mobile_network(stranger: Browser, script: Script, alice: User) -> None:
    assert stranger.get("/admin/").status_code == 302
    assert b'name="otp_network"' in stranger.get(LOGIN).content
    response = log_in(stranger, otp_network="1")
    assert (response.status_code, response["Location"]) == (302, STEP_UP)
    assert stranger.get("/admin/").status_code == 302, "a password alone lets nobody in"
    assert stranger.get(STEP_UP).status_code == 200
    started = stranger.submit("/login", purpose="step_up", next="/admin/", binding="session")
    assert started.status_code == 303
    assert script.started[0][0] == PHONE
    response = back(stranger.client, script)
    assert response["Location"] == "/admin/"
    assert stranger.get("/admin/").status_code == 200
    assert who(stranger) == device_of(alice).persistent_id


def test_again_with_the_device_in_the_list(stranger: Browser, script: Script, alice: User) -> None:
    step_up(Browser(alice), script)
    response = log_in(stranger)
    assert response.status_code == 200
    assert "+990 •••• 78" in response.content.decode()
    device = device_of(alice).persistent_id
    for fields in ({"otp_token": "123456"}, {"otp_challenge": "1"}):
        answer = log_in(stranger, otp_device=device, **fields).content.decode()
        assert "There is no code: choose “Use my mobile network”." in answer
        assert 'name="otp_network"' in answer
    assert log_in(stranger, otp_device=device, otp_network="1")["Location"] == STEP_UP


def test_who_is_logged_in_already_gets_a_link(browser: Browser, script: Script) -> None:
    page = browser.get("/admin/login/?next=/admin/numverify_otp/").content.decode()
    link = "/login?purpose=step_up&amp;next=%2Fadmin%2Fnumverify_otp%2F"
    assert f'href="{link}"' in page
    step_up(browser, script)
    assert browser.get(LOGIN).status_code == 302


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_the_way_back_leads_to_this_site_alone(
    browser: Browser, stranger: Browser, target: str
) -> None:
    assert "evil.example" not in browser.get(LOGIN, {"next": target}).context["network_url"]
    assert "evil.example" not in log_in(stranger, otp_network="1", next=target)["Location"]


@pytest.mark.parametrize("numbers_now", [{"alice": ""}, {"alice": "no number"}])
def test_without_a_number_the_button_logs_nobody_in(
    stranger: Browser, numbers: dict[str, str], numbers_now: dict[str, str]
) -> None:
    numbers.update(numbers_now)
    response = log_in(stranger, otp_network="1")
    assert response.status_code == 200
    assert "This account has no confirmed number." in response.content.decode()
    assert "_auth_user_id" not in stranger.client.session


@pytest.mark.parametrize("fields", [{"password": "wrong"}, {"username": "nobody"}])
def test_the_button_asks_for_the_password(stranger: Browser, fields: dict[str, str]) -> None:
    assert log_in(stranger, otp_network="1", **fields).status_code == 200
    assert "_auth_user_id" not in stranger.client.session


def test_the_button_is_for_staff(
    stranger: Browser, numbers: dict[str, str], script: Script
) -> None:
    bob = User.objects.create_user("bob", password="secret")
    numbers["bob"] = PHONE
    assert log_in(stranger, username="bob", otp_network="1").status_code == 200
    assert "_auth_user_id" not in stranger.client.session
    browser = Browser(bob)
    assert browser.get(LOGIN).context["network_url"] == ""
    step_up(browser, script)
    assert browser.get("/admin/").status_code == 302


def test_other_devices_work_as_before(stranger: Browser, alice: User) -> None:
    device = TOTPDevice.objects.create(user=alice, name="app")
    assert log_in(stranger, otp_device=device.persistent_id, otp_token="000").status_code == 200
    device.throttle_reset()
    code = f"{totp(device.bin_key):06}"
    response = log_in(stranger, otp_device=device.persistent_id, otp_token=code)
    assert response["Location"] == "/admin/"
    assert stranger.get("/admin/").status_code == 200


def test_the_stock_site_is_satisfied_by_the_same_mark(
    browser: Browser, script: Script, rf: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    real = NumverifyOTPAdminSite.has_permission

    def both(self: NumverifyOTPAdminSite, request: Any) -> bool:
        asked.append(OTPAdminSite("otpadmin").has_permission(request))
        return bool(real(self, request))

    monkeypatch.setattr(NumverifyOTPAdminSite, "has_permission", both)
    browser.get("/admin/")
    step_up(browser, script)
    browser.get("/admin/")
    assert (asked[0], asked[-1]) == (False, True)


# -- the pages of the devices ----------------------------------------------------------
DEVICES = "/admin/numverify_otp/numberverificationdevice/"


def test_devices_are_shown_masked_and_never_changed(
    browser: Browser, script: Script, alice: User
) -> None:
    step_up(browser, script)
    device = device_of(alice)
    one = f"{DEVICES}{device.pk}/change/"
    for address in (DEVICES, one):
        page = browser.get(address).content.decode()
        assert "+990 •••• 78" in page
        assert PHONE[1:] not in page
        assert device.phone_hmac not in page
    assert "save" not in browser.get(one).content.decode().partition("submit-row")[2]
    assert browser.get(f"{DEVICES}add/").status_code == 403
    assert browser.submit(one, confirmed="", name="x").status_code == 403


@pytest.mark.parametrize("lookup", ["phone_hmac__startswith", "user__password__startswith"])
def test_lookups_tell_nothing(browser: Browser, script: Script, lookup: str) -> None:
    step_up(browser, script)
    assert browser.get(DEVICES, {lookup: "a"}).status_code == 400
    assert browser.get(DEVICES, {"confirmed__exact": "1"}).status_code == 200


def test_removing_one_needs_the_permission_and_ends_what_it_verified(
    browser: Browser, script: Script, alice: User, numbers: dict[str, str]
) -> None:
    bob = User.objects.create_user("bob", password="secret", is_staff=True)
    bob.user_permissions.add(Permission.objects.get(codename="view_numberverificationdevice"))
    numbers["bob"] = PHONE
    step_up(browser, script)
    staff = Browser(bob)
    step_up(staff, script)
    address = f"{DEVICES}{device_of(alice).pk}/delete/"
    assert staff.submit(address, post="yes").status_code == 403
    bob.user_permissions.add(Permission.objects.get(codename="delete_numberverificationdevice"))
    assert staff.submit(address, post="yes").status_code == 302
    assert who(browser) == "nobody"
