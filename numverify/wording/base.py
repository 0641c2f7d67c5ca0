"""What a wording is, and the sentences that several share."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Wording:
    """Lazily translated: a heading, a sentence, and what to do next."""

    title: Text
    text: Text
    action: Text


START_AGAIN = _("Start again.")
LATER = _("Try again in a few minutes, or use another way to prove that it is you.")
OTHER_WAY = _("Use another way to prove that it is you, or ask the owner of this site.")
MOBILE_DATA = _("Turn Wi-Fi and VPN off, turn mobile data on, and start again.")
NOT_STARTED = _("The check did not start")
NO_ANSWER = _("We could not find out")

#: One answer to strangers for everything that depends on whose number it is, so that
#: nobody can find out which numbers an operator knows by trying them.
NOT_AVAILABLE = Wording(
    NOT_STARTED,
    _("This number cannot be checked at the moment."),
    _("Check the number and try again later, or use another way to prove that it is you."),
)
