"""A site as ``docs/django-otp.md`` sets it up, and its people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import clear_url_caches

from numverify.defaults import DEFAULT_LIMITS
from tests.fakes import Script
from tests.views.clients import PHONE, Browser

from .site import OTP, OURS


@pytest.fixture(autouse=True)
def site(settings: Any, configure: Any, script: Script) -> Iterator[None]:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, OTP, OURS]
    settings.ROOT_URLCONF = "tests.contrib.otp.urls"
    configure(LIMITS=dict.fromkeys(DEFAULT_LIMITS), ALLOW_ANONYMOUS_START=False)
    clear_url_caches()
    yield
    clear_url_caches()


@pytest.fixture
def numbers(configure: Any) -> dict[str, str]:
    """The numbers that the site has, by user name; tests change them."""
    numbers = {"alice": PHONE}
    configure(ENROLLED_NUMBER=lambda user: numbers.get(user.get_username()))
    return numbers


@pytest.fixture
def alice(db: None, numbers: dict[str, str]) -> User:
    return User.objects.create_user("alice", password="secret", is_staff=True, is_superuser=True)


@pytest.fixture
def browser(alice: User) -> Browser:
    """Alice's, logged in by her password."""
    return Browser(alice)
