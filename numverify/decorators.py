"""``@number_verification_required``: a view asks for a fresh proof of the user's number."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, overload

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.http import HttpRequest

from .gates import Gate

_View = TypeVar("_View", bound=Callable[..., Any])

#: What the middleware looks for.
EXEMPT = "number_verification_exempt"


@overload
def number_verification_required(view: _View) -> _View: ...
@overload
def number_verification_required(
    view: None = None,
    *,
    max_age: float | None = ...,
    purpose: str = ...,
    bind: Any = ...,
    summary: str | Callable[..., str] = ...,
    next_url: str | Callable[..., str] | None = ...,
    unsafe_only: bool = ...,
) -> Callable[[_View], _View]: ...
def number_verification_required(view: Callable[..., Any] | None = None, **wanted: Any) -> Any:
    """Let a request through only with a recent proof of the user's enrolled number.

    Bare or called, for sync and async views. The arguments are those of
    :class:`numverify.gates.Gate`, which says what they do. Whoever is not logged in goes
    to ``LOGIN_URL`` first; who is, to ``numverify:login``, and back. Programs get 403
    ``verification_required`` (401 ``authentication_required``) with ``start_url``.
    """
    if view is None:
        return lambda decorated: _gated(decorated, **wanted)
    return _gated(view, **wanted)


def _gated(view: Callable[..., Any], **wanted: Any) -> Callable[..., Any]:
    gate = Gate(**wanted, scope=scope_at(view))

    if iscoroutinefunction(view):

        @functools.wraps(view)
        async def gated_async(request: Any, *args: Any, **kwargs: Any) -> Any:
            refusal = await sync_to_async(gate.refusal)(request, *args, **kwargs)
            return refusal or await view(request, *args, **kwargs)

        return gated_async

    @functools.wraps(view)
    def gated(request: Any, *args: Any, **kwargs: Any) -> Any:
        return gate.refusal(request, *args, **kwargs) or view(request, *args, **kwargs)

    return gated


def scope_of(view: Any) -> str:
    """The name of a view or class, so that no other's transactions are taken for its own."""
    named = getattr(view, "view_class", view)
    module, name = getattr(named, "__module__", ""), getattr(named, "__qualname__", "")
    return f"{module}.{name}"


def scope_at(view: Any) -> Callable[..., str]:
    """The name with the route by which it was found, for a :class:`Gate`.

    Names alone are not enough: an inherited ``dispatch``, or what a factory makes, has
    one name in many views.
    """
    name = scope_of(view)

    def scope(request: HttpRequest, *_args: Any, **_kwargs: Any) -> str:
        match = request.resolver_match
        return f"{name} {match.route if match else ''}"

    return scope


def number_verification_exempt(view: _View) -> _View:
    """Let a view through :class:`numverify.middleware.NumberVerificationMiddleware`.

    For a class, ``@method_decorator(number_verification_exempt, name="dispatch")``.
    """
    setattr(view, EXEMPT, True)
    return view
