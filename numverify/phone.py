"""Phone numbers: E.164 in, E.164 out; masked for people, keyed hashes for look-ups."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from django.utils.translation import gettext as _

from . import tokens
from .conf import conf
from .defaults import PRODUCTION
from .exceptions import InvalidPhoneNumber

#: CAMARA's pattern (NumberVerification r3.2, ``PhoneNumber``): E.164 with its plus.
E164 = re.compile(r"\+[1-9][0-9]{4,14}")
VIRTUAL_PREFIX = "+990"  # unassigned: the Virtual Operator's
_PUNCTUATION = re.compile(r"[\s().\-/\u2010-\u2015\u200b-\u200f\u202a-\u202e\u2060-\u2069]+")
_MAX_INPUT = 40
# ITU-T E.164: the one- and two-digit country codes; every other one has three digits.
_ONE_DIGIT = frozenset("17")
_TWO_DIGITS = frozenset(
    "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 "
    "60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98".split()
)


def parse(value: Any) -> str:
    """The E.164 form of a number that counts on this site; see :func:`normalise`.

    Raises:
        InvalidPhoneNumber: also for a ``+990`` number where the site is live.
    """
    text = normalise(value)
    if text.startswith(VIRTUAL_PREFIX) and conf.environment == PRODUCTION:
        # A test number that verifies must never count where real people log in.
        raise InvalidPhoneNumber(_("+990 numbers are for testing; this site is live."))
    return text


def normalise(value: Any) -> str:
    """The E.164 form of what a person or a program wrote: ``"+44 20 7946 0958"``.

    Args:
        value: text, or an object whose ``str()`` is a number (``PhoneNumber``).
            Spaces and the usual punctuation are dropped, full-width digits folded.

    Raises:
        InvalidPhoneNumber: with a message for a person; the input is not repeated.
    """
    text = str(value)
    if len(text) > _MAX_INPUT:
        raise InvalidPhoneNumber(_("That is too long for a phone number."))
    text = unicodedata.normalize("NFKC", text).strip()
    text = _PUNCTUATION.sub("", text.removeprefix("tel:"))
    if not text:
        raise InvalidPhoneNumber(_("Enter a phone number."), code="required")
    if not text.startswith("+"):
        text = _from_national(text)
    if not E164.fullmatch(text):
        raise InvalidPhoneNumber(
            _("Enter the number with + and its country code, like +44 20 7946 0958.")
        )
    return text


def _from_national(text: str) -> str:
    """National digits by ``DEFAULT_REGION``, if that and phonenumbers are there."""
    if conf.default_region:
        try:
            import phonenumbers  # noqa: PLC0415 - optional dependency
        except ImportError:
            return text
        try:
            number = phonenumbers.parse(text, conf.default_region)
        except phonenumbers.NumberParseException:
            return text
        # "Local only" (no area code) is possible, too, but becomes another number abroad.
        length = phonenumbers.is_possible_number_with_reason(number)
        if length == phonenumbers.ValidationResult.IS_POSSIBLE:
            return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return text


def country_code(phone: str) -> str:
    """The ITU country code of an E.164 number, without plus: ``"49"``, ``"990"``."""
    digits = phone.removeprefix("+")
    if digits[:1] in _ONE_DIGIT:
        return digits[:1]
    return digits[:2] if digits[:2] in _TWO_DIGITS else digits[:3]


def mask(phone: str) -> str:
    """What people may see: ``"+49 •••• 78"``. The number of bullets says nothing."""
    code = country_code(phone)
    national = phone.removeprefix("+" + code)
    shown = national[-2:] if len(national) >= 6 else ""  # noqa: PLR2004
    return f"+{code} •••• {shown}".rstrip()


def phone_hmac(phone: str) -> tuple[str, str]:
    """``(key id, hex HMAC-SHA-256)`` of a number, by the first of ``HMAC_KEYS``."""
    return tokens.keyed("phone", phone)


def phone_hmacs(phone: str) -> list[str]:
    """The number's HMAC by every key, for look-ups across a key rotation."""
    return tokens.keyed_all("phone", phone)
