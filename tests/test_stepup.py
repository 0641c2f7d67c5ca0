"""Elevation: who gets it, by what, and when it is gone."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.contrib import auth
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.test import RequestFactory

from numverify import stepup
from numverify.exceptions import ConfigurationError
from numverify.models import Purpose, Status, VerificationAttempt

from .factories import make_attempt

pytestmark = pytest.mark.django_db
NUMBER, OTHER = "+99012345678", "+99087654320"


@pytest.fixture
def numbers(configure: Any) -> dict[str, str]:
    """Confirmed numbers by user name."""
    kept = {"ada": NUMBER, "bob": NUMBER}
    configure(ENROLLED_NUMBER=lambda user: kept.get(user.username))
    return kept


@pytest.fixture
def ada() -> User:
    return get_user_model().objects.create_user("ada", password="one")


@pytest.fixture
def request_(ada: User, numbers: dict[str, str]) -> HttpRequest:
    return logged_in(ada)


def logged_in(user: User) -> HttpRequest:
    request = RequestFactory().get("/")
    request.session = SessionStore()
    request.user = AnonymousUser()
    auth.login(request, user)
    request.session.save()
    return request


def step_up(user: Any, **values: Any) -> VerificationAttempt:
    defaults = {"user": user, "purpose": Purpose.STEP_UP, "status": Status.VERIFIED}
    return make_attempt(**defaults | values)


def is_elevated(request: HttpRequest, max_age: float = 300) -> bool:
    return stepup.is_elevated(request, max_age=max_age)


def same_session(request: HttpRequest) -> HttpRequest:
    """The next request of the same browser."""
    request.session.save()
    following = RequestFactory().get("/")
    following.session = SessionStore(request.session.session_key)
    following.user = auth.get_user(following)
    return following


# -- getting it ----------------------------------------------------------------------
def test_a_verified_step_up_elevates(request_: HttpRequest, ada: User) -> None:
    assert not is_elevated(request_)
    assert stepup.elevate(request_, step_up(ada))
    assert is_elevated(request_)
    assert is_elevated(same_session(request_))


def test_the_session_gets_a_new_key_and_the_old_one_is_dead(
    request_: HttpRequest, ada: User
) -> None:
    """T14: whoever planted the key has nothing."""
    planted = str(request_.session.session_key)
    assert stepup.elevate(request_, step_up(ada))
    assert request_.session.session_key != planted
    assert not SessionStore().exists(planted)


@pytest.mark.parametrize("purpose", [each for each in Purpose if each != Purpose.STEP_UP])
def test_no_other_purpose_elevates(request_: HttpRequest, ada: User, purpose: Purpose) -> None:
    """T4: a check proves a number that its caller chose."""
    assert_nothing_gained(request_, step_up(ada, purpose=purpose))


@pytest.mark.parametrize("status", [each for each in Status if each != Status.VERIFIED])
def test_no_other_status_elevates(request_: HttpRequest, ada: User, status: Status) -> None:
    assert_nothing_gained(request_, step_up(ada, status=status))


@pytest.mark.parametrize("environment", ["playground", "production"])
def test_no_other_environment_elevates(request_: HttpRequest, ada: User, environment: str) -> None:
    assert_nothing_gained(request_, step_up(ada, environment=environment))


def test_no_other_users_attempt_elevates(request_: HttpRequest) -> None:
    bob = get_user_model().objects.create_user("bob")
    assert_nothing_gained(request_, step_up(bob))
    assert_nothing_gained(request_, step_up(None))


def test_nobody_is_not_elevated(request_: HttpRequest) -> None:
    request_.user = AnonymousUser()
    assert_nothing_gained(request_, step_up(None))


def assert_nothing_gained(request: HttpRequest, attempt: VerificationAttempt) -> None:
    key, data = request.session.session_key, dict(request.session.items())
    assert not stepup.elevate(request, attempt)
    assert (request.session.session_key, dict(request.session.items())) == (key, data)
    assert not is_elevated(request)


def test_the_session_holds_no_number(request_: HttpRequest, ada: User) -> None:
    stepup.elevate(request_, step_up(ada))
    assert "12345678" not in str(dict(request_.session.items()))


# -- losing it -----------------------------------------------------------------------
@pytest.fixture
def elevated(request_: HttpRequest, ada: User) -> HttpRequest:
    assert stepup.elevate(request_, step_up(ada))
    return request_


@pytest.mark.parametrize(("age", "still"), [(0, True), (299, True), (301, False), (10**6, False)])
def test_it_ages(request_: HttpRequest, ada: User, age: int, *, still: bool) -> None:
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        stepup.elevate(request_, step_up(ada))
        clock.shift(age)
        assert is_elevated(request_) is still


@pytest.mark.parametrize(("behind", "still"), [(0.2, True), (59, True), (61, False)])
def test_a_server_whose_clock_is_a_little_behind_believes_it(
    request_: HttpRequest, ada: User, behind: float, *, still: bool
) -> None:
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        stepup.elevate(request_, step_up(ada))
        clock.shift(-behind)
        assert is_elevated(request_) is still


def test_another_number_needs_another_proof(elevated: HttpRequest, numbers: dict[str, str]) -> None:
    numbers["ada"] = OTHER
    assert not is_elevated(elevated)
    numbers["ada"] = NUMBER
    assert is_elevated(elevated)
    del numbers["ada"]
    assert not is_elevated(elevated)


def test_a_proof_of_another_number_is_none(request_: HttpRequest, ada: User) -> None:
    stepup.elevate(request_, step_up(ada, phone=OTHER))
    assert not is_elevated(request_)


def test_a_changed_password_ends_it(elevated: HttpRequest, ada: User) -> None:
    ada.set_password("two")
    ada.save()
    auth.update_session_auth_hash(elevated, ada)
    following = same_session(elevated)
    assert following.user == ada, "still logged in"
    assert not is_elevated(following)


def test_another_user_of_the_session_has_none(elevated: HttpRequest) -> None:
    bob = get_user_model().objects.create_user("bob")
    elevated.user = bob
    assert not is_elevated(elevated)
    auth.login(elevated, bob)
    assert not is_elevated(same_session(elevated))


def test_log_out_ends_it(elevated: HttpRequest, ada: User) -> None:
    auth.logout(elevated)
    assert not is_elevated(elevated)
    auth.login(elevated, ada)
    assert not is_elevated(same_session(elevated))


def test_another_environment_ends_it(elevated: HttpRequest, configure: Any) -> None:
    configure(ENVIRONMENT="playground")
    assert not is_elevated(elevated)


def test_a_rotation_of_keys_leaves_it_until_the_old_key_goes(
    elevated: HttpRequest, configure: Any
) -> None:
    configure(HMAC_KEYS={"test-3": "k3", "test-2": "tests-only-hmac-key-two"})
    assert is_elevated(elevated)
    configure(HMAC_KEYS={"test-3": "k3"})
    assert not is_elevated(elevated)


def test_it_can_be_taken_back(elevated: HttpRequest) -> None:
    stepup.drop(elevated)
    assert not is_elevated(same_session(elevated))
    stepup.drop(elevated)


@pytest.mark.parametrize("junk", [None, True, "yes", []])
def test_junk_is_no_elevation(request_: HttpRequest, junk: Any) -> None:
    request_.session["numverify_elevation"] = junk
    assert not is_elevated(request_)


# -- the enrolled number -------------------------------------------------------------
def test_the_enrolled_number_is_normalised(ada: User, numbers: dict[str, str]) -> None:
    numbers["ada"] = "+990 1234-5678"
    assert stepup.enrolled_number(ada) == NUMBER


@pytest.mark.parametrize("user", [None, AnonymousUser()])
def test_nobody_has_none(user: Any, numbers: dict[str, str]) -> None:
    assert stepup.enrolled_number(user) is None


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_user_without_a_number_has_none(ada: User, configure: Any, nothing: Any) -> None:
    configure(ENROLLED_NUMBER=lambda user: nothing)
    assert stepup.enrolled_number(ada) is None


def test_a_site_without_enrolment_has_none(ada: User, configure: Any) -> None:
    configure(ENROLLED_NUMBER=None)
    assert stepup.enrolled_number(ada) is None


@pytest.mark.parametrize("kept", ["12", "0301234567", "+49 not a number"])
def test_a_broken_number_is_not_taken_for_none(ada: User, configure: Any, kept: str) -> None:
    """T4: with none, a number of the caller's choice would take its place."""
    configure(ENROLLED_NUMBER=lambda user: kept)
    with pytest.raises(ConfigurationError) as raised:
        stepup.enrolled_number(ada)
    assert kept not in str(raised.value)


def test_a_test_number_on_a_live_site_is_broken(ada: User, configure: Any) -> None:
    configure(ENROLLED_NUMBER=lambda user: NUMBER, ENVIRONMENT="production")
    with pytest.raises(ConfigurationError):
        stepup.enrolled_number(ada)
