"""Input of the start and of the completion; JSON and HTML share these forms."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from . import binds, phone
from .exceptions import InvalidPhoneNumber
from .models import Binding, Purpose

# Printable ASCII without space and backslash; the length is the column's.
_PLAIN_URL = re.compile(r"(?!//)[!-\[\]-~]{1,2000}")


def safe_next(request: HttpRequest, url: str) -> str:
    """``url`` if it leads back to this site, else ``""``; asked at start *and* at use.

    Django's own test, and before it the shapes that browsers read differently than
    servers do: spaces and controls, backslashes, a double slash, and everything beyond
    ASCII, of which compatibility forms turn some into ``/``, ``\\`` or ``@`` (T12).
    """
    allowed = _PLAIN_URL.fullmatch(url) and url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return url if allowed else ""


class StartForm(forms.Form):
    """What ``POST /login`` takes.

    Args:
        request: for the host that ``next`` may lead to.
        enrolled: the user's confirmed number, if there is one: then none is asked for,
            and one that comes is ignored.
        user: whom ``JSON_USER`` names, where that is not the session's.
    """

    phone = forms.CharField(
        label=_("Phone number"),
        max_length=40,
        required=False,
        widget=forms.TextInput(
            attrs={
                "type": "tel",
                "autocomplete": "tel",
                "inputmode": "tel",
                "placeholder": "+44 20 7946 0958",
            }
        ),
    )
    consent = forms.BooleanField(label=_("I agree"), required=False)
    next = forms.CharField(required=False, widget=forms.HiddenInput)
    purpose = forms.ChoiceField(
        choices=[(value, value) for value in (Purpose.CHECK, Purpose.STEP_UP)],
        required=False,
        widget=forms.HiddenInput,
        error_messages={"invalid_choice": _("The purpose must be check or step_up.")},
    )
    binding = forms.ChoiceField(
        choices=[(value, value) for value in Binding.values],
        required=False,
        widget=forms.HiddenInput,
        error_messages={"invalid_choice": _("The binding must be session or completion.")},
    )

    bind = forms.CharField(required=False, max_length=4000, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        request: HttpRequest,
        enrolled: str | None,
        user: Any = None,
        **kwargs: Any,
    ):
        super().__init__(*args, **kwargs)
        self.request = request
        self.user = user
        self.enrolled = enrolled
        if enrolled:
            del self.fields["phone"]

    @property
    def enrolled_mask(self) -> str:
        return phone.mask(self.enrolled) if self.enrolled else ""

    @property
    def summary(self) -> str:
        """What the person is about to confirm, in the words of the site; ``""``: nothing."""
        offer = self._offer(self["bind"].value())
        return offer.summary if offer else ""

    def _offer(self, sealed: Any) -> binds.Offer | None:
        return binds.unseal(str(sealed), self.user or self.request.user) if sealed else None

    def clean_phone(self) -> str:
        given = self.cleaned_data["phone"]
        if not given and self.data.get("purpose") == Purpose.STEP_UP:
            return ""  # it would not count: admission says that a confirmed one is missing
        try:
            return phone.parse(given)
        except InvalidPhoneNumber as error:
            raise forms.ValidationError(str(error), code=error.code) from None

    def clean_purpose(self) -> str:
        return str(self.cleaned_data["purpose"] or Purpose.CHECK)

    def clean_bind(self) -> str:
        """The digest of the transaction; it comes sealed, as the gate gave it."""
        sealed = self.cleaned_data["bind"]
        offer = self._offer(sealed)
        # Without the purpose it would elevate nobody, and the person wonder why.
        if sealed and not (offer and self.cleaned_data.get("purpose") == Purpose.STEP_UP):
            raise forms.ValidationError(
                _("This request to confirm something is too old, or not yours. Begin it again."),
                code="bind",
            )
        return offer.digest if offer else ""

    def clean_next(self) -> str:
        given = self.cleaned_data["next"]
        url = safe_next(self.request, given)
        if given and not url:
            raise forms.ValidationError(_("next must lead to a page of this site."), code="next")
        return url


class NumberForm(StartForm):
    """What the enrolment pages take; the purpose is theirs to say.

    Args:
        enrolled: the confirmed number to prove again; None where one is added.
    """

    # How Django leaves an inherited field out.
    purpose = None  # type: ignore[assignment]
    bind = None  # type: ignore[assignment]


class CompleteForm(forms.Form):
    """What ``POST /complete`` takes."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    completion_code = forms.CharField(
        label=_("Code from the phone"),
        max_length=64,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "autocapitalize": "characters",
                # The page comes by itself once the phone shows the code.
                "autofocus": True,
            }
        ),
    )
    attempt_secret = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
