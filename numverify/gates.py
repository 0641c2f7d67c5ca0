"""The gate: lets a request through that has the proof asked for, and says the way to the rest.

Decorator, mixin, middleware and admin site are four doors with this one gate. It reads
the session and never writes it: gates are asked by many requests at once, and a save
would carry an old copy over what another tab has just been given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest as MalformedRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.request import MediaType
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.cache import add_never_cache_headers, patch_vary_headers

from . import binds, stepup, wording
from .conf import conf
from .exceptions import AuthenticationRequired, FlowError, VerificationRequired
from .models import Purpose

#: RFC 9110, 9.2.1. What these do may be repeated, so that they never use a proof up.
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What a view asks for.

    Args:
        max_age: seconds since the proof; None: ``STEP_UP_MAX_AGE``.
        purpose: ``"step_up"``: only a proof that was made as a step-up counts. ``""``:
            any that elevates.
        bind: the transaction, or a callable that gets request and arguments of the view
            and returns it: what JSON can say (payee, amount). The proof then serves this
            transaction alone, and one unsafe request. None: bound to nothing.
        summary: the transaction in words, shown before the proof; text, or such a callable.
        next_url: where to go after the proof: path or name of a URL, or such a callable.
            None: the address of the request itself.
        unsafe_only: let GET, HEAD, OPTIONS and TRACE through, as to a form.
        scope: tells the transactions of this view from those of others; text, or such a
            callable.

    Raises:
        ValueError: nobody could ever pass, or the site would ask for ever.
    """

    max_age: float | None = None
    purpose: str = ""
    bind: Any = None
    summary: str | Callable[..., str] = ""
    next_url: str | Callable[..., str] | None = None
    unsafe_only: bool = False
    scope: str | Callable[..., str] = ""

    def __post_init__(self) -> None:
        if self.max_age is not None and not self.max_age > 0:
            raise ValueError("max_age must be a positive number of seconds.")
        if self.purpose not in {"", Purpose.STEP_UP}:
            raise ValueError("purpose must be 'step_up', or '' for any proof that elevates.")

    def refusal(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse | None:
        """The answer to a request that lacks the proof; None: it has it, go on.

        A bound proof is used up by this very call, if the method is unsafe.

        Raises:
            MalformedRequest: an unsafe request without the transaction that it is about.
            TypeError: ``bind`` gave what JSON cannot say.
        """
        if self.unsafe_only and request.method in SAFE_METHODS:
            return None
        call = _Call(request, args, kwargs)
        if not request.user.is_authenticated:
            return self._log_in(call)
        if self.bind is None:
            return None if self._is_elevated(request) else self._verify(call)
        return self._bound(call)

    def _is_elevated(self, request: HttpRequest, digests: tuple[str, ...] = ()) -> bool:
        age = conf.step_up_max_age if self.max_age is None else self.max_age
        return stepup.is_elevated(request, max_age=age, purpose=self.purpose, bound_to=digests)

    def _bound(self, call: _Call) -> HttpResponse | None:
        request = call.request
        transaction = call.value(self.bind)
        if transaction is None:
            # Open, it would be enough to leave the amount out; closed, nobody could prove it.
            raise MalformedRequest("There is no transaction to confirm.")
        scope = str(call.value(self.scope))
        digests = tuple(binds.digests(transaction, user=request.user, scope=scope))
        take = binds.is_unused if request.method in SAFE_METHODS else binds.use
        if self._is_elevated(request, digests) and take(request, digests):
            return None
        summary = str(call.value(self.summary) or "")
        offer = binds.Offer(digests[0], summary)
        return self._verify(call, {"bind": binds.seal(offer, request.user)})

    def _verify(self, call: _Call, extra: dict[str, str] | None = None) -> HttpResponse:
        query = {"purpose": Purpose.STEP_UP.value, **self._next(call), **(extra or {})}
        start_url = f"{reverse('numverify:login')}?{urlencode(query)}"
        if wants_json(call.request):
            return _json(VerificationRequired(), start_url)
        return _private(HttpResponseRedirect(start_url))

    def _log_in(self, call: _Call) -> HttpResponse:
        after = self._next(call).get("next", "")
        if wants_json(call.request):
            return _json(AuthenticationRequired(), resolve_url(conf.login_url))
        return _private(redirect_to_login(after, conf.login_url))

    def _next(self, call: _Call) -> dict[str, str]:
        if self.next_url is not None:
            return {"next": resolve_url(call.value(self.next_url))}
        # For a program there is no page to come back to: it repeats its call.
        return {} if wants_json(call.request) else {"next": call.request.get_full_path()}


@dataclass(frozen=True, slots=True)
class _Call:
    request: HttpRequest
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def value(self, given: Any) -> Any:
        """A value, or what a callable of the site says of this call."""
        return given(self.request, *self.args, **self.kwargs) if callable(given) else given


def wants_json(request: HttpRequest) -> bool:
    """Does a program ask: by a JSON body, or by an Accept that names JSON and no HTML?"""
    if _is_json(MediaType(request.content_type or "")):
        return True
    html = any((each.main_type, each.sub_type) == ("text", "html") for each in _accepted(request))
    return not html and any(map(_is_json, _accepted(request)))


def _accepted(request: HttpRequest) -> list[MediaType]:
    return list(request.accepted_types)


def _is_json(media: MediaType) -> bool:
    kind = (media.main_type, media.sub_type)
    return kind == ("application", "json") or media.sub_type.endswith("+json")


def _json(fault: FlowError, start_url: str) -> HttpResponse:
    detail = str(wording.for_error(fault.code).text)
    body = {"error": fault.code, "detail": detail, "start_url": start_url}
    return _private(JsonResponse(body, status=fault.status))


def _private(response: HttpResponse) -> HttpResponse:
    # A cache that kept it would go on asking who has proven the number meanwhile.
    add_never_cache_headers(response)
    patch_vary_headers(response, ["Accept", "Cookie"])
    return response
