"""What all views share: headers, negotiation, CSRF, and no answer of 500."""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Callable
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import BadRequest as MalformedRequest
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import DatabaseError, InterfaceError, connections, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt

from .. import clients, flow, logs, sessions
from ..conf import conf
from ..exceptions import (
    AuthenticationRequired,
    ConfigurationError,
    FlowError,
    Unavailable,
    UnknownAttempt,
)
from ..models import VerificationAttempt

View = Callable[..., HttpResponseBase]
ErrorView = Callable[[HttpRequest, FlowError], HttpResponse]
_MAX_BODY = 8 * 1024
_METHOD_NOT_ALLOWED = 405


class BadRequest(FlowError):
    """A request that cannot be understood; ``code`` says what is wrong."""

    code = "invalid_request"

    def __init__(self, code: str, status: int = 400, detail: str = "") -> None:
        super().__init__(code=code)
        self.status = status
        self.detail = detail


def secured(*methods: str, on_error: ErrorView) -> Callable[[View], View]:
    """Make a view of ours: its methods, its headers, its errors.

    Outside any transaction whatever ``ATOMIC_REQUESTS`` says, on every database: none
    may be open while the network is asked. CSRF is tested by the views themselves
    (:func:`check_csrf`), since callers without a browser have no token.
    """

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                response = _answer(view, methods, request, *args, **kwargs)
            except FlowError as error:
                response = _refuse(on_error, request, error)
                if error.status == _METHOD_NOT_ALLOWED:
                    response["Allow"] = ", ".join(methods)
            return _protect(request, response)

        plain: View = login_not_required(csrf_exempt(wrapped))
        for alias in connections:
            plain = transaction.non_atomic_requests(using=alias)(plain)
        return plain

    return decorate


def _answer(
    view: View, methods: tuple[str, ...], request: HttpRequest, *args: Any, **kwargs: Any
) -> HttpResponseBase:
    if request.method not in methods:
        raise BadRequest("method_not_allowed", _METHOD_NOT_ALLOWED)
    try:
        return view(request, *args, **kwargs)
    except (DatabaseError, InterfaceError) as error:
        # Locked, out of connections, gone: nothing is known to be wrong with the request.
        logs.event("database_fault", logging.ERROR, error=type(error).__name__)
        raise Unavailable(retry_after=2) from None
    except VerificationAttempt.DoesNotExist:
        raise UnknownAttempt from None  # erased while the network was asked
    except (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent):
        raise BadRequest("too_large", 413) from None
    except (MultiPartParserError, UnreadablePostError, MalformedRequest):
        # Broken off, or a form in another charset than UTF-8.
        raise BadRequest("invalid_request") from None
    except ConfigurationError as error:
        logs.event("configuration_fault", logging.ERROR, error=str(error))
        raise BadRequest("server_configuration", 503) from None


def _refuse(on_error: ErrorView, request: HttpRequest, error: FlowError) -> HttpResponse:
    try:
        return on_error(request, error)
    except (DatabaseError, InterfaceError):
        # The site's templates asked for the user; pages of 5xx are made without.
        return on_error(request, Unavailable(retry_after=2))


def _protect(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    sessions.leave_cookie_alone(request)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Content-Type-Options"] = "nosniff"
    # A frame could lead a click onto the hand-over's button; a site may allow its own.
    response.headers.setdefault("X-Frame-Options", "DENY")
    patch_vary_headers(response, ["Accept", "Cookie"])
    return response


def with_retry_after(response: HttpResponse, seconds: int | None) -> HttpResponse:
    if seconds is not None:
        response["Retry-After"] = str(seconds)
    return response


def names_html(request: HttpRequest) -> bool:
    """Does Accept name ``text/html`` itself, and before what it says of JSON?

    ``*/*`` is what programs send. Vonage's libraries for Android and iOS send ``text/html``
    and ``*/*`` side by side, without weights, and read JSON alone; every browser gives
    ``*/*`` less weight.
    """
    weights = [
        media.quality
        for media in request.accepted_types
        if (media.main_type, media.sub_type) == ("text", "html")
    ]
    json_type = request.accepted_type("application/json")
    return bool(weights) and max(weights) > (json_type.quality if json_type else 0)


def is_browser(request: HttpRequest) -> bool:
    return any(name.lower().startswith("sec-fetch-") for name in request.headers)


def is_prefetch(request: HttpRequest) -> bool:
    """A browser or a mail scanner that looks ahead; nobody clicked (T6)."""
    purposes = (request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz"))
    return any("prefetch" in purpose.lower() for purpose in purposes)


def has_ambient_authority(request: HttpRequest) -> bool:
    """Could the request have been sent by a browser on behalf of a strange page (T15)?"""
    return (
        conf.session_cookie_name in request.COOKIES
        or "Origin" in request.headers
        or is_browser(request)
    )


class _Csrf(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:  # noqa: ARG002
        raise BadRequest("csrf_failed", 403)


# The view that Django's test looks at; it is never called.
_UNEXEMPTED: Callable[[HttpRequest], HttpResponse] = lambda _request: HttpResponse()  # noqa: E731


def check_csrf(request: HttpRequest) -> None:
    """Django's own test. Raises :class:`BadRequest` ``csrf_failed`` (403)."""
    check = _Csrf(_UNEXEMPTED)
    check.process_request(request)
    check.process_view(request, _UNEXEMPTED, (), {})


def is_json(request: HttpRequest) -> bool:
    return request.content_type == "application/json"


def is_form(request: HttpRequest) -> bool:
    return request.content_type in {"application/x-www-form-urlencoded", "multipart/form-data"}


def json_body(request: HttpRequest) -> dict[str, Any]:
    """The JSON object of the body.

    Raises:
        BadRequest: ``too_large`` (413) over 8 KiB; ``invalid_json`` (400).
    """
    try:
        raw = request.read(_MAX_BODY + 1)
        if len(raw) > _MAX_BODY:
            raise BadRequest("too_large", 413)
        body = json.loads(raw.decode())
        # I-JSON (RFC 7493): no NaN, and no lone surrogates, which no digest takes.
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError, OSError):  # OSError: the client went away
        raise BadRequest("invalid_json") from None
    if not isinstance(body, dict):
        raise BadRequest("invalid_json")
    return body


def caller(request: HttpRequest) -> Any:
    """The user behind a JSON request, or None: the session's, else whom ``JSON_USER`` names.

    The site's callable is asked only where no browser can have sent the request for a
    strange page: what it trusts might travel along by itself, as a cookie does (T15).
    Before the body is read, so that it may look at a signature of ``request.body``.
    ``request.user`` stays as it is: nobody's session is elevated by what this says.

    Raises:
        AuthenticationRequired: the callable refused the caller, or the account is closed.
        ConfigurationError: it gave something that is no user of this site.
    """
    if request.user.is_authenticated:
        return request.user
    resolver = conf.json_user
    if resolver is None or has_ambient_authority(request):
        return None
    try:
        user = resolver(request)
    except PermissionDenied:
        raise AuthenticationRequired from None
    if user is None or isinstance(user, AnonymousUser):
        return None
    if not isinstance(user, get_user_model()):
        raise ConfigurationError("NUMVERIFY['JSON_USER'] gave no user of this site.")
    if not user.is_active:
        raise AuthenticationRequired
    return user


def party(
    request: HttpRequest, *, nonce: str | None = None, secret: str = "", user: Any = None
) -> flow.Party:
    """Who sends this request, for the flow; ``user``: as :func:`caller` found, for JSON."""
    if user is None and request.user.is_authenticated:
        user = request.user
    return flow.Party(
        user=user,
        nonce=sessions.nonce(request) if nonce is None else nonce,
        secret=secret,
        client_ip=clients.client_ip(request),
        user_agent=clients.user_agent(request),
        is_browser=is_browser(request),
        is_document=request.headers.get("Sec-Fetch-Dest") == "document",
        request=request,
    )
