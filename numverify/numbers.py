"""Reading a user's confirmed numbers; :mod:`numverify.enrolment` changes them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import router
from django.db.models import QuerySet
from django.utils import timezone

from .conf import conf
from .enrolled import EnrolledNumber


def of(user: Any) -> QuerySet[EnrolledNumber]:
    """The numbers that the user confirmed here, in this environment."""
    # The writing database: a replica may still have a number that was just removed.
    rows = EnrolledNumber.objects.using(router.db_for_write(EnrolledNumber))
    return rows.filter(user_id=user.pk, environment=conf.environment)


def primary(user: Any) -> str | None:
    """The one that counts, in E.164, whether or not it must be proven again."""
    return of(user).filter(primary=True).values_list("phone", flat=True).first()


def must_reprove(user: Any) -> bool:
    """Was the user's number last proven so long ago that it may be somebody else's now?

    Operators give numbers to new people within months. What a site's own
    ``ENROLLED_NUMBER`` gives is the site's to keep fresh.
    """
    if conf.enrolled_number is not None:
        return False
    proven = of(user).filter(primary=True).values_list("last_proven_at", flat=True).first()
    return proven is not None and is_stale(proven)


def is_stale(proven: datetime) -> bool:
    days = conf.reprove_days
    return bool(days) and timezone.now() - proven > timedelta(days=days)
