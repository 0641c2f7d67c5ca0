"""Who asks the flow for something, and which attempts are theirs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import router
from django.db.models import Q

from .. import tokens
from ..conf import conf
from ..models import Binding, VerificationAttempt
from ..querysets import AttemptQuerySet


@dataclass(frozen=True, slots=True)
class Party:
    """Who is at the other end of a request, as far as it showed.

    Args:
        user: the logged-in (or half-logged-in) user, or None.
        nonce: the session's nonce; ``""`` without a session.
        secret: the attempt secret that a caller without a session presents.
        is_browser: the request carried ``Sec-Fetch-*``, which only browsers send and
            no script can forge or suppress.
        is_document: it loads a page (``Sec-Fetch-Dest: document``), not an image or frame.
        request: what the site's ``CREDENTIALS`` resolver gets.
    """

    user: Any = None
    nonce: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    client_ip: str | None = None
    user_agent: str = ""
    is_browser: bool = False
    is_document: bool = False
    request: Any = field(default=None, repr=False)

    @property
    def user_id(self) -> Any:
        return None if self.user is None else self.user.pk

    def nonces(self) -> list[str]:
        """The session nonce's HMACs, by every key; empty without a nonce."""
        return tokens.keyed_all("browser", self.nonce) if self.nonce else []


def ours() -> AttemptQuerySet:
    """The attempts that count here: those of the environment the site runs in."""
    # The writing database: a replica may not have what was written a moment ago.
    primary = router.db_for_write(VerificationAttempt)
    return VerificationAttempt.objects.using(primary).filter(environment=conf.environment)


def may_call_back(party: Party) -> Q:
    """The rows whose callback ``party`` may bring, for the claim's WHERE.

    * Binding ``session``: the browser and the user that began it (T1, T14).
    * Binding ``completion``, handed over to a phone's browser: that browser, as a page.
    * Binding ``completion`` otherwise: any program. Never a browser, where an attacker's
      page could have made it load the link and read the code (T3).
    """
    nonces = party.nonces()
    rows = Q(
        binding=Binding.SESSION, browser_nonce_hmac__in=nonces or [None], user_id=party.user_id
    )
    if not party.is_browser:
        rows |= Q(binding=Binding.COMPLETION, handset_nonce_hmac="")
    if nonces and (party.is_document or not party.is_browser):
        rows |= Q(binding=Binding.COMPLETION, handset_nonce_hmac__in=nonces)
    return rows


def may_refuse(party: Party) -> Q:
    """The rows that ``party`` may end by an ``error=``: a forged one ends nothing (T9).

    For binding ``completion`` knowing the state is enough: there is nothing to read.
    """
    return may_call_back(party) | Q(binding=Binding.COMPLETION)


def is_initiator(attempt: VerificationAttempt, party: Party) -> bool:
    """Did ``party`` begin this attempt: by its session, or by the attempt secret?

    The secret of a user's attempt is worth nothing without that user: whoever found it,
    in a log or a backup of the phone, would finish it under an account of their own.
    """
    if party.secret:
        if attempt.user_id not in (None, party.user_id):
            return False
        return tokens.matches(attempt.attempt_secret_hash, tokens.digest(party.secret))
    return any(tokens.matches(attempt.browser_nonce_hmac, nonce) for nonce in party.nonces())
