"""``permission_classes = [IsAuthenticated, HasRecentVerification(max_age=300)]``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import ParseError
from rest_framework.permissions import SAFE_METHODS, BasePermission, OperationHolderMixin
from rest_framework.request import Request

from numverify import binds, receipts, wording
from numverify.decorators import scope_of
from numverify.exceptions import VerificationRequired
from numverify.gates import Gate
from numverify.models import Purpose


class HasRecentVerification(OperationHolderMixin, BasePermission):  # type: ignore[misc]
    """Lets a request through whose user verified the enrolled number a moment ago.

    By a receipt in the header ``Numverify-Receipt``; or, where DRF's
    ``SessionAuthentication`` named the user, by the elevation of that session. Others get
    403 ``verification_required``, with what to send to ``POST /login``. Put it after the
    permissions that are cheaper: a bound or single-use receipt is used up by looking.

    Args:
        max_age: seconds since the verification; None: ``RECEIPT_SECONDS`` (for sessions
            ``STEP_UP_MAX_AGE``). A receipt never counts longer than ``RECEIPT_SECONDS``.
        bind: ``callable(request, view)``, which gives the transaction that the request is
            about: what JSON can say (payee, amount). A proof then serves that
            transaction alone, once.
        summary: the transaction in words, for the person; text or such a callable.
        single_use: take each receipt once.
        unsafe_only: let GET, HEAD and OPTIONS through.
    """

    def __init__(
        self,
        max_age: float | None = None,
        *,
        bind: Callable[[Request, Any], Any] | None = None,
        summary: str | Callable[[Request, Any], str] = "",
        single_use: bool = False,
        unsafe_only: bool = False,
    ) -> None:
        self.max_age = max_age
        self.bind = bind
        self.summary = summary
        self.single_use = single_use
        self.unsafe_only = unsafe_only
        self.code = VerificationRequired.code
        self.message: dict[str, Any] = {}

    def __call__(self) -> HasRecentVerification:
        """DRF makes an object of each permission for each request; so does this one."""
        return type(self)(
            self.max_age,
            bind=self.bind,
            summary=self.summary,
            single_use=self.single_use,
            unsafe_only=self.unsafe_only,
        )

    def has_permission(self, request: Request, view: Any) -> bool:
        """Does the request carry the proof? If not, ``message`` says how to get it.

        Raises:
            ParseError: ``bind`` found no transaction. Open, leaving the amount out would do.
        """
        if self.unsafe_only and request.method in SAFE_METHODS:
            return True
        if not (request.user and request.user.is_authenticated):
            return False
        transaction = self.bind(request, view) if self.bind else None
        if self.bind and transaction is None:
            raise ParseError("There is no transaction to confirm.")
        if self._is_proven(request, view, transaction):
            return True
        self.message |= self._way(request, view, transaction)
        return False

    def _is_proven(self, request: Request, view: Any, transaction: Any) -> bool:
        receipt = request.headers.get(receipts.HEADER)
        if receipt is None:
            return self._is_elevated(request, view, transaction)
        try:
            receipts.check(
                receipt,
                user=request.user,
                max_age=self.max_age,
                bind=transaction,
                scope=scope_of(type(view)),
                single_use=self.single_use,
            )
        except receipts.ReceiptError as error:
            self.message["reason"] = error.code
            return False
        return True

    def _is_elevated(self, request: Request, view: Any, transaction: Any) -> bool:
        # A token beside somebody's session cookie is no session's request, and CSRF was
        # tested by no one.
        if not isinstance(request.successful_authenticator, SessionAuthentication):
            return False
        gate = Gate(
            max_age=self.max_age,
            purpose=Purpose.STEP_UP,
            bind=transaction,
            scope=scope_of(type(view)),
        )
        return gate.refusal(request._request) is None  # noqa: SLF001 - DRF's name for Django's

    def _way(self, request: Request, view: Any, transaction: Any) -> dict[str, Any]:
        """What to send to ``POST /login``, and where that is."""
        start = {"purpose": Purpose.STEP_UP.value}
        if transaction is not None:
            digest = binds.digests(transaction, user=request.user, scope=scope_of(type(view)))[0]
            words = self.summary(request, view) if callable(self.summary) else self.summary
            start["bind"] = binds.seal(binds.Offer(digest, str(words)), request.user)
        return {
            "error": self.code,
            "detail": str(wording.for_error(self.code).text),
            "start_url": f"{reverse('numverify:login')}?{urlencode(start)}",
            "start": start,
        }
