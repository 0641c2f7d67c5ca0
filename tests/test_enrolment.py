"""Confirmed numbers: the rows, their one primary, races for it, and other user models."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib import auth
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.db import SessionStore
from django.db import IntegrityError, connection, transaction
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils import timezone

from numverify import admission, enrolment, numbers, outcomes, phone, recent_login, signals, stepup
from numverify.enrolled import EnrolledNumber
from numverify.exceptions import (
    ConfigurationError,
    LoginTooOld,
    NumberProofRequired,
    ReproveNeeded,
    UnknownAttempt,
)
from numverify.flow import Order, Party
from numverify.models import Purpose, Status, VerificationAttempt

from . import databases
from .factories import make_attempt
from .fakes import Script

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parent.parent
NUMBER, OTHER, THIRD = "+99012345678", "+99087654320", "+99011111110"


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", password="one")


def logged_in(user: User) -> HttpRequest:
    request = RequestFactory().get("/")
    request.session = SessionStore()
    request.user = AnonymousUser()
    auth.login(request, user)
    request.session.save()
    return request


def proof(ada: Any, **values: Any) -> VerificationAttempt:
    defaults = {"user": ada, "purpose": Purpose.ENROL, "status": Status.VERIFIED}
    return make_attempt(**defaults | values)


def enrolled(user: Any, number: str = NUMBER, **values: Any) -> EnrolledNumber:
    """A row, however it came about."""
    key, number_hmac = phone.phone_hmac(number)
    now = timezone.now()
    defaults: dict[str, Any] = {
        "environment": "virtual",
        "phone": number,
        "phone_mask": phone.mask(number),
        "phone_hmac": number_hmac,
        "phone_hmac_key": key,
        "attempt_id": make_attempt(phone=number).public_id,
        "primary": True,
        "confirmed_at": now,
        "last_proven_at": now,
    }
    return EnrolledNumber.objects.create(user=user, **defaults | values)


# -- the rows ---------------------------------------------------------------------------
def test_the_database_keeps_one_primary(ada: User) -> None:
    enrolled(ada)
    enrolled(ada, OTHER, primary=None)
    enrolled(ada, THIRD, primary=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        enrolled(ada, "+99022222220")
    with pytest.raises(IntegrityError), transaction.atomic():
        EnrolledNumber.objects.filter(phone=OTHER).update(primary=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        EnrolledNumber.objects.filter(phone=OTHER).update(primary=False)


def test_the_database_keeps_a_number_once_for_each_user(ada: User) -> None:
    enrolled(ada)
    with pytest.raises(IntegrityError), transaction.atomic():
        enrolled(ada, primary=None)
    enrolled(User.objects.create_user("bob"))
    enrolled(ada, environment="playground")


def test_a_number_goes_with_its_user(ada: User) -> None:
    enrolled(ada)
    ada.delete()
    assert not EnrolledNumber.objects.exists()


def test_a_number_is_named_by_its_mask(ada: User) -> None:
    row = enrolled(ada)
    assert str(row) == "+990 •••• 78"
    assert NUMBER.removeprefix("+") not in repr(row)


# -- which number counts ----------------------------------------------------------------
def test_the_primary_counts(ada: User) -> None:
    assert stepup.enrolled_number(ada) is None
    enrolled(ada, OTHER, primary=None)
    assert stepup.enrolled_number(ada) is None
    enrolled(ada)
    assert stepup.enrolled_number(ada) == NUMBER
    assert stepup.enrolled_number(User.objects.create_user("bob")) is None
    assert stepup.enrolled_number(AnonymousUser()) is None


def test_a_field_of_the_user_takes_precedence(ada: User, configure: Any) -> None:
    enrolled(ada)
    ada.first_name = OTHER
    configure(ENROLLED_NUMBER="first_name")
    assert stepup.enrolled_number(ada) == OTHER
    ada.first_name = ""
    assert stepup.enrolled_number(ada) is None
    configure(ENROLLED_NUMBER="no_such_field")
    with pytest.raises(ConfigurationError):
        stepup.enrolled_number(ada)


def test_a_number_that_must_be_proven_again_is_still_the_users(ada: User) -> None:
    enrolled(ada, last_proven_at=timezone.now() - timedelta(days=181))
    assert numbers.must_reprove(ada)
    assert stepup.enrolled_number(ada) == NUMBER


def test_a_sites_own_numbers_are_the_sites_to_keep_fresh(ada: User, configure: Any) -> None:
    enrolled(ada, last_proven_at=timezone.now() - timedelta(days=9999))
    configure(ENROLLED_NUMBER=lambda user: OTHER)
    assert not numbers.must_reprove(ada)


def test_a_step_up_with_a_stale_number_sends_nothing(ada: User, script: Script) -> None:
    enrolled(ada, last_proven_at=timezone.now() - timedelta(days=181))
    order = Order("", Purpose.STEP_UP, "session", "web")
    with pytest.raises(ReproveNeeded):
        admission.start(order, Party(user=ada))
    assert script.started == []


# -- what a proof gives -----------------------------------------------------------------
@pytest.mark.parametrize(
    "values",
    [
        {"purpose": Purpose.CHECK},
        {"purpose": Purpose.STEP_UP},
        {"purpose": Purpose.SIGN_UP},
        {"status": Status.NOT_VERIFIED},
        {"status": Status.AWAITING_COMPLETION},
        {"environment": "playground"},
        {"user": None},
    ],
)
def test_what_enrols_nothing(ada: User, values: dict[str, Any]) -> None:
    request = logged_in(ada)
    attempt = proof(ada, **values)
    assert not enrolment.confirm(request, attempt)
    outcomes.apply(request, attempt)
    assert not EnrolledNumber.objects.exists()


def test_somebody_elses_attempt(ada: User) -> None:
    outcomes.apply(logged_in(ada), proof(User.objects.create_user("eve")))
    assert not EnrolledNumber.objects.exists()


def test_an_enrolment_neither_elevates_nor_says_so(ada: User) -> None:
    seen: list[Any] = []
    receive: Callable[..., None] = lambda **kwargs: seen.append(kwargs)  # noqa: E731
    signals.session_verified.connect(receive)
    try:
        request = logged_in(ada)
        outcomes.apply(request, proof(ada))
        assert EnrolledNumber.objects.count() == 1
        assert not stepup.is_elevated(request, max_age=300)
        assert seen == []
        attempt = make_attempt(user=ada, purpose=Purpose.STEP_UP, status=Status.VERIFIED)
        outcomes.apply(request, attempt)
        assert [each["attempt"] for each in seen] == [attempt]
        assert seen[0]["request"] is request
    finally:
        signals.session_verified.disconnect(receive)


def test_a_step_up_of_the_old_number_proves_no_other(ada: User) -> None:
    old = timezone.now() - timedelta(days=100)
    enrolled(ada, last_proven_at=old)
    enrolled(ada, OTHER, primary=None, last_proven_at=old)
    attempt = make_attempt(user=ada, purpose=Purpose.STEP_UP, status=Status.VERIFIED)
    outcomes.apply(logged_in(ada), attempt)
    assert EnrolledNumber.objects.get(phone=NUMBER).last_proven_at > old
    assert EnrolledNumber.objects.get(phone=OTHER).last_proven_at == old


def test_elevations_compare_the_number_by_every_key(ada: User, configure: Any) -> None:
    enrolled(ada)
    request = logged_in(ada)
    attempt = make_attempt(user=ada, purpose=Purpose.STEP_UP, status=Status.VERIFIED)
    outcomes.apply(request, attempt)
    configure(HMAC_KEYS={"test-3": "new" * 12, "test-2": "tests-only-hmac-key-two"})
    assert stepup.is_elevated(request, max_age=300)
    EnrolledNumber.objects.update(phone=OTHER)
    assert not stepup.is_elevated(request, max_age=300)


def test_signals_wait_for_the_commit(ada: User, django_capture_on_commit_callbacks: Any) -> None:
    seen: list[Any] = []
    receive: Callable[..., None] = lambda **kwargs: seen.append(kwargs)  # noqa: E731
    signals.number_enrolled.connect(receive)
    request = logged_in(ada)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            outcomes.apply(request, proof(ada))
            assert seen == []
    finally:
        signals.number_enrolled.disconnect(receive)
    (sent,) = seen
    assert (sent["user"], sent["number"].phone, sent["request"]) == (ada, NUMBER, request)


# -- guards -----------------------------------------------------------------------------
def test_flows_guard_themselves(ada: User, configure: Any) -> None:
    row = enrolled(ada)
    request = logged_in(ada)
    for change in (enrolment.remove, enrolment.make_primary):
        with pytest.raises(NumberProofRequired):
            change(request, row.public_id)
        with (
            time_machine.travel(timezone.now() + timedelta(hours=1)),
            pytest.raises(LoginTooOld),
        ):
            change(request, row.public_id)
    configure(ENROLLED_NUMBER=lambda user: OTHER)
    with pytest.raises(UnknownAttempt):
        enrolment.remove(request, row.public_id)
    assert EnrolledNumber.objects.count() == 1


def test_an_elevation_bound_to_a_transaction_opens_no_changes(ada: User) -> None:
    enrolled(ada)
    request = logged_in(ada)
    bound = make_attempt(
        user=ada, purpose=Purpose.STEP_UP, status=Status.VERIFIED, bind_digest="a" * 64
    )
    outcomes.apply(request, bound)
    with pytest.raises(NumberProofRequired):
        enrolment.guard(request)


@pytest.mark.parametrize("change", [{"user": "0"}, {"auth": "0"}, {"number": "0" * 32}, {"at": 0}])
def test_a_proof_belongs_to_user_password_number_and_time(
    ada: User, change: dict[str, Any]
) -> None:
    request = logged_in(ada)
    outcomes.apply(request, proof(ada))
    enrolment.guard(request)
    request.session["numverify_proof"] |= change
    with pytest.raises(NumberProofRequired):
        enrolment.guard(request)


def test_log_ins_that_give_a_token_come_by_no_session(ada: User) -> None:
    request = RequestFactory().post("/")
    user_logged_in.send(User, request=request, user=ada)
    user_logged_in.send(User, request=None, user=ada)
    request.session = SessionStore()
    user_logged_in.send(User, request=request, user=ada)
    assert not request.session.modified
    request.user = AnonymousUser()
    with pytest.raises(UnknownAttempt):
        recent_login.guard(request)


def test_a_site_may_say_that_somebody_logged_in_again(ada: User) -> None:
    request = logged_in(ada)
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        with pytest.raises(LoginTooOld):
            recent_login.guard(request)
        recent_login.mark(request)
        recent_login.guard(request)


def test_a_log_in_of_the_future_is_none(ada: User) -> None:
    request = logged_in(ada)
    with time_machine.travel(timezone.now() - timedelta(hours=1)), pytest.raises(LoginTooOld):
        recent_login.guard(request)


# -- races ------------------------------------------------------------------------------
def test_who_loses_the_race_for_the_first_number_is_asked_for_a_proof(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other session's row is committed after this one looked for rows."""
    look = enrolment._locked

    def slow(user: Any) -> list[EnrolledNumber]:
        rows = look(user)
        if not EnrolledNumber.objects.exists():
            enrolled(ada, OTHER)
        return rows

    monkeypatch.setattr(enrolment, "_locked", slow)
    monkeypatch.setattr(enrolment, "guard", _guard_of_the_past(enrolment.guard))
    request = logged_in(ada)
    assert not enrolment.confirm(request, proof(ada))
    assert enrolment.take_note(request) == "number_proof_required"
    assert not EnrolledNumber.objects.filter(phone=NUMBER).exists()


def _guard_of_the_past(guard: Any) -> Any:
    """The first time, as if the other's row were not seen yet."""
    calls: list[int] = []

    def ask(request: HttpRequest, **kwargs: Any) -> None:
        calls.append(1)
        if len(calls) > 1:
            guard(request, **kwargs)

    return ask


@pytest.mark.skipif(databases.on_sqlite(), reason="SQLite in memory has one connection")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("known", [False, True])
def test_sessions_that_enrol_at_once(ada: User, known: bool) -> None:
    """A number each: one gets in, or all that have proven one; and one is primary."""
    if known:
        enrolled(ada, THIRD)
    jobs = [(logged_in(ada), proof(ada, phone=f"+9905555555{digit}")) for digit in range(4)]
    for request, _ in jobs:
        if known:
            outcomes.apply(request, proof(ada, phone=THIRD))
    _at_once([partial(outcomes.apply, *job) for job in jobs])
    rows = EnrolledNumber.objects.filter(user=ada)
    assert rows.count() == (5 if known else 1)
    assert rows.filter(primary=True).count() == 1


@pytest.mark.skipif(databases.on_sqlite(), reason="SQLite in memory has one connection")
@pytest.mark.django_db(transaction=True)
def test_changes_at_once_leave_one_primary(ada: User) -> None:
    for _ in range(5):
        EnrolledNumber.objects.all().delete()
        first = enrolled(ada)
        others = [enrolled(ada, number, primary=None) for number in (OTHER, THIRD)]
        requests = [logged_in(ada) for _ in range(4)]
        for request in requests:
            outcomes.apply(request, proof(ada, phone=THIRD))
        keys = [row.public_id for row in others]
        _at_once(
            [
                partial(enrolment.remove, requests[0], first.public_id),
                partial(enrolment.make_primary, requests[1], keys[0]),
                partial(enrolment.make_primary, requests[2], keys[1]),
                partial(outcomes.apply, requests[3], proof(ada, phone="+99055555550")),
            ]
        )
        assert EnrolledNumber.objects.count() == 3
        assert EnrolledNumber.objects.filter(primary=True).count() == 1


def _at_once(jobs: list[Callable[[], None]]) -> None:
    barrier = threading.Barrier(len(jobs))
    faults: list[BaseException] = []

    def run(job: Callable[[], None]) -> None:
        try:
            barrier.wait(timeout=30)
            job()
        except BaseException as error:  # noqa: BLE001 - told below, in the test's own thread
            faults.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert faults == []


# -- staff ------------------------------------------------------------------------------
def test_staff_see_masks_and_change_nothing(ada: User) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    row = enrolled(ada)
    url = "/admin/numverify/enrollednumber/"
    for page in (url, f"{url}{row.pk}/change/"):
        text = client.get(page).content.decode()
        assert "+990 •••• 78" in text
        assert NUMBER.removeprefix("+") not in text
        assert row.phone_hmac not in text
    assert client.post(f"{url}{row.pk}/change/", {"phone": OTHER}).status_code == 403
    assert client.post(f"{url}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.get(f"{url}add/").status_code == 403
    assert EnrolledNumber.objects.get().phone == NUMBER


@pytest.mark.parametrize("lookup", ["phone__startswith", "phone", "phone_hmac__startswith"])
def test_staff_cannot_guess_a_number_digit_by_digit(ada: User, lookup: str) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    enrolled(ada)
    response = client.get("/admin/numverify/enrollednumber/", {lookup: "+9901"})
    assert response.status_code == 400


def test_staff_may_delete_a_user_with_a_number(ada: User) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    enrolled(ada)
    response = client.post(f"/admin/auth/user/{ada.pk}/delete/", {"post": "yes"})
    assert response.status_code == 302
    assert not EnrolledNumber.objects.exists()


# -- another user model -----------------------------------------------------------------
CUSTOM_SITE = {
    "club/__init__.py": "",
    "club/models.py": """
        import uuid
        from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
        from django.db import models

        class Member(AbstractBaseUser):
            key = models.UUIDField(primary_key=True, default=uuid.uuid4)
            name = models.CharField(max_length=20, unique=True)
            USERNAME_FIELD = "name"
            objects = BaseUserManager()
    """,
    "club/settings.py": """
        from tests.settings import *

        INSTALLED_APPS = [
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "numverify",
            "club",
        ]
        AUTH_USER_MODEL = "club.Member"
        DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
        MIGRATION_MODULES = {"club": None}
        ROOT_URLCONF = "club.urls"
        MIDDLEWARE = [name for name in MIDDLEWARE if "messages" not in name]
        TEMPLATES[0]["OPTIONS"]["context_processors"].pop()
        NUMVERIFY |= {
            "PROVIDER": "scripted", "PROVIDERS": {"scripted": "tests.fakes.ScriptedProvider"}
        }
    """,
    "club/urls.py": """
        from django.urls import include, path

        urlpatterns = [path("", include("numverify.urls"))]
    """,
    "run.py": """
        import django

        django.setup()
        from django.contrib.auth import get_user_model
        from django.core.management import call_command
        from numverify import numbers, stepup
        from tests.fakes import ScriptedProvider
        from tests.views.clients import Browser, back

        call_command("migrate", run_syncdb=True, verbosity=0)
        member = get_user_model().objects.create(name="ada")
        browser = Browser(member)
        assert browser.submit("/numbers/add", phone="+99012345678").status_code == 303
        assert back(browser.client, ScriptedProvider.script)["Location"] == "/numbers"
        assert stepup.enrolled_number(member) == "+99012345678"
        page = browser.get("/numbers").content.decode()
        assert "Number added" in page
        browser.submit("/login", purpose="step_up")
        back(browser.client, ScriptedProvider.script)
        assert browser.client.session["numverify_elevation"]["user"] == str(member.pk)
        row = numbers.of(member).get()
        assert browser.submit(f"/numbers/{row.public_id}/remove").status_code == 303
        assert not numbers.of(member).exists()
        print("custom user model: fine")
    """,
}


def test_a_custom_user_model_with_a_uuid_key(tmp_path: Path) -> None:
    for name, text in CUSTOM_SITE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(textwrap.dedent(text), encoding="utf-8")
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": paths, "DJANGO_SETTINGS_MODULE": "club.settings"}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(tmp_path / "run.py")],
        env={**environment, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stdout.endswith("custom user model: fine\n"), done.stderr
