"""The transitions of an attempt: each one conditional ``UPDATE ... WHERE status = old``.

Its row count decides who made the transition. A read followed by a save lets several
callers win (measured: 303 of 100 on PostgreSQL); a row lock needs a transaction, which
must not be open while the network is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Q

if TYPE_CHECKING:
    from .models import VerificationAttempt  # noqa: F401 - in a string below


class AttemptQuerySet(models.QuerySet["VerificationAttempt"]):
    def claim(self, state_hash: str, bound: Q, *, now: datetime, deadline: datetime) -> bool:
        """``pending`` -> ``claimed``, for exactly one caller, and only a bound one.

        State, status, expiry and binding are tested by the one statement, so that an
        unbound callback changes nothing.
        """
        return self._one(
            self.filter(bound, state_hash=state_hash, status="pending", expires_at__gt=now),
            status="claimed",
            claimed_at=now,
            deadline=deadline,
        )

    def move(self, pk: int, old: str, new: str, **values: Any) -> bool:
        """``old`` -> ``new``; False if the row was no longer in ``old``."""
        return self._one(self.filter(pk=pk, status=old), status=new, **values)

    def complete(self, pk: int, code_hmacs: Iterable[str], *, now: datetime) -> bool:
        """``awaiting_completion`` -> ``verified`` for the right code, in time, once."""
        return self._one(
            self.filter(
                pk=pk,
                status="awaiting_completion",
                completion_code_hmac__in=list(code_hmacs),
                deadline__gt=now,
            ),
            status="verified",
            ended_at=now,
            deadline=None,
            completion_code_hmac="",
            # The right code is no failure: give back the try that was counted first.
            completion_failures=F("completion_failures") - 1,
        )

    def count_try(self, pk: int, limit: int) -> bool:
        """Spend one of ``limit`` tries, counted in the database; False if none is left."""
        row = self.filter(pk=pk, status="awaiting_completion", completion_failures__lt=limit)
        return self._one(row, completion_failures=F("completion_failures") + 1)

    def bind_handset(self, pk: int, nonce_hmac: str, *, now: datetime) -> bool:
        """Give the attempt to the first phone browser that took it over, for good."""
        row = self.filter(pk=pk, status="pending", handset_nonce_hmac="", expires_at__gt=now)
        return self._one(row, handset_nonce_hmac=nonce_hmac)

    def with_proof(self, public_id: Any, digest: str) -> AttemptQuerySet:
        """The attempt that confirmed the transaction ``digest``, until that was used."""
        verified = self.filter(public_id=public_id, status="verified")
        return verified.filter(bind_digest=digest, bind_used_at=None)

    def use_proof(self, public_id: Any, digest: str, *, now: datetime) -> bool:
        """Use the proof up: of requests at the same moment, exactly one gets it."""
        return self._one(self.with_proof(public_id, digest), bind_used_at=now)

    def overdue(self, now: datetime) -> AttemptQuerySet:
        return self.filter(deadline__lte=now)

    @staticmethod
    def _one(rows: AttemptQuerySet, **values: Any) -> bool:
        return rows.update(**values) == 1
