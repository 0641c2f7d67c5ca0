"""What the tests of the adapter do again and again."""

from __future__ import annotations

from typing import Any

from numverify.contrib.otp.models import NumberVerificationDevice
from tests.fakes import Script
from tests.views.clients import Browser, back

OTP = "django_otp.middleware.OTPMiddleware"
OURS = "numverify.contrib.otp.middleware.EnrolledNumberMiddleware"
OTHER = "+99012345676"


def step_up(browser: Browser, script: Script, **fields: str) -> Any:
    """The whole step-up; answers with what the callback answered."""
    browser.start(**{"purpose": "step_up", **fields})
    return back(browser.client, script)


def who(browser: Browser) -> str:
    return str(browser.get("/who").content.decode())


def is_let_in(browser: Browser) -> bool:
    response = browser.get("/secret")
    if response.status_code == 302:
        assert response["Location"].startswith("/accounts/login/?next=/secret")
    return bool(response.status_code == 200)


def device_of(user: Any) -> NumberVerificationDevice:
    device: NumberVerificationDevice = NumberVerificationDevice.objects.get(user=user)
    return device
