"""django-otp's log-in form of the admin, with another way than a code."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django_otp.admin import OTPAdminAuthenticationForm

from numverify import stepup
from numverify.exceptions import ConfigurationError

#: The name of the button; it says which one was pressed, its value means nothing.
BUTTON = "otp_network"


class AdminAuthenticationForm(OTPAdminAuthenticationForm):
    """Valid by the password alone where :data:`BUTTON` was pressed and a number is enrolled.

    The user is then logged in and *not* verified: the admin lets nobody in by that.
    """

    otp_network = forms.CharField(required=False, widget=forms.HiddenInput)
    otp_error_messages = {
        **OTPAdminAuthenticationForm.otp_error_messages,
        "not_enrolled": _("This account has no confirmed number. Use another device."),
    }

    def clean_otp(self, user: Any) -> None:
        if user is None or not self.cleaned_data.get(BUTTON):
            super().clean_otp(user)
        elif not has_number(user):
            self._update_form(user)
            raise forms.ValidationError(
                self.otp_error_messages["not_enrolled"], code="not_enrolled"
            )
        else:
            user.otp_device = None


def has_number(user: Any) -> bool:
    try:
        return stepup.enrolled_number(user) is not None
    except ConfigurationError:
        return False
