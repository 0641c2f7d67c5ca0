"""The device: a user's enrolled number, as django-otp sees it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_otp.models import CooldownMixin, Device, ThrottlingMixin, TimestampMixin

from numverify import phone, stepup
from numverify.conf import conf
from numverify.models import EnvironmentName


class NumberVerificationDevice(TimestampMixin, CooldownMixin, ThrottlingMixin, Device):
    """At most one for each user: the enrolled number, once the network confirmed it.

    Made and confirmed by a proof alone (:mod:`.devices`). It holds no number, only what
    tells whether it is still the enrolled one: erasing the number elsewhere leaves
    nothing here. Another number, or another environment, is another row with another
    key: a session that the old one marked must not count for the new one.

    The key is an integer since django-otp reads it back from the session by ``int()``.
    """

    id = models.BigAutoField(primary_key=True)
    # django-otp's own default is True: a row made by a script would count at once.
    confirmed = models.BooleanField(
        _("confirmed"), default=False, help_text=_("Has the network confirmed this number?")
    )
    phone_mask = models.CharField(_("phone number"), max_length=20)
    phone_hmac = models.CharField(max_length=64)
    phone_hmac_key = models.CharField(max_length=32)
    environment = models.CharField(_("environment"), max_length=12, choices=EnvironmentName)

    class Meta:
        verbose_name = _("number verification device")
        verbose_name_plural = _("number verification devices")
        constraints = [
            models.UniqueConstraint(fields=["user"], name="numverify_otp_one_device_per_user")
        ]

    def is_current(self, user: Any) -> bool:
        """Is this what ``user``, the owner, has enrolled, where the site runs now?

        Raises:
            ConfigurationError: see :func:`numverify.stepup.enrolled_number`.
        """
        number = stepup.enrolled_number(user)
        return (
            number is not None
            and self.user_id == user.pk
            and self.environment == conf.environment
            and self.phone_hmac in phone.phone_hmacs(number)
        )

    # -- django-otp's contract ---------------------------------------------------------
    def is_interactive(self) -> bool:
        """Yes: forms may ask for a challenge, which says where to go instead."""
        return True

    def generate_challenge(self) -> str:
        """A sentence for the person. Starts nothing: django-two-factor-auth asks for a
        challenge at every rendering of a form, and a start costs money and a limit.
        """
        allowed, _why = self.generate_is_allowed()
        if not allowed:
            return gettext("Wait a moment before you try again.")
        return gettext("There is no code: choose “Use my mobile network”.")

    def verify_is_allowed(self) -> tuple[bool, dict[str, Any] | None]:
        """Never: forms then show this sentence in place of "invalid token"."""
        return False, {"error_message": self.generate_challenge()}

    def verify_token(self, token: str) -> bool:  # noqa: ARG002 - django-otp's signature
        """No token fits. Nothing is counted either: forms that try a code on every device
        (``match_token``) would lock this one for codes that were meant for another.
        """
        return False

    def get_cooldown_duration(self) -> int:
        """Seconds; none: a challenge does nothing, and starts have limits of their own."""
        return 0

    def get_throttle_factor(self) -> int:
        """Seconds; none: there are no tokens to guess."""
        return 0
