"""``verify_number`` for a real SIM: this site starts the attempt, a person's phone does the rest.

The phone opens a hand-over link; the code that it shows is typed here. This process is
the initiator: it holds a nonce of its own, as a browser's session would.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TextIO

from django.core.cache import caches
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache
from django.urls import NoReverseMatch, reverse

from .. import admission, flow, sessions, tokens
from ..conf import conf
from ..exceptions import AttemptExpired, AttemptUsed, ConfigurationError, FlowError, WrongCode
from ..handset import Outcome, Result
from ..models import Binding, Channel, Purpose, Status, VerificationAttempt

_CREDENTIALS = "VONAGE_APPLICATION_ID, VONAGE_PRIVATE_KEY (or _PATH) and VONAGE_REDIRECT_URI"


@dataclass(frozen=True, slots=True)
class Console:
    """The person at the terminal.

    Args:
        out: where prompts and the QR code go.
        read: one line, stripped; None at the end of the input.
    """

    out: TextIO
    read: Callable[[], str | None]

    def say(self, text: str) -> None:
        self.out.write(f"{text}\n")
        self.out.flush()


def verify(phone: str, console: Console) -> Outcome:
    """Verify a number of a real operator with the site's own credentials.

    Raises:
        ConfigurationError: no credentials, or a site that cannot hand over to a phone.
    """
    _check_site()
    prefix = _prefix()
    party = flow.Party(nonce=tokens.new_secret())
    order = flow.Order(phone, Purpose.CHECK, Binding.COMPLETION, Channel.COMMAND, handover=True)
    try:
        begun = admission.start(order, party, consent=_agreed(phone, console))
    except FlowError as error:
        return Outcome(Result.UNKNOWN, error.code, "The site did not start the attempt.")
    if begun.attempt.status == Status.PENDING:
        _show_link(begun, prefix, console)
        return _outcome(_read_codes(begun.attempt.public_id, party, console))
    return _outcome(begun.attempt)


def _check_site() -> None:
    if conf.is_virtual:
        raise ConfigurationError(
            "This site runs with the Virtual Operator, which knows +990 numbers alone; "
            f"for a real number set {_CREDENTIALS}, and ENVIRONMENT."
        )
    if isinstance(caches[conf.cache], LocMemCache | DummyCache):
        raise ConfigurationError(
            "The phone's page gets its link from the cache: set NUMVERIFY['CACHE'] to one "
            "that this command and the site share (database, file, Redis)."
        )


def _agreed(phone: str, console: Console) -> bool:
    """Ask for the consent that the number's country wants, before anything is sent."""
    if not (admission.needs_consent(phone) and conf.consent_text):
        return False
    console.say(conf.consent_text)
    console.say('Type "yes" if the holder of the number agrees:')
    return console.read() == "yes"


def _show_link(begun: flow.Begun, prefix: str, console: Console) -> None:
    url = prefix + reverse("numverify:handover", args=[begun.handover_token])
    sessions.share_links(begun.attempt.public_id, sessions.seal_links(begun.auth_url, url))
    console.say("Open this on the phone, over mobile data, with Wi-Fi and VPN off:")
    console.say(url)
    _print_qr(url, console.out)


def _prefix() -> str:
    """Where the redirect URI shows that the site is seen, with a proxy's prefix if any."""
    try:
        callback = reverse("numverify:callback")
    except NoReverseMatch:
        raise ConfigurationError(
            'Add path("numverify/", include("numverify.urls")) to the URLconf.'
        ) from None
    if not conf.vonage_redirect_uri.endswith(callback):
        raise ConfigurationError(
            f"VONAGE_REDIRECT_URI does not lead to this site's callback, {callback}."
        )
    return conf.vonage_redirect_uri.removesuffix(callback)


def _print_qr(url: str, out: TextIO) -> None:
    try:
        import segno
    except ImportError:
        return
    code: Any = segno.make(url, error="m", micro=False)
    code.terminal(out=out, compact=True)


def _read_codes(public_id: Any, party: flow.Party, console: Console) -> VerificationAttempt:
    """Until the attempt has ended, or the input has: an empty line looks again."""
    while True:
        attempt = flow.find(public_id, party)
        if attempt.is_terminal:
            return attempt
        console.say("Code from the phone (Enter to look again):")
        code = console.read()
        if code is None:
            return flow.cancel(public_id, party)
        if code:
            _try(public_id, code, party, console)


def _try(public_id: Any, code: str, party: flow.Party, console: Console) -> None:
    try:
        flow.complete(public_id, code, party)
    except WrongCode:
        console.say("That code is not right.")
    except AttemptUsed:
        console.say("The phone has not been there yet.")
    except AttemptExpired:
        console.say("Too late.")


def _outcome(attempt: VerificationAttempt) -> Outcome:
    known = {Status.VERIFIED: Result.VERIFIED, Status.NOT_VERIFIED: Result.NOT_VERIFIED}
    result = known.get(Status(attempt.status), Result.UNKNOWN)
    reason = str(attempt.reason) or ("" if attempt.is_terminal else "not_completed")
    detail = {
        Result.VERIFIED: "",
        Result.NOT_VERIFIED: "The SIM that answered does not have this number.",
        Result.UNKNOWN: f"Attempt {attempt.reference_display} ended {attempt.status}.",
    }[result]
    return Outcome(result, reason, detail, str(attempt.public_id))
