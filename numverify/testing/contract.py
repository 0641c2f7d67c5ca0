"""The contract of :class:`~numverify.providers.base.Provider` as tests to inherit.

``class MyProviderTests(ProviderContract, SimpleTestCase)`` with two methods of your own
runs them all, under unittest and pytest alike, against your provider and your fake of the
service behind it.
"""

from __future__ import annotations

import inspect
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.test import SimpleTestCase

from .. import tokens
from ..exceptions import Call, ProviderError, Reason
from ..providers.base import Provider, Started, Verification

if TYPE_CHECKING:
    _Base = SimpleTestCase
else:
    _Base = object

CORRELATOR = "5b0f3a52-7d0e-4a55-9a53-1c1f3f9c2b11"
_CALLS = frozenset({"start", "token", "verify"})
_MAX_TOKEN_SECONDS = 300
_SECONDS = 10.0
# Beyond the budget: a busy machine's own slowness, not the provider's patience.
_SLACK = 2.0
# RFC 6749, 4.1.2.1, and what somebody who types a callback by hand may put there.
_WORDS = ("", "login_required", "access denied", "\x00", "\ud800", "é", "x" * 5000, "None")


class Plays(Enum):
    """What the service behind the provider is to do."""

    VERIFIED = "answers that the SIM has the number"
    NOT_VERIFIED = "answers that it has not"
    TRUTHY = "answers something that is like true and is not: the string, 1, a list"
    GARBAGE = "takes the start, then answers what cannot be read"
    SERVER_ERROR = "takes the start, then answers 5xx, without saying yes or no"
    STALLS = "takes the start, then never answers"
    START_ERROR = "answers 5xx to the start"


@dataclass(frozen=True, slots=True, repr=False)
class Situation:
    """A provider whose service plays something, and the number to ask it for."""

    provider: Provider
    phone: str = "+99012345678"


class ProviderContract(_Base):
    """What the flow relies on. Inherit it beside a test case and write the hooks.

    A service that cannot play something: ``self.skipTest("...")`` in :meth:`situation`.
    """

    # -- yours ---------------------------------------------------------------------
    def situation(self, plays: Plays) -> Situation:
        """Your provider, in front of a service that ``plays`` this."""
        raise NotImplementedError

    def correlators(self) -> Sequence[str]:
        """The ``x-correlator`` of each request that the service got, oldest first."""
        raise NotImplementedError

    def code(self, started: Started) -> str:  # noqa: ARG002
        """The code that the phone brings back from ``started.auth_url``."""
        return "cont-ract-c0de-4711"

    # -- start ---------------------------------------------------------------------
    def test_it_has_the_shape_of_a_provider(self) -> None:
        provider = self.situation(Plays.VERIFIED).provider
        self.assertIsInstance(provider.name, str)
        self.assertRegex(provider.name, r"\A\S{1,40}\Z", "the length of the audit's column")
        inspect.signature(provider.start).bind("+990", "state", correlator="c")
        inspect.signature(provider.finish).bind("+990", "code", correlator="c", seconds=1.0)
        factory: Any = getattr(type(provider), "from_settings", None)
        self.assertIsNotNone(factory, "NUMVERIFY['PROVIDERS'] needs from_settings(request=...)")
        inspect.signature(factory).bind(request=None)

    def test_start_gives_a_link_that_a_phone_may_open(self) -> None:
        walk = self._walk(Plays.VERIFIED)
        started = walk.start()
        self.assertIsInstance(started, Started)
        url = urlsplit(started.auth_url)
        local = url.hostname in ("127.0.0.1", "localhost", "::1")
        self.assertTrue(url.hostname, "an absolute URL")
        self.assertTrue(url.scheme == "https" or (url.scheme == "http" and local), url.scheme)
        self._check_calls(started.calls, last="start")

    def test_a_start_that_fails_is_an_error(self) -> None:
        walk = self._walk(Plays.START_ERROR)
        error = self._error_of(walk.start)
        self._check_calls(error.calls, last="start")

    # -- finish --------------------------------------------------------------------
    def test_only_true_verifies(self) -> None:
        walk = self._walk(Plays.VERIFIED)
        answer = walk.both()
        self.assertIs(answer.verified, True)
        self._check_verification(answer)

    def test_a_no_is_a_value(self) -> None:
        walk = self._walk(Plays.NOT_VERIFIED)
        answer = walk.both()
        self.assertIs(answer.verified, False)
        self._check_verification(answer)

    def test_what_is_like_true_does_not_verify(self) -> None:
        walk = self._walk(Plays.TRUTHY)
        try:
            verified: object = walk.both().verified
        except ProviderError:
            verified = False
        self.assertIs(verified, False)

    def test_garbage_is_an_error(self) -> None:
        walk = self._walk(Plays.GARBAGE)
        error = self._error_of(walk.both)
        self._check_calls(error.calls)

    def test_a_server_error_is_an_error_and_nothing_is_sent_twice(self) -> None:
        walk = self._walk(Plays.SERVER_ERROR)
        walk.start()
        before = len(self.correlators())
        error = self._error_of(walk.finish)
        sent = len(self.correlators()) - before
        self._check_calls(error.calls)
        self.assertLessEqual(sent, len(error.calls), "codes and tokens are single-use")

    def test_the_budget_holds_against_a_service_that_stalls(self) -> None:
        walk = self._walk(Plays.STALLS)
        walk.start()
        began = time.monotonic()
        error = self._error_of(lambda: walk.finish(seconds=0.5))
        spent = time.monotonic() - began
        self.assertLess(spent, 0.5 + _SLACK)
        self.assertIn(error.reason, (Reason.OUTCOME_UNKNOWN, Reason.UPSTREAM_TIMEOUT))

    # -- both ----------------------------------------------------------------------
    def test_each_request_carries_the_correlator(self) -> None:
        walk = self._walk(Plays.VERIFIED)
        before = len(self.correlators())
        walk.both()
        seen = self.correlators()[before:]
        self.assertGreaterEqual(len(seen), 2, "one for the start, one or more to finish")
        self.assertEqual(set(seen), {CORRELATOR})

    def test_reprs_and_errors_hold_no_secret(self) -> None:
        walk = self._walk(Plays.VERIFIED)
        answer = walk.both()
        self._check_secrets(walk, repr(answer), repr(walk.started), repr(walk.provider))
        for plays in (Plays.START_ERROR, Plays.SERVER_ERROR, Plays.GARBAGE):
            with self.subTest(plays.name):
                walk = self._walk(plays)
                error = self._error_of(walk.both)
                self._check_secrets(walk, *_told_by(error))

    def test_refusals_are_mapped_and_never_raise(self) -> None:
        provider = self.situation(Plays.VERIFIED).provider
        self.assertIs(provider.refusal("access_denied"), Reason.ACCESS_DENIED)
        for word in _WORDS:
            with self.subTest(word=ascii(word[:20])):
                self.assertIsInstance(provider.refusal(word), Reason)
        self.assertIs(provider.refusal("no_such_word"), Reason.UNKNOWN)

    # -- checks --------------------------------------------------------------------
    def _walk(self, plays: Plays) -> _Walk:
        return _Walk(self, self.situation(plays))

    def _error_of(self, call: Callable[[], Any]) -> ProviderError:
        with self.assertRaises(ProviderError) as caught:
            call()
        self.assertIsInstance(caught.exception.reason, Reason)
        self.assertIsNot(caught.exception.reason, Reason.NUMBER_MISMATCH, "that is a value")
        error: ProviderError = caught.exception
        return error

    def _check_calls(self, calls: tuple[Call, ...], last: str = "") -> None:
        """The failed call is there, too: the audit shows how long it took."""
        self.assertIsInstance(calls, tuple)
        self.assertTrue(calls, "the calls that were made, the failed one last")
        for call in calls:
            self.assertIsInstance(call, Call)
            self.assertIn(call.name, _CALLS)
            self.assertIsInstance(call.milliseconds, int)
            self.assertGreaterEqual(call.milliseconds, 0)
        if last:
            self.assertEqual(calls[-1].name, last)

    def _check_verification(self, answer: Verification) -> None:
        self.assertIsInstance(answer, Verification)
        self.assertGreater(answer.token_seconds, 0)
        self.assertLessEqual(answer.token_seconds, _MAX_TOKEN_SECONDS)
        self._check_calls(answer.calls)

    def _check_secrets(self, walk: _Walk, *texts: str) -> None:
        for name, secret in walk.secrets():
            for text in texts:
                # Not assertNotIn: its message would repeat the secret.
                self.assertFalse(secret in text, f"the {name} is in a repr or an error")


@dataclass(repr=False)
class _Walk:
    """One attempt at a provider: start, the phone, finish; remembers the secrets."""

    case: ProviderContract
    situation: Situation
    state: str = field(default_factory=tokens.new_state)
    code: str = ""
    started: Started | None = None

    @property
    def provider(self) -> Provider:
        return self.situation.provider

    def start(self) -> Started:
        self.started = self.provider.start(self.situation.phone, self.state, correlator=CORRELATOR)
        return self.started

    def finish(self, seconds: float = _SECONDS) -> Verification:
        assert self.started is not None  # noqa: S101 - for the type checker
        self.code = self.case.code(self.started)
        return self.provider.finish(
            self.situation.phone, self.code, correlator=CORRELATOR, seconds=seconds
        )

    def both(self) -> Verification:
        self.start()
        return self.finish()

    def secrets(self) -> Iterator[tuple[str, str]]:
        yield "number", self.situation.phone.removeprefix("+")
        yield "state", self.state
        if self.code:
            yield "code", self.code


def _told_by(error: BaseException) -> list[str]:
    """All that an error tracker prints of an error and of those behind it."""
    told = ["".join(traceback.format_exception(error)), str(getattr(error, "detail", ""))]
    behind: BaseException | None = error
    while behind is not None:
        told.append(f"{behind!r} {behind} {behind.args!r}")
        # Also the suppressed one: trackers show it all the same.
        behind = behind.__cause__ or behind.__context__
    return told
