"""The one error tree, and the closed list of reasons an attempt can end for.

No error of this package carries a phone number, a token, a code or an upstream
body: error trackers print what exceptions hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why an attempt ended as it did: the closed vocabulary of the audit record.

    Every word a provider, an operator or the RFCs use is mapped to one of these;
    what nobody foresaw is ``unknown``. Words for people: :mod:`numverify.wording`.
    """

    # the network answered
    NUMBER_MISMATCH = "number_mismatch"
    # the network could not tell
    NOT_MOBILE_NETWORK = "not_mobile_network"
    NOT_SUPPORTED = "not_supported"
    ACCESS_DENIED = "access_denied"
    OPERATOR_ERROR = "operator_error"
    OPERATOR_UNAVAILABLE = "operator_unavailable"
    # the provider did not answer, or not as documented
    UPSTREAM_UNREACHABLE = "upstream_unreachable"
    UPSTREAM_TIMEOUT = "upstream_timeout"
    UPSTREAM_ERROR = "upstream_error"
    UPSTREAM_PAUSED = "upstream_paused"
    BAD_UPSTREAM = "bad_upstream"
    OUTCOME_UNKNOWN = "outcome_unknown"
    RATE_LIMITED = "rate_limited"
    # the provider refused us
    CREDENTIALS = "credentials"
    REQUEST = "request"
    BALANCE = "balance"
    FORBIDDEN = "forbidden"
    CODE_REJECTED = "code_rejected"
    TOKEN_REJECTED = "token_rejected"  # noqa: S105
    # nobody finished it
    NO_CALLBACK = "no_callback"
    NOT_COMPLETED = "not_completed"
    TOO_MANY_CODES = "too_many_codes"
    ABANDONED = "abandoned"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class NumverifyError(Exception):
    """Base of every error this package raises."""


class ConfigurationError(NumverifyError):
    """The site is set up wrongly; the message says which setting and what to do."""


class InvalidPhoneNumber(NumverifyError, ValueError):
    """Not an E.164 number. ``code`` is stable; the message never repeats the input."""

    def __init__(self, message: str, code: str = "invalid_phone") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Call:
    """One upstream call as the audit record keeps it.

    ``name`` is ``start``, ``token`` or ``verify``; ``milliseconds`` is the wall time
    it took, whatever its end.
    """

    name: str
    milliseconds: int


class ProviderError(NumverifyError):
    """A provider could not find out. "Not verified" is a value, never this.

    Args:
        reason: the mapped reason.
        calls: the upstream calls made so far, the failed one last.
        detail: safe text for staff: fixed words of this package and an HTTP status,
            never anything the upstream sent.
        retry_after: seconds after which another try may help, already capped.
    """

    def __init__(
        self,
        reason: Reason,
        *,
        calls: tuple[Call, ...] = (),
        detail: str = "",
        retry_after: int | None = None,
    ) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.calls = calls
        self.detail = detail[:200]  # the length of the column
        self.retry_after = retry_after


class FlowError(NumverifyError):
    """A request to the flow that is refused; nothing was changed.

    ``code`` is the stable word of the JSON answer and the key of the page's wording.
    """

    code = "refused"
    status = 400

    def __init__(
        self, *, code: str = "", retry_after: int | None = None, bound_to: str = ""
    ) -> None:
        super().__init__(code or self.code)
        self.code = code or self.code
        self.retry_after = retry_after
        # The public id of the attempt, where the caller is the browser bound to it.
        self.bound_to = bound_to


class InvalidCallback(FlowError):
    """Parameters that no authorization server sends, or a state nobody issued."""

    code = "invalid_callback"


class OtherBrowser(FlowError):
    """Not the browser (or not the user) that began the attempt."""

    code = "other_browser"
    status = 403


class CodesNotForBrowsers(FlowError):
    """A browser brought back an attempt whose code only a program may read."""

    code = "not_for_browsers"
    status = 403


class AttemptExpired(FlowError):
    """Too late: the attempt's time was over."""

    code = "expired"
    status = 410


class AttemptUsed(FlowError):
    """A repeat: the attempt was claimed or ended before."""

    code = "already_used"
    status = 409


class UnknownAttempt(FlowError):
    """No such attempt, or none of this caller's: the two look the same."""

    code = "not_found"
    status = 404


class SessionLost(FlowError):
    """The session ended or changed hands while the network was asked; nobody is elevated."""

    code = "session_lost"
    status = 409


class WrongCode(FlowError):
    """The completion code, or the half that goes with it, is not right."""

    code = "wrong_code"
    status = 403


class AuthenticationRequired(FlowError):
    """Nobody is logged in, and the site does not allow anonymous starts."""

    code = "authentication_required"
    status = 401


class NotEnrolled(FlowError):
    """A step-up needs a confirmed number of the user, and there is none."""

    code = "not_enrolled"
    status = 403


class VerificationRequired(FlowError):
    """The view asks for a fresh proof of the user's number."""

    code = "verification_required"
    status = 403


class ReproveNeeded(FlowError):
    """The confirmed number was not proven for so long that somebody else may have it."""

    code = "reprove_needed"
    status = 403


class LoginTooOld(FlowError):
    """A change of numbers needs a recent log-in."""

    code = "login_too_old"
    status = 403


class NumberProofRequired(FlowError):
    """Who has a number must prove one of his before he changes any (T4)."""

    code = "number_proof_required"
    status = 403


class TooManyNumbers(FlowError):
    """The user has as many confirmed numbers as one may have."""

    code = "too_many_numbers"
    status = 409


class ConsentRequired(FlowError):
    """The country needs a consent that was not given; nothing was sent upstream."""

    code = "consent_required"
    status = 403


class LimitExceeded(FlowError):
    """Too many starts; ``retry_after`` is in seconds."""

    code = "too_many_attempts"
    status = 429


class Unavailable(FlowError):
    """The database or the cache did not serve us; nothing was claimed or spent."""

    code = "try_again"
    status = 503
