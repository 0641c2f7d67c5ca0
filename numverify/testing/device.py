"""The phone: it opens the operator's link "over mobile data" and comes back, or does not."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from ..handset import CouldNotFindOut
from ..handset.wire import send

_MAX_HOPS = 10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Phone:
    """A phone in the network of the Virtual Operator at ``operator_url``.

    Its SIM is the one that the link names; which number it is decides the outcome.

    Args:
        seconds: how long it waits for each answer; a stalling operator makes it give up.
    """

    def __init__(self, operator_url: str, *, seconds: float = 5.0) -> None:
        self.operator_url = operator_url
        self._seconds = seconds

    def open(self, auth_url: str) -> str:
        """Follow the operator's redirects, by real HTTP, to the site's callback.

        Returns:
            The callback's URL with ``code`` and ``state``, or ``error`` and ``state``;
            ``""`` if the operator did not send the phone back (a page, a stall).
        """
        url = auth_url
        for _ in range(_MAX_HOPS):
            if not self.is_operators(url):
                return url
            url = self._next(url)
            if not url:
                break
        return ""

    def is_operators(self, url: str) -> bool:
        """Is ``url`` one of the operator's own?"""
        return urlsplit(url)[:2] == urlsplit(self.operator_url)[:2]

    def _next(self, url: str) -> str:
        try:
            answer = send("GET", url, seconds=self._seconds)
        except CouldNotFindOut:
            return ""
        if answer.status not in _REDIRECTS or not answer.location:
            return ""
        return urljoin(url, answer.location)
