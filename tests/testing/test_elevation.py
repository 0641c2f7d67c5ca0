"""Shortcuts: what they set up is what the site's own predicate accepts, and no more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from numverify.enrolled import EnrolledNumber
from numverify.models import VerificationAttempt
from numverify.stepup import enrolled_number
from numverify.testing import is_elevated
from numverify.virtual_operator.server import VirtualOperator

pytestmark = pytest.mark.urls("tests.testing.urls")
Elevate = Callable[..., VerificationAttempt]
Enrol = Callable[..., EnrolledNumber]


def test_it_elevates_without_asking_anybody(
    client: Client, alice: User, elevate: Elevate, numverify_operator: VirtualOperator
) -> None:
    attempt = elevate(client, alice, "+990 1234 5678")
    assert (attempt.status, attempt.purpose, attempt.result) == ("verified", "step_up", True)
    assert enrolled_number(alice) == "+99012345678"
    assert is_elevated(client, alice)
    assert client.get("/transfer/").status_code == 200
    assert numverify_operator.counts.total() == 0


def test_it_ages_like_a_real_one(client: Client, alice: User, elevate: Elevate) -> None:
    elevate(client, alice)
    with time_machine.travel(timezone.now() + timedelta(seconds=301)):
        assert not is_elevated(client, alice)


def test_who_is_logged_in_stays_so(client: Client, alice: User, elevate: Elevate) -> None:
    client.force_login(alice)
    session = client.session
    session["basket"] = [1]
    session.save()
    elevate(client, alice)
    assert client.session["basket"] == [1]
    assert client.session.session_key != session.session_key, "the key changes (T14)"


def test_it_is_that_users_alone(client: Client, alice: User, elevate: Elevate) -> None:
    elevate(client, alice)
    bob = User.objects.create_user("bob")
    client.force_login(bob)
    assert client.get("/transfer/").status_code == 302
    assert not is_elevated(client, alice)


def test_only_the_enrolled_number(
    client: Client, alice: User, elevate: Elevate, enrol: Enrol
) -> None:
    enrol(alice, "+99012345678")
    with pytest.raises(AssertionError, match=r"enrolled number is \+990 •••• 78\."):
        elevate(client, alice, "+9902345600")
    assert not is_elevated(client, alice)


def test_the_site_may_keep_the_numbers(
    client: Client, alice: User, elevate: Elevate, enrol: Enrol, configure: Any
) -> None:
    configure(ENROLLED_NUMBER=lambda user: "+9902345600")
    elevate(client, alice)
    assert is_elevated(client, alice)
    with pytest.raises(AssertionError, match="ENROLLED_NUMBER"):
        enrol(alice)


def test_enrolling_makes_the_number_primary_once(alice: User, enrol: Enrol) -> None:
    enrol(alice, "+9902345600")
    enrol(alice, "+99012345678")
    enrol(alice, "+99012345678")
    assert enrolled_number(alice) == "+99012345678"
    assert alice.enrolled_numbers.count() == 2
