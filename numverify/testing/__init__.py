"""Test your own second factor offline: docs/testing.md.

* unittest, Django: :class:`NumverifyTestCase`, :class:`VirtualOperatorMixin`;
* pytest: ``pytest_plugins = ["numverify.testing.plugin"]``;
* authors of a provider: :class:`ProviderContract`.

Nothing here needs pytest, save the plugin.
"""

from __future__ import annotations

from .asserts import (
    assert_failed,
    assert_not_verified,
    assert_verification_required,
    assert_verified,
)
from .cases import NumverifyTestCase, VirtualOperatorMixin
from .contract import Plays, ProviderContract, Situation
from .device import Phone
from .elevation import elevate, enrol, is_elevated
from .guard import Guard, OutsideRequest, no_outside_requests
from .site import Lab, offline
from .walk import CANNOT_TELL, NOT_VERIFIED, VERIFIED, Walk, follow, verify_number

__all__ = [
    "CANNOT_TELL",
    "NOT_VERIFIED",
    "VERIFIED",
    "Guard",
    "Lab",
    "NumverifyTestCase",
    "OutsideRequest",
    "Phone",
    "Plays",
    "ProviderContract",
    "Situation",
    "VirtualOperatorMixin",
    "Walk",
    "assert_failed",
    "assert_not_verified",
    "assert_verification_required",
    "assert_verified",
    "elevate",
    "enrol",
    "follow",
    "is_elevated",
    "no_outside_requests",
    "offline",
    "verify_number",
]
