"""The model of a user's confirmed numbers."""

from __future__ import annotations

import uuid

from django.conf import settings  # AUTH_USER_MODEL alone
from django.db import models
from django.utils.translation import gettext_lazy as _


class EnrolledNumber(models.Model):
    """A confirmed number of a user. Written by :mod:`numverify.enrolment` alone.

    It counts in the environment that confirmed it, so that what a rehearsal proved opens
    nothing on the live site. Several users may have the same number.
    """

    id = models.BigAutoField(primary_key=True)
    public_id = models.UUIDField(_("id"), unique=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="enrolled_numbers",
    )
    environment = models.CharField(_("environment"), max_length=12)
    phone = models.CharField(_("phone number"), max_length=16)
    phone_mask = models.CharField(_("phone number"), max_length=20)
    phone_hmac = models.CharField(max_length=64, db_index=True)
    phone_hmac_key = models.CharField(max_length=32)
    # True or null, never false: a unique constraint over the column then allows one primary
    # for each user on every database. MariaDB has no conditional constraints, and nulls
    # are never equal to each other.
    primary = models.BooleanField(_("primary"), null=True, editable=False)
    attempt_id = models.UUIDField(_("confirmed by"), editable=False)
    confirmed_at = models.DateTimeField(_("confirmed"))
    last_proven_at = models.DateTimeField(_("last proven"))

    class Meta:
        verbose_name = _("confirmed number")
        verbose_name_plural = _("confirmed numbers")
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(
                fields=("user", "environment", "primary"), name="numverify_one_primary"
            ),
            models.UniqueConstraint(
                fields=("user", "environment", "phone"), name="numverify_number_once"
            ),
            models.CheckConstraint(
                condition=models.Q(primary=True) | models.Q(primary__isnull=True),
                name="numverify_primary_or_null",
            ),
        )

    def __str__(self) -> str:
        return self.phone_mask

    @property
    def is_primary(self) -> bool:
        return self.primary is True
