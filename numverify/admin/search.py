"""Search in the admin: from what staff typed to a filter that may stand in a URL.

Exact values alone, each by an index: searching for parts of a number would tell the
rest of it to people who may see its mask only.
"""

from __future__ import annotations

import uuid
from contextlib import suppress

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Q

from .. import phone, tokens
from ..exceptions import InvalidPhoneNumber
from ..models import VerificationAttempt

LOOKUPS = ("public_id__exact", "reference__exact", "phone_hmac__in", "user__in")
_MAX_USERS = 20


def find(typed: str) -> tuple[str, str] | None:
    """The filter, ``(lookup, value)``, for what staff typed; None if nothing fits.

    A number becomes its HMACs by all keys, whether or not there are attempts for it.
    """
    return _by_id(typed) or _by_reference(typed) or _by_number(typed) or _by_user(typed)


def _by_id(typed: str) -> tuple[str, str] | None:
    try:
        return "public_id__exact", str(uuid.UUID(typed))
    except ValueError:
        return None


def _by_reference(typed: str) -> tuple[str, str] | None:
    reference = tokens.from_typed(typed)
    exists = VerificationAttempt.objects.filter(reference=reference).exists()
    return ("reference__exact", reference) if exists else None


def _by_number(typed: str) -> tuple[str, str] | None:
    # As written, or without its plus, or with 00; test numbers on a live site, too.
    for spelling in (typed, "+" + typed.removeprefix("00")):
        with suppress(InvalidPhoneNumber):
            number = phone.normalise(spelling)
            return "phone_hmac__in", ",".join(phone.phone_hmacs(number))
    return None


def _by_user(typed: str) -> tuple[str, str] | None:
    model = get_user_model()
    query = Q(**{model.USERNAME_FIELD: typed})
    email = model.get_email_field_name()
    try:
        model._meta.get_field(email)  # noqa: SLF001 - Django's documented Meta API
        query |= Q(**{f"{email}__iexact": typed})
    except FieldDoesNotExist:
        pass  # a user model need not have one
    users = model._default_manager.filter(query).values_list("pk", flat=True)[:_MAX_USERS]  # noqa: SLF001
    found = ",".join(str(pk) for pk in users)
    return ("user__in", found) if found else None
