"""Enrolled numbers and elevated sessions without the walk, for tests of the views behind."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import auth
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone

from .. import numbers, outcomes, phone, stepup, tokens
from ..conf import conf
from ..enrolled import EnrolledNumber
from ..models import Binding, Channel, Purpose, Status, VerificationAttempt
from .walk import VERIFIED

_MAX_AGE = 60.0


def enrol(user: Any, number: str = VERIFIED) -> EnrolledNumber:
    """Make ``number`` the user's confirmed one, as a completed enrolment just now would.

    Raises:
        AssertionError: the site keeps numbers itself (``ENROLLED_NUMBER``): set it there.
    """
    if conf.enrolled_number is not None:
        raise AssertionError("NUMVERIFY['ENROLLED_NUMBER'] says where to set the user's number.")
    attempt, now = _verified(user, phone.parse(number), Purpose.ENROL), timezone.now()
    numbers.of(user).filter(primary=True).update(primary=None)
    enrolled, _created = numbers.of(user).update_or_create(
        phone=attempt.phone,
        defaults={"primary": True, "last_proven_at": now},
        create_defaults={
            "user": user,
            "environment": attempt.environment,
            "phone_mask": attempt.phone_mask,
            "phone_hmac": attempt.phone_hmac,
            "phone_hmac_key": attempt.phone_hmac_key,
            "primary": True,
            "attempt_id": attempt.public_id,
            "confirmed_at": now,
            "last_proven_at": now,
        },
    )
    return enrolled


def elevate(client: Client, user: Any, number: str = "") -> VerificationAttempt:
    """Log ``user`` in and elevate the session, as a verified step-up just now would.

    The site's own functions decide: what they refuse is refused here. A proof that is
    bound to a transaction has to be walked for: ``verify_number(client, after=response)``.

    Args:
        number: the user's enrolled number, which is the default. A user who has none
            gets it, where numverify keeps the numbers.

    Returns the attempt that stands for the step-up; nobody was asked anything.

    Raises:
        AssertionError: the user's enrolled number is another one, or there is none and
            the site keeps them, or the session could not be elevated.
    """
    attempt = _verified(user, _enrolled(user, number), Purpose.STEP_UP)
    if client.session.get(auth.SESSION_KEY) != str(user.pk):
        client.force_login(user)
    request = _request_of(client, user)
    outcomes.apply(request, attempt)
    if not stepup.is_elevated(request, max_age=_MAX_AGE):
        raise AssertionError("The session could not be elevated.")
    request.session.save()
    # Elevation gives the session another key.
    client.cookies[conf.session_cookie_name] = str(request.session.session_key)
    return attempt


def is_elevated(client: Client, user: Any, *, max_age: float = 300) -> bool:
    """Is the session of ``client`` elevated for ``user``, by the site's own predicate?"""
    return stepup.is_elevated(_request_of(client, user), max_age=max_age)


def _enrolled(user: Any, number: str) -> str:
    enrolled = stepup.enrolled_number(user) or enrol(user, number or VERIFIED).phone
    if number and phone.normalise(number) != enrolled:
        raise AssertionError(f"The user's enrolled number is {phone.mask(enrolled)}.")
    return enrolled


def _request_of(client: Client, user: Any) -> HttpRequest:
    """A request in the client's session, without a view."""
    request = HttpRequest()
    request.session = client.session
    request.user = user
    request.META.update(SERVER_NAME="testserver", SERVER_PORT="80", REMOTE_ADDR="127.0.0.1")
    return request


def _verified(user: Any, number: str, purpose: str) -> VerificationAttempt:
    now = timezone.now()
    key_id, number_hmac = phone.phone_hmac(number)
    return VerificationAttempt.objects.create(
        user=user,
        purpose=purpose,
        provider=conf.provider,
        environment=conf.environment,
        binding=Binding.SESSION,
        channel=Channel.WEB,
        phone=number,
        phone_mask=phone.mask(number),
        phone_hmac=number_hmac,
        phone_hmac_key=key_id,
        country_code=phone.country_code(number),
        state_hash=tokens.digest(tokens.new_state()),
        status=Status.VERIFIED,
        result=True,
        correlator=str(uuid.uuid4()),
        created_at=now,
        expires_at=now,
        claimed_at=now,
        answered_at=now,
        ended_at=now,
    )
