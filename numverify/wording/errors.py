"""The words for each refused request, by the stable code of its JSON answer."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from .base import NOT_AVAILABLE, OTHER_WAY, START_AGAIN, Wording

ERRORS: dict[str, Wording] = {
    "refused": Wording(
        _("That did not work"), _("The request was refused; nothing was changed."), START_AGAIN
    ),
    "invalid_callback": Wording(
        _("This link does not work"),
        _("The address belongs to no check that we know, or it is not complete."),
        START_AGAIN,
    ),
    "unknown_state": Wording(
        _("This link does not work"),
        _("The address belongs to no check that we know."),
        START_AGAIN,
    ),
    "not_ready": Wording(
        _("Not yet"),
        _("This check is not waiting for a code, or not for one any more."),
        _("Look at the screen where you began."),
    ),
    "other_browser": Wording(
        _("Please use the browser you began in"),
        _("This check belongs to another browser or another user; nothing was changed."),
        _("Go back to where you began. If you did not begin a check, close this page."),
    ),
    "not_for_browsers": Wording(
        _("This link is not for this browser"),
        _("This check belongs to an app or to another screen; nothing was changed."),
        _("Go on where you began. If you did not begin a check, close this page."),
    ),
    "expired": Wording(_("Time is up"), _("The time for this check is over."), START_AGAIN),
    "already_used": Wording(
        _("Already used"),
        _("This link was used before; it works only once."),
        _("Look at the screen where you began, or start again."),
    ),
    "not_found": Wording(
        _("Nothing here"),
        _("There is no such check, or it is not yours to see."),
        START_AGAIN,
    ),
    "session_lost": Wording(
        _("You were logged out meanwhile"),
        _("The check has ended, but the session that began it is gone. Nothing was unlocked."),
        _("Log in and start again."),
    ),
    "wrong_code": Wording(
        _("That code is not right"),
        _("The code is not right, or this is not where the check began."),
        _("Type the code that the phone shows, on the screen where you began."),
    ),
    "authentication_required": Wording(
        _("Please log in first"), _("Log in before a number is checked."), _("Log in.")
    ),
    "not_enrolled": Wording(
        _("No confirmed number"),
        _("Your account has no confirmed phone number yet."),
        _("Add a phone number to your account first."),
    ),
    "verification_required": Wording(
        _("Please prove your number"),
        _("This needs a fresh proof that you hold the SIM of your confirmed number."),
        _("Start the check of your number."),
    ),
    "reprove_needed": Wording(
        _("Please prove your number again"),
        _("Your number was not proven for a long time. It may belong to somebody else by now."),
        _("Open the page of your numbers and prove it again."),
    ),
    "login_too_old": Wording(
        _("Please log in again"),
        _("Your last log-in is too long ago for a change of your numbers."),
        _("Log in again and repeat the change."),
    ),
    "number_proof_required": Wording(
        _("Prove one of your numbers first"),
        _("Numbers are changed only by somebody who has just proven one of them."),
        _("Prove a number of yours, then make the change."),
    ),
    "too_many_numbers": Wording(
        _("No more numbers"),
        _("You have as many numbers as one account may have."),
        _("Remove one of them first."),
    ),
    "consent_required": Wording(
        _("Your consent is needed"),
        _("For this number, please read and accept the consent text first."),
        _("Tick the box below the text and go on."),
    ),
    "too_many_attempts": Wording(
        _("Too many checks"),
        _("There were too many checks in a short time."),
        _("Wait a few minutes before the next one."),
    ),
    "try_again": Wording(
        _("One moment, please"),
        _("This site could not handle the request just now; nothing was lost."),
        _("Try again in a moment."),
    ),
    "csrf_failed": Wording(
        _("This page was open too long"),
        _("We could not tell that the request came from our own page, so we refused it."),
        _("Allow cookies for this site, reload the page and try again."),
    ),
    "method_not_allowed": Wording(
        _("That does not work here"),
        _("This address does not take requests of that kind."),
        START_AGAIN,
    ),
    "unsupported_media_type": Wording(
        _("That format is not understood"),
        _("Send JSON with the content type application/json, or a form."),
        _("Correct the request and send it again."),
    ),
    "too_large": Wording(
        _("That is too much"),
        _("The request is larger than this address takes."),
        _("Send less."),
    ),
    "invalid_json": Wording(
        _("That is not JSON"),
        _("The body must be one JSON object."),
        _("Correct the request and send it again."),
    ),
    "invalid_phone": Wording(
        _("Please check the number"),
        _("Enter the number with + and its country code, like +44 20 7946 0958."),
        _("Correct the number and try again."),
    ),
    "required": Wording(
        _("Something is missing"),
        _("Enter a phone number."),
        _("Fill it in and try again."),
    ),
    "invalid_purpose": Wording(
        _("That purpose is not known"),
        _("The purpose must be check or step_up."),
        _("Correct the request and send it again."),
    ),
    "invalid_binding": Wording(
        _("That binding does not work here"),
        _("The binding must be session, for a browser with a session, or completion."),
        _("Correct the request and send it again."),
    ),
    "invalid_bind": Wording(
        _("That cannot be confirmed any more"),
        _("This request to confirm something is too old, or not yours. Begin it again."),
        START_AGAIN,
    ),
    "invalid_next": Wording(
        _("That page is not ours"),
        _("The page to go on to must be one of this site."),
        START_AGAIN,
    ),
    "invalid_request": Wording(
        _("That was not understood"),
        _("The request is not complete or not well-formed."),
        _("Correct the request and send it again."),
    ),
    "invalid_id": Wording(
        _("That check is not known"),
        _("The id must be the one that the start gave."),
        _("Correct the request and send it again."),
    ),
    "invalid_completion_code": Wording(
        _("That code is not right"),
        _("Enter the code as the phone shows it."),
        _("Correct the code and try again."),
    ),
    "invalid_attempt_secret": Wording(
        _("That secret is not right"),
        _("The attempt secret must be the one that the start gave."),
        _("Correct the request and send it again."),
    ),
    "invalid_consent": Wording(
        _("Your consent is needed"),
        _("Consent is either given or not."),
        _("Correct the request and send it again."),
    ),
    "not_available": NOT_AVAILABLE,
    "server_configuration": Wording(
        _("This site is not set up yet"),
        _("Phone numbers cannot be checked here until the owner completes the settings."),
        OTHER_WAY,
    ),
}
