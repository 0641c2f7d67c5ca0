"""The mixin: inside TestCase's transaction, with a live server, and failing loudly."""

from __future__ import annotations

import contextlib
import socket
import unittest
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import LiveServerTestCase, SimpleTestCase, override_settings

from numverify.conf import conf
from numverify.defaults import DEFAULT_LIMITS
from numverify.models import VerificationAttempt
from numverify.testing import NumverifyTestCase, VirtualOperatorMixin


@override_settings(ROOT_URLCONF="tests.testing.urls")
class TransferTests(NumverifyTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.alice = User.objects.create_user("alice")
        self.client.force_login(self.alice)

    def test_walk(self) -> None:
        self.enrol(self.alice)
        gate = self.client.get("/transfer/")
        self.assert_verification_required(gate)
        self.assert_verified(self.verify_number(self.client, after=gate))
        assert self.client.get("/transfer/").status_code == 200
        assert connection.in_atomic_block

    def test_shortcut(self) -> None:
        self.elevate(self.client, self.alice)
        assert self.client.get("/transfer/").status_code == 200
        assert self.numverify_operator.counts.total() == 0

    def test_outcomes_by_number(self) -> None:
        self.assert_not_verified(self.verify_number(self.client, "+9902345601"))
        self.assert_failed(self.verify_number(self.client, "+99012345699"), "operator_error")

    def test_follow(self) -> None:
        started = self.client.post("/numverify/login", {"phone": "+99012345678"})
        self.follow(self.client, started)
        self.assert_verified(VerificationAttempt.objects.get())

    def test_earlier_failures_pause_nothing(self) -> None:
        for _ in range(6):
            self.assert_failed(self.verify_number(self.client, "+9909114503"), "upstream_error")
        self.assert_verified(self.verify_number(self.client))

    def test_earlier_starts_refuse_nothing(self) -> None:
        limit = (DEFAULT_LIMITS["phone"] or (0, 0))[0]
        for _ in range(limit + 1):
            self.assert_verified(self.verify_number(self.client))

    def test_each_test_counts_from_zero(self) -> None:
        self.verify_number(self.client)
        assert self.numverify_operator.counts["verify"] == 1


class LiveTests(VirtualOperatorMixin, LiveServerTestCase):
    def test_the_redirect_uri_is_the_live_servers(self) -> None:
        assert conf.vonage_redirect_uri == f"{self.live_server_url}/callback"
        with socket.create_connection(("127.0.0.1", self.server_thread.port), 5):
            pass


class Settled(NumverifyTestCase):
    numverify_settings: ClassVar[Mapping[str, Any]] = {"ATTEMPT_SECONDS": 7}

    def test_settings_are_the_tests(self) -> None:
        assert (conf.attempt_seconds, conf.environment) == (7, "virtual")


def test_a_test_that_swallowed_a_refusal_fails() -> None:
    class Leaks(VirtualOperatorMixin, SimpleTestCase):
        def test(self) -> None:
            with contextlib.suppress(Exception):
                socket.gethostbyname("api.example.com")

    result = unittest.TestResult()
    Leaks("test")(result)
    (_, told), *others = result.failures + result.errors
    assert "A test tried to reach api.example.com." in told
    assert others == []


@pytest.mark.django_db
def test_without_super_nothing_is_pretended() -> None:
    class Forgot(NumverifyTestCase):
        def setUp(self) -> None:
            """Forgets the parent's."""

        def test(self) -> None:
            self.verify_number(self.client)

    result = unittest.TestResult()
    Forgot("test")(result)
    assert "numverify_phone" in str((result.failures + result.errors)[0][1])
