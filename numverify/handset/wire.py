"""One HTTP request with an end: a deadline, a bounded body, no cookies, no redirects."""

from __future__ import annotations

import ipaddress
import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from .. import __version__
from ..exceptions import NumverifyError

BODY_LIMIT = 64 * 1024
_HEADERS = {
    # No "text/html": the callback answers a program with JSON.
    "Accept": "application/json",
    # A body that is not compressed cannot be a decompression bomb.
    "Accept-Encoding": "identity",
    "User-Agent": f"numverify/{__version__}",
}
T = TypeVar("T")


class CouldNotFindOut(NumverifyError):
    """The phone got no answer that it understands.

    ``code`` is a stable word; the message is a sentence for a person that repeats
    neither numbers, nor secrets, nor addresses with their queries.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Location and body hold codes and secrets: they are not shown."""

    status: int
    location: str = field(default="", repr=False)
    body: bytes = field(default=b"", repr=False)

    def json(self) -> Mapping[str, Any]:
        """The body as a JSON object.

        Raises:
            CouldNotFindOut: it is something else.
        """
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):  # ValueError: also UTF-8 and huge integers
            found = None
        if not isinstance(found, dict):
            raise CouldNotFindOut("bad_answer", "The answer is not a JSON object.")
        return found


def check_address(url: str) -> None:
    """Refuse what a phone's HTTP client must not open: ``javascript:``, ``file:`` and so on.

    Raises:
        CouldNotFindOut: not an http or https address with a host.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
        _ = parts.port  # raises where it is no number
    except ValueError:
        usable = False
    if not usable:
        raise CouldNotFindOut("bad_address", "Led to an address that is not http or https.")


def send(method: str, url: str, *, seconds: float, payload: Any = None) -> Answer:
    """Perform one request within ``seconds``, all of it: look-up, TLS, headers and body.

    Raises:
        CouldNotFindOut: no answer in time, or none at all.
    """
    check_address(url)
    try:
        return _within(seconds, lambda: _perform(method, url, seconds, payload))
    except TimeoutError:
        raise CouldNotFindOut("timeout", f"No answer within {seconds:.0f} s.") from None
    except requests.exceptions.SSLError:
        raise CouldNotFindOut("tls", "The TLS certificate is not to be trusted.") from None
    except requests.ConnectionError:
        raise CouldNotFindOut("unreachable", "The server cannot be reached.") from None
    except (requests.RequestException, HTTPError, OSError, ValueError):
        raise CouldNotFindOut("bad_answer", "The server does not speak proper HTTP.") from None


def _within(seconds: float, call: Callable[[], T]) -> T:
    """The value of ``call``, or TimeoutError when the time is over.

    A socket's time-out starts anew with each byte, so that a server which drips bytes
    could hold us for hours; a thread that may be left behind cannot.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except Exception as error:  # noqa: BLE001 - handed to the thread that waits
            future.set_exception(error)

    threading.Thread(target=run, name="numverify-handset", daemon=True).start()
    return future.result(timeout=max(seconds, 0.001))


def _perform(method: str, url: str, seconds: float, payload: Any) -> Answer:
    # Not through Session.send: it reads the whole body of a redirect, keeps cookies and
    # looks into ~/.netrc.
    request = requests.Request(method, url, headers=_HEADERS, json=payload, auth=_no_credentials)
    with requests.Session() as session:
        # Proxies and CA bundle of the environment, but never for this machine itself.
        session.trust_env = not _is_loopback(url)
        around = session.merge_environment_settings(url, {}, True, True, None)
        with session.get_adapter(url).send(
            request.prepare(),
            stream=True,
            # Only frees the thread that was left behind at the deadline.
            timeout=seconds + 1,
            verify=around["verify"] or True,
            proxies=around["proxies"],
        ) as response:
            body = response.raw.read(BODY_LIMIT + 1, decode_content=True)
            if len(body) > BODY_LIMIT:
                raise CouldNotFindOut("bad_answer", "The answer is too long.")
            return Answer(response.status_code, response.headers.get("Location", ""), body)


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Instead of what requests would make of ``https://user:password@host`` in a redirect."""
    return request


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
