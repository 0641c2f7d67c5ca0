"""A call as a provider makes it: within its time, behind its breaker, timed for the audit."""

from __future__ import annotations

from time import monotonic

from ..conf import conf
from ..exceptions import Call, ProviderError, Reason
from .breaker import breaker_for
from .deadline import Deadline
from .transport import Answer, Failure, Message, Transport, TransportError

_SERVER_ERROR = 500


class Journal:
    """The calls of one attempt: their correlator, their common deadline, their times.

    Without a deadline each call has its own time-out alone.
    """

    def __init__(self, correlator: str, deadline: Deadline | None = None) -> None:
        self.correlator = correlator
        self.deadline = deadline
        self._milliseconds: dict[str, int] = {}

    @property
    def calls(self) -> tuple[Call, ...]:
        return tuple(Call(name, spent) for name, spent in self._milliseconds.items())

    def note(self, call: str, started: float) -> None:
        """Add the time since ``started`` (monotonic); a retry counts with its call."""
        spent = round((monotonic() - started) * 1000)
        self._milliseconds[call] = self._milliseconds.get(call, 0) + spent

    def error(self, reason: Reason, detail: str, retry_after: int | None = None) -> ProviderError:
        return ProviderError(reason, calls=self.calls, detail=detail, retry_after=retry_after)


class Caller:
    """Makes calls to one service.

    Args:
        base_url: checked, without a slash at the end; each of its calls has a breaker.
        call_timeout: seconds a call may take from start to end.
        breaker: failures in a row that open it (0: never), seconds between probes.
    """

    def __init__(
        self,
        base_url: str,
        transport: Transport,
        *,
        call_timeout: float,
        breaker: tuple[int, float],
    ) -> None:
        self.base_url = base_url
        self._transport = transport
        self._call_timeout = call_timeout
        self._breaker = breaker

    @classmethod
    def from_settings(cls, base_url: str) -> Caller:
        return cls(
            base_url,
            Transport.from_settings(base_url),
            call_timeout=conf.call_timeout,
            breaker=(conf.breaker_failures, conf.breaker_seconds),
        )

    def send(
        self, call: str, message: Message, journal: Journal, *, repeatable: bool = False
    ) -> Answer:
        """The answer, whatever its status.

        ``repeatable`` calls spend nothing: where no connection was made, they are tried
        a second time. Of all others nothing is ever sent twice.

        Raises ProviderError: no answer. ``outcome_unknown`` where something that can be
        used once was sent and may have been used.
        """
        deadline, started = self._deadline(journal), monotonic()
        if deadline.left <= 0:  # our own lateness: nothing that the breaker should count
            raise journal.error(Reason.UPSTREAM_TIMEOUT, f"{call}: no time left")
        outcome = self._guarded(call, message, journal, deadline)
        if repeatable and _may_repeat(outcome) and deadline.left > 0:
            outcome = self._guarded(call, message, journal, deadline) or outcome
        if outcome is None:
            raise journal.error(Reason.UPSTREAM_PAUSED, f"{call}: paused after failures")
        journal.note(call, started)
        if isinstance(outcome, TransportError):
            reason = _reason(outcome, repeatable=repeatable)
            raise journal.error(reason, f"{call}: {outcome.failure.value}")
        return outcome

    def _guarded(
        self, call: str, message: Message, journal: Journal, deadline: Deadline
    ) -> Answer | TransportError | None:
        """The outcome of one try; None if the breaker is open."""
        breaker = breaker_for(self.base_url, call, *self._breaker)
        if not breaker.allows():
            return None
        outcome = self._tried(call, message, journal, deadline)
        breaker.record(ok=_is_up(outcome))
        return outcome

    def _tried(
        self, call: str, message: Message, journal: Journal, deadline: Deadline
    ) -> Answer | TransportError:
        try:
            return self._transport.send(
                message, call=call, correlator=journal.correlator, deadline=deadline
            )
        except TransportError as error:
            return error

    def _deadline(self, journal: Journal) -> Deadline:
        left = journal.deadline.left if journal.deadline else self._call_timeout
        return Deadline(min(left, self._call_timeout))


def _may_repeat(outcome: Answer | TransportError | None) -> bool:
    return (
        isinstance(outcome, TransportError)
        and not outcome.sent
        and outcome.failure is not Failure.TLS  # a wrong certificate stays wrong
    )


def _is_up(outcome: Answer | TransportError) -> bool:
    """Whether the service works, however little its answer pleases us."""
    if isinstance(outcome, TransportError):
        return outcome.failure is Failure.MALFORMED
    return outcome.status < _SERVER_ERROR


def _reason(error: TransportError, *, repeatable: bool) -> Reason:
    if not error.sent:
        return Reason.UPSTREAM_UNREACHABLE
    if error.failure is Failure.MALFORMED:
        return Reason.BAD_UPSTREAM
    if not repeatable:
        return Reason.OUTCOME_UNKNOWN
    timeout = error.failure is Failure.TIMEOUT
    return Reason.UPSTREAM_TIMEOUT if timeout else Reason.UPSTREAM_UNREACHABLE
