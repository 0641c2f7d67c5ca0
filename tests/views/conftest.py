"""Fixtures of the views' tests."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from numverify.defaults import DEFAULT_LIMITS

from .clients import PHONE, Browser


@pytest.fixture(autouse=True)
def _no_limits(configure: Any) -> None:
    configure(LIMITS=dict.fromkeys(DEFAULT_LIMITS))


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice", password="secret")


@pytest.fixture
def browser(db: None) -> Browser:
    return Browser()


@pytest.fixture
def enrolled(configure: Any) -> None:
    """Every user has the number ``PHONE``."""
    configure(ENROLLED_NUMBER=lambda user: PHONE)
