"""The words for what was done with a user's numbers."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from .base import Wording

NOTES: dict[str, Wording] = {
    "added": Wording(
        _("Number added"), _("Your mobile network confirmed that you hold its SIM."), ""
    ),
    "proven": Wording(
        _("Number proven"), _("You can change your numbers now, for a few minutes."), ""
    ),
    "removed": Wording(_("Number removed"), _("It opens nothing in your account any more."), ""),
    "made_primary": Wording(
        _("Primary number changed"), _("From now on your account asks for this number."), ""
    ),
}
