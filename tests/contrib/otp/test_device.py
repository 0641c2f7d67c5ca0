"""The device as django-otp and the packages around it use it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django_otp import device_classes, devices_for_user, match_token, user_has_device, verify_token
from django_otp.forms import OTPTokenForm
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice

from numverify import phone
from numverify.contrib.otp.models import NumberVerificationDevice
from tests.fakes import Script
from tests.views.clients import PHONE

from .site import OTHER


@pytest.fixture
def device(alice: User) -> NumberVerificationDevice:
    return make(alice, confirmed=True)


def make(user: User, **values: object) -> NumberVerificationDevice:
    key, digest = phone.phone_hmac(PHONE)
    made: NumberVerificationDevice = NumberVerificationDevice.objects.create(
        user=user,
        name=phone.mask(PHONE),
        phone_mask=phone.mask(PHONE),
        phone_hmac=digest,
        phone_hmac_key=key,
        environment="virtual",
        **values,
    )
    return made


def test_it_is_unconfirmed_until_a_proof(alice: User) -> None:
    device = make(alice)
    assert not device.confirmed
    assert list(devices_for_user(alice)) == []
    assert not user_has_device(alice)
    assert list(devices_for_user(alice, confirmed=None)) == [device]


def test_its_key_is_an_integer_and_its_persistent_id_leads_back(
    device: NumberVerificationDevice,
) -> None:
    assert NumberVerificationDevice in set(device_classes())
    label, _, key = device.persistent_id.partition("/")
    assert (label, int(key)) == ("numverify_otp.numberverificationdevice", device.pk)
    assert Device.from_persistent_id(device.persistent_id) == device


@pytest.mark.parametrize("token", ["123456", "", "0", "K7QP3M9D", PHONE, "\x00"])
def test_no_token_fits(device: NumberVerificationDevice, token: str) -> None:
    assert device.verify_token(token) is False
    assert verify_token(device.user, device.persistent_id, token) is None


def test_probing_with_codes_of_other_devices_never_locks_it(
    device: NumberVerificationDevice,
) -> None:
    codes = StaticDevice.objects.create(user=device.user, name="codes")
    codes.token_set.create(token="abcdef")
    before = NumberVerificationDevice.objects.values().get()
    for _ in range(20):
        assert match_token(device.user, "wrong!") is None
    codes.refresh_from_db()
    assert codes.throttling_failure_count > 0, "the probing is real"
    codes.throttle_reset()
    assert match_token(device.user, "abcdef") == codes
    assert NumberVerificationDevice.objects.values().get() == before


def test_a_challenge_is_a_sentence_and_starts_nothing(
    device: NumberVerificationDevice, script: Script
) -> None:
    assert device.is_interactive()
    before = NumberVerificationDevice.objects.values().get()
    for _ in range(3):
        assert "Use my mobile network" in device.generate_challenge()
    assert NumberVerificationDevice.objects.values().get() == before
    assert script.started == []


def test_a_challenge_is_guarded_where_a_site_sets_a_cooldown(
    device: NumberVerificationDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.cooldown_set()
    monkeypatch.setattr(NumberVerificationDevice, "get_cooldown_duration", lambda self: 60)
    assert device.generate_is_allowed()[0] is False
    assert device.generate_challenge() == "Wait a moment before you try again."


@pytest.mark.parametrize("button", [{"otp_token": "123456"}, {"otp_challenge": "1"}])
def test_code_forms_say_where_to_go(
    device: NumberVerificationDevice, button: dict[str, str]
) -> None:
    form = OTPTokenForm(device.user, None, {"otp_device": device.persistent_id, **button})
    assert not form.is_valid()
    assert "Use my mobile network" in form.errors["__all__"][0]


def test_it_holds_no_number(device: NumberVerificationDevice) -> None:
    stored = str(NumberVerificationDevice.objects.values().get())
    assert PHONE[1:] not in stored
    assert PHONE[4:] not in str(device)


def test_it_is_current_for_its_owner_and_number_alone(
    device: NumberVerificationDevice, numbers: dict[str, str]
) -> None:
    mallory = User.objects.create_user("mallory")
    numbers["mallory"] = PHONE
    assert device.is_current(device.user)
    assert not device.is_current(mallory)
    numbers["alice"] = OTHER
    assert not device.is_current(device.user)


def test_removing_the_user_removes_it(device: NumberVerificationDevice) -> None:
    device.user.delete()
    assert not NumberVerificationDevice.objects.exists()


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "numverify_otp", check=True, dry_run=True, verbosity=0)
