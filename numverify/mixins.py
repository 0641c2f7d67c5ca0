"""The gate for class-based views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponseBase

from .decorators import scope_at
from .gates import Gate

if TYPE_CHECKING:
    from django.views import View as _View
else:
    _View = object


class NumberVerificationRequiredMixin(_View):
    """First of the bases: asks before anything of the view runs, in sync and async views.

    The attributes are the arguments of :class:`numverify.gates.Gate`; those that may be
    callables may be methods: ``def verification_bind(self, request, *args, **kwargs)``.
    """

    verification_max_age: float | None = None
    verification_purpose: str = ""
    verification_bind: Any = None
    verification_summary: Any = ""
    verification_next_url: Any = None
    verification_unsafe_only: bool = False

    def get_verification_gate(self) -> Gate:
        return Gate(
            max_age=self.verification_max_age,
            purpose=self.verification_purpose,
            bind=self.verification_bind,
            summary=self.verification_summary,
            next_url=self.verification_next_url,
            unsafe_only=self.verification_unsafe_only,
            scope=scope_at(type(self)),
        )

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        gate = self.get_verification_gate()
        go_on = super().dispatch
        if not self.view_is_async:
            return gate.refusal(request, *args, **kwargs) or go_on(request, *args, **kwargs)

        async def dispatch() -> HttpResponseBase:
            refusal = await sync_to_async(gate.refusal)(request, *args, **kwargs)
            answer: Any = refusal or go_on(request, *args, **kwargs)
            return refusal or await answer

        return dispatch()
