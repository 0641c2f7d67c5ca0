"""The one place that performs requests, for every provider.

A prepared request goes straight to a pooled adapter, without requests' Session: no
cookies kept, no redirect followed (that would re-send the bearer, and the form on 307
and 308), no .netrc or environment looked up, no retry, no decompression.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from http.client import HTTPException
from typing import Any

import requests
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as PoolTimeoutError

from .. import __version__
from ..conf import conf
from ..logs import event
from . import headers
from .deadline import Deadline, enforced
from .pool import adapter_for
from .route import Route, route_for

MAX_BODY = 64 * 1024
MAX_SKEW_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Message:
    """A request to be POSTed. ``repr`` shows the URL alone: the rest is secret."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response. ``repr`` leaves out the body, which may hold a token.

    ``retry_after`` is in seconds, capped.
    """

    status: int
    body: bytes = field(repr=False)
    retry_after: int | None = None


class Failure(Enum):
    """Why there is no answer."""

    NO_CONNECTION = "no connection"
    TLS = "TLS failed"
    TIMEOUT = "timeout"
    BROKEN = "the connection broke"
    MALFORMED = "not a usable HTTP answer"


class TransportError(Exception):
    """No answer. ``sent``: whether the request may have reached the other side.

    Holds nothing of the request, and is never raised while another error is handled:
    requests' own errors carry the prepared request, with its bearer and body.
    """

    def __init__(self, failure: Failure, *, sent: bool) -> None:
        super().__init__(failure.value)
        self.failure = failure
        self.sent = sent


class Transport:
    """Performs requests over the pool of this process.

    Args:
        route: proxy and certificates.
        pool_size: connections kept for each host.
        connect_timeout: seconds for each address, and for the TLS handshake.
        read_timeout: seconds between two bytes; the deadline of the call is stricter.

    Raises ConfigurationError: the certificates cannot be used.
    """

    def __init__(
        self, *, route: Route, pool_size: int, connect_timeout: float, read_timeout: float
    ) -> None:
        self._route = route
        self._pool_size = pool_size
        self._timeout = (connect_timeout, read_timeout)
        adapter_for(pool_size, route)  # certificates are read before a deadline runs

    @classmethod
    def from_settings(cls, base_url: str) -> Transport:
        return cls(
            route=route_for(base_url, proxy=conf.proxy, ca_bundle=conf.ca_bundle),
            pool_size=conf.pool_size,
            connect_timeout=conf.connect_timeout,
            read_timeout=conf.read_timeout,
        )

    def send(self, message: Message, *, call: str, correlator: str, deadline: Deadline) -> Answer:
        """POST ``message`` once, and log ``call`` with status, time and correlator.

        Raises TransportError: there was no complete answer of at most 64 KiB in time.
        """
        about: dict[str, Any] = {"call": call, "correlator": correlator}
        started = time.monotonic()
        outcome = self._perform(message, call, correlator, deadline)
        milliseconds = round((time.monotonic() - started) * 1000)
        if isinstance(outcome, TransportError):
            word = outcome.failure.name.lower()
            event("upstream_call", logging.WARNING, error=word, **about, ms=milliseconds)
            raise outcome
        event("upstream_call", http_status=outcome.status, **about, ms=milliseconds)
        return outcome

    def _perform(
        self, message: Message, call: str, correlator: str, deadline: Deadline
    ) -> Answer | TransportError:
        request = _prepared(message, correlator)
        with enforced(deadline) as progress:
            try:
                return self._exchange(request, call)
            except (requests.RequestException, HTTPError, HTTPException, OSError, ValueError) as e:
                return TransportError(_failure(e, deadline, sent=progress.sent), sent=progress.sent)

    def _exchange(self, request: requests.PreparedRequest, call: str) -> Answer:
        adapter = adapter_for(self._pool_size, self._route)
        proxies = dict.fromkeys(("http", "https"), self._route.proxy) if self._route.proxy else None
        response = adapter.send(request, stream=True, timeout=self._timeout, proxies=proxies)
        try:
            body = _read(response)
        finally:
            response.close()  # a connection with unread bytes must not be used again
        _warn_of_skew(call, response.headers.get("Date"))
        wait = headers.retry_after(response.headers.get("Retry-After"))
        return Answer(response.status_code, body, wait)


def _prepared(message: Message, correlator: str) -> requests.PreparedRequest:
    request = requests.PreparedRequest()
    request.prepare(
        method="POST",
        url=message.url,
        headers={
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"numverify/{__version__}",
            "x-correlator": correlator,
            **message.headers,
        },
        data=message.body,
    )
    return request


def _read(response: requests.Response) -> bytes:
    """The raw body. It is never decompressed: a few KiB could unpack to gigabytes."""
    body = bytearray()
    while chunk := response.raw.read(MAX_BODY + 1 - len(body), decode_content=False):
        body += chunk
        if len(body) > MAX_BODY:
            raise ValueError("The body is too large.")
    return bytes(body)


def _failure(error: BaseException, deadline: Deadline, *, sent: bool) -> Failure:
    origin = _origin(error)
    if isinstance(error, requests.exceptions.SSLError):
        return Failure.TLS
    timeouts = (TimeoutError, PoolTimeoutError, requests.Timeout)
    if deadline.left <= 0 or isinstance(origin, timeouts):
        return Failure.TIMEOUT
    if not sent:
        return Failure.NO_CONNECTION
    return Failure.BROKEN if isinstance(origin, OSError) else Failure.MALFORMED


def _origin(error: BaseException) -> BaseException:
    """The error that the libraries wrapped: theirs hold it as the last argument."""
    while error.args and isinstance(error.args[-1], BaseException):
        error = error.args[-1]
    return error


def _warn_of_skew(call: str, date: str | None) -> None:
    """A wrong clock makes our JWTs invalid; the ``Date`` of answers tells it early."""
    theirs = headers.http_date(date)
    if theirs is not None and abs(skew := round(time.time() - theirs)) > MAX_SKEW_SECONDS:
        event("clock_skew", logging.WARNING, call=call, seconds=skew)
