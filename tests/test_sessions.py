"""The nonce, links on their way, and a session that changed while the network was asked."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.contrib import auth
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.http import HttpRequest
from django.test import RequestFactory

from numverify import sessions

pytestmark = pytest.mark.django_db
URL = "https://operator.example/auth?state=S3CRET-state-value-xx"


class DeadCache(LocMemCache):
    def get(self, *args: Any, **kwargs: Any) -> Any:
        raise ConnectionError("gone")

    set = get


def a_request(key: str | None = None, user: Any = None) -> HttpRequest:
    """A request in a session (by ``key``: an existing one), as middleware prepares it."""
    request = RequestFactory().get("/callback")
    request.session = SessionStore(key)
    request.user = user or AnonymousUser()
    return request


@pytest.fixture
def ada() -> User:
    return get_user_model().objects.create_user("ada", password="one")


def log_in(user: User) -> HttpRequest:
    request = a_request()
    auth.login(request, user)
    request.session.save()
    return request


# -- the nonce -----------------------------------------------------------------------
def test_a_session_has_no_nonce_until_it_needs_one() -> None:
    request = a_request()
    assert sessions.nonce(request) == ""
    assert not request.session.modified


def test_the_nonce_is_made_once() -> None:
    request = a_request()
    made = sessions.ensure_nonce(request)
    request.session.save()
    assert len(made) == 43
    again = a_request(request.session.session_key)
    assert sessions.ensure_nonce(again) == sessions.nonce(again) == made
    assert not again.session.modified
    assert sessions.ensure_nonce(a_request()) != made


def test_log_in_keeps_the_nonce_and_log_out_drops_it(ada: User) -> None:
    request = a_request()
    made = sessions.ensure_nonce(request)
    auth.login(request, ada)
    assert sessions.nonce(request) == made
    auth.logout(request)
    assert sessions.nonce(request) == ""


# -- links ---------------------------------------------------------------------------
def test_links_come_back_to_their_session() -> None:
    request, public_id = a_request(), uuid.uuid4()
    sessions.keep_links(request, public_id, URL, "https://site.example/handover/x")
    assert sessions.auth_link(request, public_id) == URL
    assert sessions.handover_link(request, public_id) == "https://site.example/handover/x"
    assert sessions.auth_link(request, uuid.uuid4()) == ""


def test_without_a_handover_its_link_is_empty() -> None:
    request, public_id = a_request(), uuid.uuid4()
    sessions.keep_links(request, public_id, URL)
    assert sessions.handover_link(request, public_id) == ""


def test_neither_store_shows_the_state() -> None:
    request, public_id = a_request(), uuid.uuid4()
    sessions.keep_links(request, public_id, URL)
    stored = [dict(request.session.items()), caches["default"].get(f"numverify:link:{public_id}")]
    assert "S3CRET" not in json.dumps(stored)
    assert all(stored)


def test_a_phone_finds_the_link_in_the_cache_alone() -> None:
    public_id = uuid.uuid4()
    sessions.keep_links(a_request(), public_id, URL)
    assert sessions.shared_auth_link(public_id) == URL
    assert sessions.auth_link(a_request(), public_id) == URL
    assert sessions.shared_auth_link(uuid.uuid4()) == ""


def test_a_session_serves_where_no_cache_is_shared() -> None:
    request, public_id = a_request(), uuid.uuid4()
    sessions.keep_links(request, public_id, URL)
    caches["default"].clear()
    assert sessions.auth_link(request, public_id) == URL
    assert sessions.shared_auth_link(public_id) == ""


def test_links_end_with_their_attempt() -> None:
    request, public_id = a_request(), uuid.uuid4()
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        sessions.keep_links(request, public_id, URL)
        clock.shift(299)
        assert sessions.auth_link(request, public_id) == URL
        clock.shift(3)
        assert sessions.auth_link(request, public_id) == ""
        assert sessions.shared_auth_link(public_id) == ""


def test_a_session_keeps_five_links() -> None:
    request, ids = a_request(), [uuid.uuid4() for _ in range(7)]
    for public_id in ids:
        sessions.keep_links(request, public_id, URL)
    caches["default"].clear()
    kept = [sessions.auth_link(request, public_id) != "" for public_id in ids]
    assert kept == [False] * 2 + [True] * 5


def test_a_dead_cache_costs_the_phone_its_link_and_nothing_else(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CACHES = {**settings.CACHES, "default": {"BACKEND": f"{__name__}.DeadCache"}}
    request, public_id = a_request(), uuid.uuid4()
    sessions.keep_links(request, public_id, URL)
    assert sessions.auth_link(request, public_id) == URL
    assert sessions.shared_auth_link(public_id) == ""
    assert "links_not_shared" in caplog.text


# -- the same person still? (T24) ----------------------------------------------------
def delete_session(request: HttpRequest) -> None:
    Session.objects.filter(session_key=request.session.session_key).delete()


def log_out(request: HttpRequest) -> None:
    auth.logout(a_request(request.session.session_key))


def switch_user(request: HttpRequest) -> None:
    other = a_request(request.session.session_key)
    auth.login(other, get_user_model().objects.create_user("bob"))
    other.session.save()


def switch_user_under_the_same_key(request: HttpRequest) -> None:
    other = a_request(request.session.session_key)
    bob = get_user_model().objects.create_user("bob")
    other.session[auth.SESSION_KEY] = str(bob.pk)
    other.session[auth.HASH_SESSION_KEY] = bob.get_session_auth_hash()
    other.session.save()


def change_password_elsewhere(request: HttpRequest) -> None:
    user = get_user_model().objects.get(username="ada")
    user.set_password("two")
    user.save()


def change_password_in_another_tab(request: HttpRequest) -> None:
    other = a_request(request.session.session_key)
    change_password_elsewhere(request)
    other.user = get_user_model().objects.get(username="ada")
    auth.update_session_auth_hash(other, other.user)
    other.session.save()


def deactivate(request: HttpRequest) -> None:
    get_user_model().objects.filter(username="ada").update(is_active=False)


def delete_user(request: HttpRequest) -> None:
    get_user_model().objects.filter(username="ada").delete()


@pytest.mark.parametrize(
    "meanwhile",
    [
        delete_session,
        log_out,
        switch_user,
        switch_user_under_the_same_key,
        change_password_elsewhere,
        change_password_in_another_tab,
        deactivate,
        delete_user,
    ],
)
def test_a_session_that_changed_is_not_the_same_persons(
    ada: User, meanwhile: Callable[[HttpRequest], None]
) -> None:
    key = log_in(ada).session.session_key
    request = a_request(key, ada)
    before = sessions.Snapshot.of(request)
    meanwhile(a_request(key, ada))
    assert not sessions.renew(request, before)
    # Whatever the answer saves now, the ended session stays dead.
    if meanwhile in (delete_session, log_out):
        assert not request.user.is_authenticated
        assert not SessionStore().exists(str(key))
        assert request.session.session_key is None


def test_an_untouched_session_is_the_same_persons(ada: User) -> None:
    key = log_in(ada).session.session_key
    request = a_request(key, ada)
    before = sessions.Snapshot.of(request)
    tab = a_request(key)
    tab.session["cart"] = [1]
    tab.session.save()
    assert sessions.renew(request, before)
    assert request.user == ada
    assert request.session["cart"] == [1], "what another tab saved meanwhile is not lost"


def test_an_anonymous_session_is_the_same_while_it_lives() -> None:
    request = a_request()
    sessions.ensure_nonce(request)
    request.session.save()
    key = request.session.session_key
    before = sessions.Snapshot.of(request)
    assert sessions.renew(request, before)
    assert not request.user.is_authenticated
    Session.objects.filter(session_key=key).delete()
    assert not sessions.renew(request, before)


def test_an_anonymous_session_that_logged_in_is_another(ada: User) -> None:
    request = a_request()
    sessions.ensure_nonce(request)
    request.session.save()
    key = request.session.session_key
    before = sessions.Snapshot.of(request)
    other = a_request(key)
    auth.login(other, ada)
    other.session.save()
    assert not sessions.renew(request, before)


def test_no_session_is_nobodys() -> None:
    request = a_request()
    before = sessions.Snapshot.of(request)
    assert before == sessions.Snapshot(None, None, None)
    assert not sessions.renew(request, before)


def test_a_snapshot_shows_no_credential(ada: User) -> None:
    request = log_in(ada)
    shown = repr(sessions.Snapshot.of(request))
    assert str(request.session.session_key) not in shown
    assert request.session[auth.HASH_SESSION_KEY] not in shown


# -- a poll from before the elevation (T25) ------------------------------------------
def test_a_vanished_session_leaves_its_successors_cookie_alone() -> None:
    request = a_request("k" * 32)
    request.COOKIES["sessionid"] = "k" * 32
    assert sessions.nonce(request) == "", "which loads it: it is gone"
    sessions.leave_cookie_alone(request)
    assert "sessionid" not in request.COOKIES


def test_a_living_session_keeps_its_cookie(ada: User) -> None:
    request = log_in(ada)
    request.COOKIES["sessionid"] = str(request.session.session_key)
    sessions.leave_cookie_alone(request)
    assert "sessionid" in request.COOKIES


def test_no_cookie_is_no_trouble() -> None:
    sessions.leave_cookie_alone(a_request())
