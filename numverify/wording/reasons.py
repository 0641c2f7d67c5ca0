"""The words for each reason and each status of an attempt."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ..exceptions import Reason
from .base import LATER, MOBILE_DATA, NO_ANSWER, NOT_STARTED, OTHER_WAY, START_AGAIN, Wording

REASONS: dict[str, Wording] = {
    Reason.NUMBER_MISMATCH: Wording(
        _("Number not confirmed"),
        _("The mobile network did not confirm this number for the connection that was used."),
        _(
            "Check the number. If the phone has two SIM cards, use mobile data of the SIM with "
            "this number. Then start again."
        ),
    ),
    Reason.NOT_MOBILE_NETWORK: Wording(
        NO_ANSWER,
        _("The mobile network did not recognise the connection."),
        MOBILE_DATA,
    ),
    Reason.NOT_SUPPORTED: Wording(
        NOT_STARTED,
        _("The mobile operator of this number does not offer this check to this site."),
        OTHER_WAY,
    ),
    Reason.ACCESS_DENIED: Wording(
        NO_ANSWER,
        _("The mobile operator reported that the check was not permitted."),
        _("If you declined it, start again and agree. Otherwise use another way."),
    ),
    Reason.OPERATOR_ERROR: Wording(
        NO_ANSWER,
        _("The mobile operator could not complete the check, and did not say why."),
        _("Use mobile data with Wi-Fi and VPN off, and start again."),
    ),
    Reason.OPERATOR_UNAVAILABLE: Wording(
        NO_ANSWER, _("The mobile operator's check is not available at the moment."), LATER
    ),
    Reason.UPSTREAM_UNREACHABLE: Wording(
        NO_ANSWER, _("The checking service could not be reached."), LATER
    ),
    Reason.UPSTREAM_TIMEOUT: Wording(
        NO_ANSWER, _("The checking service did not answer in time."), LATER
    ),
    Reason.UPSTREAM_ERROR: Wording(
        NO_ANSWER, _("The checking service reported a fault of its own."), LATER
    ),
    Reason.UPSTREAM_PAUSED: Wording(
        NO_ANSWER,
        _("The checking service has failed several times, so we are giving it a short rest."),
        _("Try again in a minute."),
    ),
    Reason.BAD_UPSTREAM: Wording(
        NO_ANSWER, _("The checking service gave an answer that we could not trust."), LATER
    ),
    Reason.OUTCOME_UNKNOWN: Wording(
        NO_ANSWER,
        _("The connection to the checking service broke before its answer arrived."),
        START_AGAIN,
    ),
    Reason.RATE_LIMITED: Wording(
        NO_ANSWER, _("The checking service is handling too many requests."), LATER
    ),
    Reason.CREDENTIALS: Wording(
        NO_ANSWER, _("The checking service did not accept this site's account."), OTHER_WAY
    ),
    Reason.REQUEST: Wording(
        NO_ANSWER, _("The checking service did not accept the request."), OTHER_WAY
    ),
    Reason.BALANCE: Wording(
        NO_ANSWER, _("The checking service does not serve this site at the moment."), OTHER_WAY
    ),
    Reason.FORBIDDEN: Wording(
        NO_ANSWER, _("The checking service does not allow this check."), OTHER_WAY
    ),
    Reason.CODE_REJECTED: Wording(
        NO_ANSWER,
        _("The checking service did not accept what the phone brought back."),
        START_AGAIN,
    ),
    Reason.TOKEN_REJECTED: Wording(
        NO_ANSWER,
        _("The mobile operator did not accept the permission for this check."),
        START_AGAIN,
    ),
    Reason.NO_CALLBACK: Wording(
        _("Time is up"),
        _("The phone did not come back from the check in time."),
        MOBILE_DATA,
    ),
    Reason.NOT_COMPLETED: Wording(
        _("Time is up"), _("The code from the phone was not entered in time."), START_AGAIN
    ),
    Reason.TOO_MANY_CODES: Wording(
        _("Too many wrong codes"),
        _("A wrong code was entered too often, so this check was ended."),
        START_AGAIN,
    ),
    Reason.ABANDONED: Wording(
        NO_ANSWER,
        _("The check was interrupted before the network's answer was stored."),
        START_AGAIN,
    ),
    Reason.CANCELLED: Wording(_("Cancelled"), _("This check was cancelled."), START_AGAIN),
    Reason.UNKNOWN: Wording(
        NO_ANSWER, _("The check could not be completed, and we do not know why."), LATER
    ),
}

STATUSES: dict[str, Wording] = {
    "pending": Wording(
        _("One step on your phone"),
        _("We are waiting for the phone to open the check."),
        _("Use mobile data, with Wi-Fi and VPN off, and open the check."),
    ),
    "claimed": Wording(
        _("Asking the mobile network"),
        _("The phone came back, and the mobile network is being asked."),
        _("Wait a moment."),
    ),
    "awaiting_completion": Wording(
        _("Enter the code from the phone"),
        _("The phone has done its part; the code that it shows is still missing."),
        _("Type the code that the phone shows."),
    ),
    "verified": Wording(
        _("Number verified"),
        _("The mobile network confirmed this number for the phone that was used."),
        "",
    ),
    "expired": Wording(_("Time is up"), _("This check was not finished in time."), START_AGAIN),
}
