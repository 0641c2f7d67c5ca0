"""What staff see of attempts, and what they must not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import path, reverse
from django.utils import timezone

from numverify import phone, tokens
from numverify.admin import attempts as admin_module
from numverify.admin import search
from numverify.exceptions import Reason
from numverify.models import Binding, EnvironmentName, Status, VerificationAttempt

from .factories import make_attempt

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

urlpatterns = [path("admin/", admin.site.urls)]

NUMBER = "+99012345678"
DIGITS = "99012345678"
LIST = "/admin/numverify/verificationattempt/"
ROOT = Path(__file__).parent.parent


def staff(*codenames: str) -> User:
    user = User.objects.create_user(f"staff-{uuid.uuid4().hex[:6]}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


@pytest.fixture
def viewer() -> Client:
    """Staff who may view attempts, and nothing else."""
    client = Client()
    client.force_login(staff("view_verificationattempt"))
    return client


def found(client: Client, typed: str, url: str = LIST) -> set[int]:
    """The attempts that a search by form shows."""
    answer = client.post(url, {"q": typed})
    assert answer.status_code == 302
    page = client.get(answer["Location"])
    assert page.status_code == 200
    assert "Nothing was found" not in page.content.decode()
    return {attempt.pk for attempt in page.context["cl"].result_list}


# -- read-only, masked --------------------------------------------------------------------
def test_the_list_shows_what_design_asks_for(viewer: Client) -> None:
    user = User.objects.create_user("ann")
    made = make_attempt(status=Status.FAILED, reason=Reason.UPSTREAM_TIMEOUT, user=user)
    html = viewer.get(LIST).content.decode()
    for text in (
        made.reference_display,
        "+990 •••• 78",
        "could not find out",
        "upstream_timeout",
        "numverify-failed",
        "numverify/admin.css",
        "ann",
        "virtual",
        '<td class="field-binding_label">session</td>',
    ):
        assert text in html
    assert "style=" not in re.sub(r"<svg.*?</svg>", "", html)


def admin_urls(attempt: VerificationAttempt) -> list[str]:
    page = f"{LIST}{attempt.pk}/"
    lookups = [
        "status__exact=pending",
        "created_at__gte=2020-01-01T00:00Z",
        "o=1",
        "o=-1.3",
        "all=",
    ]
    return [
        "/admin/",
        "/admin/numverify/",
        LIST,
        *(f"{LIST}?{lookup}" for lookup in lookups),
        page,
        f"{page}change/",
        f"{page}history/",
        f"{page}delete/",
        f"{LIST}add/",
        f"{LIST}999999/change/",
    ]


def test_no_page_shows_the_number_or_a_hash(viewer: Client) -> None:
    user = User.objects.create_user(NUMBER, email=f"{DIGITS}@example.com")
    made = make_attempt(
        user=user,
        status=Status.VERIFIED,
        user_agent=f"App/1 ({NUMBER})",
        completion_code_hmac=tokens.digest("code"),
        attempt_secret_hash=tokens.digest("secret"),
        next=f"/welcome?phone={DIGITS}",
    )
    hidden = [
        DIGITS,
        DIGITS[3:],
        made.phone_hmac,
        made.state_hash,
        made.browser_nonce_hmac,
        made.completion_code_hmac,
        made.attempt_secret_hash,
    ]
    shown = ""
    for url in admin_urls(made):
        answer = viewer.get(url, follow=True)
        html = answer.content.decode()
        assert not [secret for secret in hidden if secret in html], url
        shown += html
    assert shown.count("+990 •••• 78") >= 10


def test_hidden_columns_are_not_even_loaded(viewer: Client) -> None:
    made = make_attempt()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        viewer.get(LIST)
        viewer.get(f"{LIST}{made.pk}/change/")
    columns = [query["sql"] for query in queries if "FROM" in query["sql"]]
    assert columns
    for name in admin_module._NEVER_LOADED:
        quoted = connection.ops.quote_name(name)
        assert not [sql for sql in columns if f"verificationattempt{quoted[-1]}.{quoted}" in sql]


@pytest.mark.parametrize("superuser", [False, True])
def test_nothing_can_be_changed(superuser: bool) -> None:
    user = staff("view_verificationattempt")
    user.is_superuser = superuser
    user.save()
    client = Client()
    client.force_login(user)
    made = make_attempt()
    page = f"{LIST}{made.pk}/"
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.post(f"{LIST}add/", {"status": "verified"}).status_code == 403
    assert client.post(f"{page}change/", {"status": "verified"}).status_code == 403
    assert client.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    action = {"action": "delete_selected", "_selected_action": str(made.pk), "post": "yes"}
    client.post(LIST, action)
    made.refresh_from_db()
    assert made.status == Status.PENDING
    assert 'name="_save"' not in client.get(f"{page}change/").content.decode()


def test_the_page_groups_steps_and_timings(viewer: Client) -> None:
    made = make_attempt(status=Status.VERIFIED)
    html = viewer.get(f"{LIST}{made.pk}/change/").content.decode()
    for text in ("Timings", "41", "42", "43", "8.0", str(made.public_id), made.correlator):
        assert text in html


def test_the_page_of_a_pending_attempt(viewer: Client) -> None:
    html = viewer.get(f"{LIST}{make_attempt().pk}/change/").content.decode()
    assert "waiting for the phone" in html


def test_staff_without_permission_see_and_search_nothing() -> None:
    client = Client()
    client.force_login(staff())
    made = make_attempt()
    assert client.get(LIST).status_code == 403
    assert client.get(f"{LIST}{made.pk}/change/").status_code == 403
    assert client.post(LIST, {"q": NUMBER}).status_code == 403
    assert client.get(LIST, {"q": NUMBER}).status_code == 403


# -- filters ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("status__exact=verified", 1),
        ("binding__exact=completion", 1),
        ("environment__exact=production", 1),
        ("status__exact=pending&binding__exact=session", 2),
        ("status__exact=expired", 0),
    ],
)
def test_filters(viewer: Client, query: str, count: int) -> None:
    make_attempt(status=Status.VERIFIED)
    make_attempt(binding=Binding.COMPLETION)
    make_attempt(environment=EnvironmentName.PRODUCTION)
    make_attempt()
    assert len(viewer.get(f"{LIST}?{query}").context["cl"].result_list) == count


def test_filter_by_period(viewer: Client) -> None:
    now = timezone.now()
    new = make_attempt(created_at=now - timedelta(hours=1))
    make_attempt(created_at=now - timedelta(days=30))
    page = viewer.get(LIST, {"created_at__gte": str(now - timedelta(days=7))})
    assert [attempt.pk for attempt in page.context["cl"].result_list] == [new.pk]
    assert "Past 7 days" in viewer.get(LIST).content.decode()


@pytest.mark.parametrize(
    "lookup",
    [
        f"phone={DIGITS}",
        "phone__startswith=%2B99012",
        "phone__regex=1",
        "phone_hmac__startswith=a",
        "state_hash__startswith=a",
        "completion_code_hmac__gt=a",
        "user__password__startswith=pbkdf2",
        "next__contains=a",
    ],
)
def test_lookups_that_would_tell_a_number_or_a_hash_piecemeal(viewer: Client, lookup: str) -> None:
    make_attempt()
    assert viewer.get(f"{LIST}?{lookup}").status_code == 400


# -- search -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "typed",
    [
        NUMBER,
        "+990 1234 5678",
        " +990 (1234) 56-78 ",
        DIGITS,
        "00990 1234 5678",
        "tel:+99012345678",
        "\uff0b99012345678",
    ],
)
def test_search_by_number_in_any_spelling(viewer: Client, typed: str) -> None:
    made = make_attempt()
    make_attempt(phone="+99012345679")
    assert found(viewer, typed) == {made.pk}


@pytest.mark.parametrize("typed", [NUMBER, "\uff0b990 1234 5678"])
def test_search_for_a_test_number_on_a_live_site(viewer: Client, settings: Any, typed: str) -> None:
    made = make_attempt()
    settings.NUMVERIFY = {**settings.NUMVERIFY, "ENVIRONMENT": "production"}
    assert found(viewer, typed) == {made.pk}


def test_search_by_number_looks_with_every_key(viewer: Client, settings: Any) -> None:
    keys = settings.NUMVERIFY["HMAC_KEYS"]
    settings.NUMVERIFY = {**settings.NUMVERIFY, "HMAC_KEYS": {"test-1": keys["test-1"]}}
    old = make_attempt()
    settings.NUMVERIFY = {**settings.NUMVERIFY, "HMAC_KEYS": keys}
    new = make_attempt()
    assert old.phone_hmac != new.phone_hmac
    assert found(viewer, NUMBER) == {old.pk, new.pk}


@pytest.mark.parametrize("method", ["get", "post"])
def test_no_number_stays_in_a_url(viewer: Client, method: str) -> None:
    make_attempt()
    answer = getattr(viewer, method)(f"{LIST}?status__exact=pending&p=3", {"q": NUMBER})
    if method == "get":
        answer = viewer.get(f"{LIST}?status__exact=pending&p=3&q=%2B{DIGITS}")
    assert answer.status_code == 302
    parameters = parse_qs(urlsplit(answer["Location"]).query)
    assert parameters == {
        "status__exact": ["pending"],
        "phone_hmac__in": [",".join(phone.phone_hmacs(NUMBER))],
    }
    page = viewer.get(answer["Location"])
    assert DIGITS[3:] not in page.content.decode()


def test_the_search_form_posts(viewer: Client) -> None:
    html = viewer.get(LIST).content.decode()
    form = re.search(r'<form id="changelist-search".*?</form>', html, re.DOTALL)
    assert form
    assert 'method="post"' in form[0]
    assert "csrfmiddlewaretoken" in form[0]
    assert "Reference, id, whole phone number" in form[0]


def test_the_search_form_needs_its_csrf_token() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff("view_verificationattempt"))
    assert client.post(LIST, {"q": NUMBER}).status_code == 403


def test_search_by_reference_and_id(viewer: Client) -> None:
    made = make_attempt(public_id=uuid.UUID("9cf6ad12-0000-4000-8000-000000000000"))
    make_attempt()
    assert made.reference_display == "KKVA-T4G0"
    for typed in ("KKVA-T4G0", "kkvat4g0", " kkva t4go ", str(made.public_id), made.public_id.hex):
        assert found(viewer, typed) == {made.pk}, typed


def test_search_by_user(viewer: Client) -> None:
    ann = User.objects.create_user("ann", email="Ann@example.com")
    made = make_attempt(user=ann)
    make_attempt(user=User.objects.create_user("anna"))
    make_attempt()
    assert found(viewer, "ann") == {made.pk}
    assert found(viewer, "ann@EXAMPLE.com") == {made.pk}


def test_a_second_search_replaces_the_first(viewer: Client) -> None:
    make_attempt(user=User.objects.create_user("ann"))
    other = make_attempt(phone="+99012345670")
    first = viewer.post(LIST, {"q": "ann"})["Location"]
    assert found(viewer, other.reference_display, first) == {other.pk}


@pytest.mark.parametrize("typed", ["nobody", "+", "K7QP-3M9D", "a\x00b", "x\U0001f600", "x" * 5000])
def test_search_without_result_says_so(viewer: Client, typed: str) -> None:
    make_attempt()
    page = viewer.post(LIST, {"q": typed}, follow=True)
    assert page.redirect_chain == [(f"{LIST}?", 302)]
    assert "Nothing was found by that." in page.content.decode()


def test_what_no_database_takes_is_left_out(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed: list[str] = []
    monkeypatch.setattr(search, "find", typed.append)
    viewer.post(LIST, {"q": "a\x00\U0001f600b" + "x" * 5000})
    assert typed == ["ab" + "x" * 252]


def test_an_empty_search_shows_the_list(viewer: Client) -> None:
    make_attempt()
    assert viewer.post(LIST, {"q": "  "}).status_code == 200
    assert viewer.get(LIST, {"q": ""}).status_code == 200


# -- many rows ----------------------------------------------------------------------------
def test_the_count_is_capped(viewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_module, "MAX_COUNT", 3)
    for _ in range(5):
        make_attempt()
    with CaptureQueriesContext(connection) as queries:
        html = viewer.get(LIST).content.decode()
    counts = [query["sql"] for query in queries if "COUNT(" in query["sql"]]
    assert counts
    assert all("LIMIT 3" in sql for sql in counts)
    assert "Counting stopped here" in html


def test_a_short_list_says_nothing_of_counting(viewer: Client) -> None:
    make_attempt()
    assert "Counting stopped here" not in viewer.get(LIST).content.decode()


def test_statements_do_not_grow_with_the_rows(viewer: Client) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            viewer.get(LIST)
        return len(queries)

    make_attempt(user=User.objects.create_user("first"))
    before = statements()
    for name in "abcdef":
        make_attempt(user=User.objects.create_user(name))
    assert statements() == before


def test_newest_first(viewer: Client) -> None:
    rows = [make_attempt().pk for _ in range(3)]
    page = viewer.get(LIST)
    assert [attempt.pk for attempt in page.context["cl"].result_list] == rows[::-1]


# -- users --------------------------------------------------------------------------------
@pytest.mark.parametrize("superuser", [True, False])
def test_a_user_with_attempts_can_be_deleted(superuser: bool) -> None:
    who = staff("delete_user", "view_user")
    who.is_superuser = superuser
    who.save()
    client = Client()
    client.force_login(who)
    ann = User.objects.create_user("ann")
    made = make_attempt(user=ann, status=Status.VERIFIED)
    url = reverse("admin:auth_user_delete", args=[ann.pk])
    assert "Are you sure" in client.get(url).content.decode()
    assert client.post(url, {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=ann.pk).exists()
    made.refresh_from_db()
    assert made.user is None
    assert made.status == Status.VERIFIED


def test_users_can_be_deleted_in_bulk() -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    made = make_attempt(user=User.objects.create_user("ann"))
    action = {"action": "delete_selected", "_selected_action": made.user_id, "post": "yes"}
    assert client.post("/admin/auth/user/", action).status_code == 302
    made.refresh_from_db()
    assert made.user is None


CUSTOM_SITE = {
    "shop/__init__.py": "",
    "shop/models.py": """
        import uuid
        from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
        from django.db import models

        class Customer(AbstractBaseUser, PermissionsMixin):
            key = models.UUIDField(primary_key=True, default=uuid.uuid4)
            mobile = models.CharField(max_length=20, unique=True)
            is_staff = models.BooleanField(default=True)
            is_active = models.BooleanField(default=True)
            USERNAME_FIELD = "mobile"
            objects = BaseUserManager()
    """,
    "shop/settings.py": """
        from tests.settings import *

        INSTALLED_APPS = [*INSTALLED_APPS, "shop"]
        AUTH_USER_MODEL = "shop.Customer"
        DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
        MIGRATION_MODULES = {"shop": None}
        ROOT_URLCONF = "shop.urls"
        SILENCED_SYSTEM_CHECKS = ["numverify.W021"]
    """,
    "shop/urls.py": """
        from django.contrib import admin
        from django.urls import path

        urlpatterns = [path("admin/", admin.site.urls)]
    """,
    "run.py": """
        import django

        django.setup()
        from django.contrib.auth import get_user_model
        from django.core.management import call_command
        from django.test import Client
        from tests.factories import make_attempt

        call_command("migrate", run_syncdb=True, verbosity=0)
        model = get_user_model()
        root = model.objects.create(mobile="+99012300000", is_superuser=True)
        made = make_attempt(user=model.objects.create(mobile="+99012345678"))
        client = Client()
        client.force_login(root)
        url = "/admin/numverify/verificationattempt/"
        page = client.post(url, {"q": "nobody@example.com"}, follow=True)
        assert "Nothing was found" in page.content.decode()
        from numverify.admin import search
        lookup, value = search._by_user("+99012345678")
        page = client.get(url, {lookup: value})
        assert made.reference_display in page.content.decode()
        assert "12345678" not in page.content.decode()
        assert "+990 •••• 78" in page.content.decode()
        print("custom user model: fine")
    """,
}


def test_a_custom_user_model_without_mail_and_with_uuid_key(tmp_path: Path) -> None:
    for name, text in CUSTOM_SITE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(textwrap.dedent(text), encoding="utf-8")
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": paths, "DJANGO_SETTINGS_MODULE": "shop.settings"}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(tmp_path / "run.py")],
        env={**environment, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stdout == "custom user model: fine\n", done.stderr


def test_many_users_of_one_mail_address_stay_a_short_list() -> None:
    for number in range(30):
        User.objects.create_user(f"user-{number}", email="all@example.com")
    result = search.find("all@example.com")
    assert result
    assert len(result[1].split(",")) == 20


@override_settings(LANGUAGE_CODE="de")
def test_it_works_in_another_language(viewer: Client) -> None:
    assert viewer.get(f"{LIST}{make_attempt().pk}/change/").status_code == 200
