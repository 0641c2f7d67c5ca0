"""For :mod:`unittest` and Django's test cases: ``class Tests(NumverifyTestCase)``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.test import Client, SimpleTestCase, TestCase

from ..enrolled import EnrolledNumber
from ..models import VerificationAttempt
from ..virtual_operator.server import VirtualOperator
from . import asserts, elevation, walk
from .device import Phone
from .guard import Guard
from .site import offline

if TYPE_CHECKING:
    _Base = SimpleTestCase
else:
    _Base = object


class VirtualOperatorMixin(_Base):
    """Put before any of Django's test cases: each test runs offline, on its own operator.

    A test that tried to reach another machine fails, even where the code under test
    swallowed the refusal. A ``setUp`` of your own calls ``super().setUp()`` first.

    Attributes:
        numverify_settings: further keys of ``NUMVERIFY``, such as ``LIMITS``.
        numverify_allowed_hosts: hosts beyond this machine that tests may reach.
        numverify_operator: counts and records what it was asked.
        numverify_phone: opens links; :func:`numverify.testing.follow` takes it.
        numverify_guard: what was refused so far.
    """

    numverify_settings: ClassVar[Mapping[str, Any]] = {}
    numverify_allowed_hosts: ClassVar[Iterable[str]] = ()
    numverify_operator: VirtualOperator
    numverify_phone: Phone
    numverify_guard: Guard

    def setUp(self) -> None:
        super().setUp()
        lab = self.enterContext(
            offline(
                # A LiveServerTestCase has one: then a browser can be driven, too.
                getattr(self, "live_server_url", ""),
                settings=self.numverify_settings,
                allowed_hosts=self.numverify_allowed_hosts,
            )
        )
        self.numverify_operator = lab.operator
        self.numverify_phone = lab.phone
        self.numverify_guard = lab.guard

    def verify_number(self, client: Client, number: str = "", **options: Any) -> walk.Walk:
        """See :func:`numverify.testing.verify_number`."""
        return walk.verify_number(self.numverify_phone, client, number, **options)

    def follow(self, client: Client, response: Any) -> Any:
        """See :func:`numverify.testing.follow`."""
        return walk.follow(self.numverify_phone, client, response)

    def elevate(self, client: Client, user: Any, number: str = "") -> VerificationAttempt:
        """See :func:`numverify.testing.elevate`."""
        return elevation.elevate(client, user, number)

    def enrol(self, user: Any, number: str = walk.VERIFIED) -> EnrolledNumber:
        """See :func:`numverify.testing.enrol`."""
        return elevation.enrol(user, number)

    assert_verification_required = staticmethod(asserts.assert_verification_required)
    assert_verified = staticmethod(asserts.assert_verified)
    assert_not_verified = staticmethod(asserts.assert_not_verified)
    assert_failed = staticmethod(asserts.assert_failed)


class NumverifyTestCase(VirtualOperatorMixin, TestCase):
    """Django's ``TestCase``, offline."""
