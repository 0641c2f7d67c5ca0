"""No secret and no full number in what is stored or logged, after every kind of flow."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.test import Client

from numverify import tokens
from numverify.defaults import DEFAULT_LIMITS
from numverify.models import VerificationAttempt
from tests import canaries
from tests.canaries import Canaries
from tests.factories import make_attempt
from tests.views.clients import Browser, post_json, program

NUMBERS = ("+99012345678", "+9902345601", "+99012345699", "+9909114503", "+9909113400")


# -- the scanner itself -----------------------------------------------------------------


def test_a_secret_is_found_whatever_is_around_it() -> None:
    known = Canaries()
    known.remember("state", "tK3_9aZ-Qw8xLmP0RrVb")
    for text in (
        "tK3_9aZ-Qw8xLmP0RrVb",
        "?state%3DtK3_9aZ-Qw8xLmP0RrVb&x",
        "\\ntK3_9aZ-Qw8xLmP0RrVb",
    ):
        assert list(known.hits("log", text)) == ["log: state"]
    assert not list(known.hits("log", "tK3_9aZ-Qw8xLmP0RrV"))
    assert not list(known.hits("log", "tK3_9aZ-Qw8xLmP0RrVb", allowed=["state"]))


def test_many_secrets_in_much_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canaries, "_MANY", 0)
    known = Canaries()
    known.remember("state", "tK3_9aZ-Qw8xLmP0RrVb")
    assert list(known.hits("log", "a%3DtK3_9aZ-Qw8xLmP0RrVb&b")) == ["log: state"]


def test_keys_and_jwts_are_known_by_their_shape() -> None:
    jwt = "eyJhbGciOiJSUzI1NiJ9.eyJqdGkiOiIxIn0.c2lnbmF0dXJl"
    assert list(Canaries().hits("log", f"x{jwt}")) == ["log: JWT"]
    pem = "-----BEGIN PRIVATE KEY-----"
    assert list(Canaries().hits("log", pem)) == ["log: private key"]


@pytest.mark.leaks
def test_a_leak_into_a_log_is_found() -> None:
    logging.getLogger("anybody").debug("here: %s.", tokens.new_secret())
    assert canaries.leaks() == ["log: secret"]


@pytest.mark.leaks
def test_a_leak_into_the_extra_of_a_record_is_found() -> None:
    logging.getLogger("anybody").debug("here", extra={"thing": [tokens.new_state()]})
    assert canaries.leaks() == ["log: state"]


@pytest.mark.leaks
@pytest.mark.django_db
def test_a_leak_into_the_database_is_found() -> None:
    make_attempt(detail=tokens.new_typed_code())
    assert canaries.leaks() == ["attempt: completion code"]


@pytest.mark.leaks
@pytest.mark.django_db
def test_a_number_in_another_column_is_found() -> None:
    canaries.canaries.remember(canaries.PHONE, "99012345678")
    make_attempt(user_agent="tel 99012345678")
    assert canaries.leaks() == ["attempt: phone number"]


@pytest.mark.leaks
@pytest.mark.django_db
def test_a_leak_into_a_session_or_the_cache_is_found() -> None:
    session = Client().session
    session["x"] = tokens.new_state()
    session.save()
    cache.set("x", tokens.new_secret())
    assert sorted(canaries.leaks()) == ["cache: secret", "session: state"]


@pytest.mark.leaks
def test_what_was_forgotten_is_not_found_again() -> None:
    logging.getLogger("anybody").debug("here: %s.", tokens.new_secret())
    assert canaries.leaks()
    assert canaries.leaks() == []


# -- every kind of flow, against the Virtual Operator -----------------------------------


@pytest.fixture
def site(configure: Any) -> Iterator[None]:
    configure(ALLOW_ANONYMOUS_START=True, LIMITS=dict.fromkeys(DEFAULT_LIMITS))
    connection.force_debug_cursor = True  # django.db.backends logs every statement
    yield
    connection.force_debug_cursor = False


def open_link(client: Client, auth_url: str) -> Any:
    """The phone: through the operator's redirects to our callback."""
    with requests.Session() as phone:
        phone.trust_env = False
        url = auth_url
        while not url.startswith("http://testserver/"):
            answer = phone.get(url, allow_redirects=False, timeout=20)
            if "Location" not in answer.headers:
                return None
            url = answer.headers["Location"]
    return client.get(url.removeprefix("http://testserver"))


def by_program(number: str) -> None:
    client = program()
    started = post_json(client, "/login", {"phone": number}).json()
    if "auth_url" not in started:
        return
    answer = open_link(client, started["auth_url"]).json()
    fields = {"id": started["id"], "attempt_secret": started["attempt_secret"]}
    post_json(client, "/complete", {**fields, "completion_code": "wrong"})
    post_json(client, "/complete", {**fields, "completion_code": answer.get("completion_code")})
    client.get(f"/attempts/{started['id']}", headers={canaries_header: started["attempt_secret"]})


canaries_header = "numverify-attempt-secret"


def by_browser(number: str) -> None:
    browser = Browser()
    attempt = browser.start(phone=number)
    page = browser.get(f"/attempts/{attempt.public_id}")
    if page.context["auth_url"]:
        open_link(browser.client, page.context["auth_url"])
    browser.get(f"/attempts/{attempt.public_id}")


def by_handover(number: str) -> None:
    desktop, handset = Browser(), Browser()
    attempt = desktop.start(phone=number, binding="completion")
    link = desktop.get(f"/attempts/{attempt.public_id}").context["handover_url"]
    if not link:
        return
    path = urlsplit(link).path
    handset.submit(path)
    page = open_link(handset.client, handset.get(path).context["auth_url"])
    code = (page.context or {}).get("completion_code", "")
    desktop.submit("/complete", id=str(attempt.public_id), completion_code=code)


def dump() -> str:
    """Everything in every table, the numbers' one column left out."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        text = ""
        for table in tables:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            names = [column[0] for column in cursor.description]
            for values in cursor.fetchall():
                kept = dict(zip(names, values, strict=True))
                if table == VerificationAttempt._meta.db_table:
                    kept.pop("phone")
                text += f"{table} {kept}\n"
    return text


@pytest.mark.django_db(transaction=True)
def test_no_secret_in_a_dump_or_a_log(site: None) -> None:
    for number in NUMBERS:
        by_program(number)
        by_browser(number)
        by_handover(number)
    statuses = set(VerificationAttempt.objects.values_list("status", flat=True))
    assert statuses == {"verified", "not_verified", "failed"}
    log = "\n".join(canaries.collector.lines)
    kinds = set(canaries.canaries.known.values())
    assert kinds >= {"state", "secret", "completion code", "code", "token", "nonce", "phone number"}
    assert "django.db.backends" in log
    assert "urllib3" in log
    assert list(canaries.canaries.hits("log", log)) == []
    assert list(canaries.canaries.hits("dump", dump())) == []
    decoded = "".join(str(row.get_decoded()) for row in Session.objects.all())
    assert "numverify_nonce" in decoded
    assert list(canaries.canaries.hits("sessions", decoded, allowed=[canaries.NONCE])) == []
    entries = cache._cache.values()  # type: ignore[attr-defined]
    cached = "".join(entry.decode("latin-1") for entry in entries)
    assert cached
    assert list(canaries.canaries.hits("cache", cached)) == []


@pytest.mark.django_db(transaction=True)
def test_the_one_column_holds_the_number(site: None) -> None:
    by_browser(NUMBERS[0])
    assert VerificationAttempt.objects.get().phone == NUMBERS[0]
