"""What numverify keeps in a session: one random nonce, and links on their way.

The nonce is made once and serves all attempts of the session: an entry for each
attempt would be lost when two tabs start at once, as the later save wins.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.contrib import auth
from django.core.cache import caches
from django.http import HttpRequest

from . import logs, signals, tokens
from .conf import conf

NONCE = "numverify_nonce"
_LINKS = "numverify_links"
_MAX_LINKS = 5


def nonce(request: HttpRequest) -> str:
    """The session's nonce, or ``""`` if it has none (then nothing is bound to it)."""
    return str(request.session.get(NONCE, ""))


def ensure_nonce(request: HttpRequest) -> str:
    if not nonce(request):
        request.session[NONCE] = tokens.new_secret()
    return nonce(request)


def keep_links(request: HttpRequest, public_id: Any, auth_url: str, handover_url: str = "") -> None:
    """Keep the links of an attempt until it expires: sealed, in session and cache.

    The cache serves the phone of a hand-over and tabs that race; the session serves
    sites whose processes share no cache. Sealed, since both may be database tables and
    the links hold the state and the hand-over's token.
    """
    sealed = seal_links(auth_url, handover_url)
    links = dict(request.session.get(_LINKS, {}))
    links[str(public_id)] = sealed
    request.session[_LINKS] = dict(list(links.items())[-_MAX_LINKS:])
    share_links(public_id, sealed)


def seal_links(auth_url: str, handover_url: str = "") -> str:
    return tokens.seal(json.dumps([auth_url, handover_url]))


def share_links(public_id: Any, sealed: str) -> None:
    with _cache_may_fail():
        caches[conf.cache].set(_cache_key(public_id), sealed, timeout=conf.attempt_seconds)


def auth_link(request: HttpRequest, public_id: Any) -> str:
    """The auth_url of an attempt that this session began, ``""`` once it is gone."""
    return _links(request.session.get(_LINKS, {}).get(str(public_id)) or _cached(public_id))[0]


def handover_link(request: HttpRequest, public_id: Any) -> str:
    """The hand-over URL of an attempt that this session began, ``""`` if it has none."""
    return _links(request.session.get(_LINKS, {}).get(str(public_id)) or _cached(public_id))[1]


def shared_auth_link(public_id: Any) -> str:
    """The auth_url of a handed-over attempt, from the cache alone."""
    return _links(_cached(public_id))[0]


def _links(sealed: str) -> list[str]:
    text = tokens.unseal(sealed, conf.attempt_seconds)
    return list(json.loads(text)) if text else ["", ""]


def _cached(public_id: Any) -> str:
    sealed = None
    with _cache_may_fail():
        sealed = caches[conf.cache].get(_cache_key(public_id))
    return str(sealed or "")


@contextmanager
def _cache_may_fail() -> Iterator[None]:
    """The attempt was started and paid for: a lost link is no reason to answer 500."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - each cache client has errors of its own
        logs.event("links_not_shared", logging.WARNING, error=type(error).__name__)


def _cache_key(public_id: Any) -> str:
    return f"numverify:link:{public_id}"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Who the session belonged to before the network was asked."""

    key: str | None = field(repr=False)
    user_id: str | None
    auth_hash: str | None = field(repr=False)

    @classmethod
    def of(cls, request: HttpRequest) -> Snapshot:
        session = request.session
        # The key comes last: reading loads the session, and one that is gone has no key then.
        return cls(
            user_id=session.get(auth.SESSION_KEY),
            auth_hash=session.get(auth.HASH_SESSION_KEY),
            key=session.session_key,
        )


def renew(request: HttpRequest, before: Snapshot) -> bool:
    """Load the session again from its store; True if it is still the same person's.

    While the network was asked, another tab may have logged out or in. Going on with
    the copy in memory would bring a session back to life that was ended (measured:
    authenticated), or elevate somebody else. Also asks Django for the user anew, which
    notices a changed password.
    """
    request.session = type(request.session)(before.key)
    same = before.key is not None and Snapshot.of(request) == before
    user = auth.get_user(request)
    request.user = user
    signals.session_renewed.send_robust(sender=Snapshot, request=request)
    return same and str(user.pk if user.is_authenticated else None) == str(before.user_id)


def leave_cookie_alone(request: HttpRequest) -> None:
    """Let a request whose session is gone not delete the cookie of its successor.

    A poll sent before an elevation arrives with the key from before it. Django would
    answer with a deletion of the cookie, by then the new one, and log the person out.
    """
    name = conf.session_cookie_name
    if name in request.COOKIES and request.session.is_empty():
        del request.COOKIES[name]
