"""The kit's fixtures, beside a user. A top conftest.py would name the plugin instead."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from numverify.testing.plugin import (  # noqa: F401
    elevate,
    enrol,
    follow_numverify,
    numverify_allowed_hosts,
    numverify_guard,
    numverify_lab,
    numverify_operator,
    numverify_phone,
    numverify_settings,
    verify_number,
)


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice", password="secret")
