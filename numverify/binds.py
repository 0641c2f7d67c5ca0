"""Proofs in a session, and those bound to one transaction: digest, way to the start, one use.

A bound step-up serves exactly the transaction that was asked about (payee, amount):
another one asks again, and nothing else is opened by it. The digest is a keyed HMAC, so
that nobody who reads the database can try amounts; it travels to ``/login`` sealed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest
from django.utils import timezone

from . import tokens
from .flow.parties import ours

_ELEVATION = "numverify_elevation"
_PROOFS = "numverify_bound"
_MAX_PROOFS = 5
_LABEL = "bind"
_OFFER_SECONDS = 3600
_MAX_SUMMARY = 200


def digests(transaction: Any, *, user: Any, scope: str) -> list[str]:
    """The HMACs of ``transaction`` by all keys, the signing one first.

    Args:
        transaction: what JSON can say; decimals, dates and UUIDs, too.
        user: whose it is: nobody can hand an elevation to somebody else.
        scope: the view. "7" for "delete 7" does not serve as "7" for "pay 7".

    Raises:
        TypeError: it cannot be said in JSON.
    """
    text = json.dumps([scope, str(user.pk), transaction], cls=DjangoJSONEncoder, sort_keys=True)
    return tokens.keyed_all(_LABEL, text)


@dataclass(frozen=True, slots=True)
class Offer:
    """A transaction on its way from the gate to the start.

    Args:
        summary: what the page shows: "Pay 120.00 EUR to Ada".
    """

    digest: str
    summary: str = field(default="", repr=False)


def seal(offer: Offer, user: Any) -> str:
    """The offer as a parameter of a URL: encrypted, hence neither read nor forged.

    A parameter rather than an entry of the session, which two tabs that are asked at the
    same moment would take from each other.
    """
    text = json.dumps([str(user.pk), offer.digest, offer.summary[:_MAX_SUMMARY]])
    return tokens.seal(text, _LABEL)


def unseal(sealed: str, user: Any) -> Offer | None:
    """The offer, or None: not ours, another user's, or older than an hour."""
    text = tokens.unseal(sealed, _OFFER_SECONDS, _LABEL)
    if text is None:
        return None
    owner, digest, summary = json.loads(text)
    return Offer(digest, summary) if owner == str(user.pk) else None


def keep(request: HttpRequest, digest: str, entry: Mapping[str, Any]) -> None:
    """Keep what a session has proven: the elevation, or with a digest only a bound proof."""
    if not digest:
        request.session[_ELEVATION] = dict(entry)
        return
    proofs = {key: proof for key, proof in _proofs(request).items() if key != digest}
    proofs[digest] = dict(entry)
    request.session[_PROOFS] = dict(list(proofs.items())[-_MAX_PROOFS:])


def entry(request: HttpRequest, wanted: Sequence[str]) -> Any:
    """What the session has for one of these digests, or None; the elevation without any."""
    if not wanted:
        return request.session.get(_ELEVATION)
    return next((proof for _, proof in _matching(request, wanted)), None)


def is_unused(request: HttpRequest, wanted: Sequence[str]) -> bool:
    """Is there a proof for one of these digests that no request has used yet?"""
    return any(
        ours().with_proof(proof["attempt"], digest).exists()
        for digest, proof in _matching(request, wanted)
    )


def use(request: HttpRequest, wanted: Sequence[str]) -> bool:
    """Use the proof up; False if there is none, or another request was faster.

    The row decides, by one conditional UPDATE: of two parallel requests one gets it, in
    whichever process. The session is left as it is: two requests that both took the entry
    out of their copies would both succeed, and a save while another tab is elevated would
    end in an error. Inside a transaction (``ATOMIC_REQUESTS``) the use counts if and
    only if the transaction does.
    """
    now = timezone.now()
    return any(
        ours().use_proof(proof["attempt"], digest, now=now)
        for digest, proof in _matching(request, wanted)
    )


def drop(request: HttpRequest) -> None:
    """Forget all proofs."""
    for key in (_ELEVATION, _PROOFS):
        request.session.pop(key, None)


def _proofs(request: HttpRequest) -> Mapping[str, Any]:
    proofs = request.session.get(_PROOFS)
    return proofs if isinstance(proofs, dict) else {}


def _matching(request: HttpRequest, wanted: Sequence[str]) -> list[tuple[str, Any]]:
    proofs = _proofs(request)
    return [(digest, proofs[digest]) for digest in wanted if digest in proofs]
