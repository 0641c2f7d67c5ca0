"""The attempt: one try to verify one phone number, from start to end; the audit record."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings  # AUTH_USER_MODEL alone
from django.db import models
from django.utils.translation import gettext_lazy as _

from . import tokens
from .enrolled import EnrolledNumber  # noqa: F401 - where Django looks for models
from .querysets import AttemptQuerySet

_REFERENCE_BITS = 40


class Status(models.TextChoices):
    PENDING = "pending", _("waiting for the phone")
    CLAIMED = "claimed", _("asking the network")
    AWAITING_COMPLETION = "awaiting_completion", _("waiting for the code")
    VERIFIED = "verified", _("verified")
    NOT_VERIFIED = "not_verified", _("not verified")
    FAILED = "failed", _("could not find out")
    EXPIRED = "expired", _("expired")


TERMINAL = frozenset({Status.VERIFIED, Status.NOT_VERIFIED, Status.FAILED, Status.EXPIRED})


class Binding(models.TextChoices):
    SESSION = "session", _("the browser that began it")
    COMPLETION = "completion", _("both halves: initiator and code")


class Purpose(models.TextChoices):
    CHECK = "check", _("check")
    STEP_UP = "step_up", _("step-up")
    LOGIN = "login", _("log-in")
    ENROL = "enrol", _("enrolment")
    SIGN_UP = "sign_up", _("sign-up")
    PASSWORDLESS = "passwordless", _("passwordless log-in")


class Channel(models.TextChoices):
    WEB = "web", _("web page")
    API = "api", _("JSON")
    COMMAND = "command", _("command line")


class EnvironmentName(models.TextChoices):
    VIRTUAL = "virtual", _("virtual")
    PLAYGROUND = "playground", _("playground")
    PRODUCTION = "production", _("production")


class VerificationAttempt(models.Model):
    """See the module. Written by :mod:`numverify.flow` alone, by conditional updates
    (save that :mod:`numverify.binds` marks a bound proof as used).

    Secrets are never here in the clear: the state and the attempt secret as SHA-256,
    the browser nonces and the completion code as HMAC. ``phone`` is the one column
    with the full number; its mask and its HMAC outlive it.
    """

    id = models.BigAutoField(primary_key=True)
    public_id = models.UUIDField(_("id"), unique=True, default=uuid.uuid4, editable=False)
    reference = models.CharField(
        _("reference"),
        max_length=8,
        db_index=True,
        editable=False,
        help_text=_("The first 40 bits of the id in Crockford's base 32, for people to quote."),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="verification_attempts",
    )
    purpose = models.CharField(_("purpose"), max_length=16, choices=Purpose)
    provider = models.CharField(_("provider"), max_length=40)
    environment = models.CharField(_("environment"), max_length=12, choices=EnvironmentName)
    binding = models.CharField(_("binding"), max_length=12, choices=Binding)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel)

    phone = models.CharField(_("phone number"), max_length=16, blank=True)
    phone_mask = models.CharField(_("phone number"), max_length=20)
    phone_hmac = models.CharField(max_length=64, db_index=True)
    phone_hmac_key = models.CharField(max_length=32)
    country_code = models.CharField(_("country code"), max_length=3)

    state_hash = models.CharField(max_length=64, unique=True)
    browser_nonce_hmac = models.CharField(max_length=64, blank=True)
    attempt_secret_hash = models.CharField(max_length=64, blank=True)
    handover_hash = models.CharField(max_length=64, blank=True)
    handset_nonce_hmac = models.CharField(max_length=64, blank=True)
    completion_code_hmac = models.CharField(max_length=64, blank=True)
    completion_failures = models.PositiveSmallIntegerField(default=0)

    status = models.CharField(_("status"), max_length=20, choices=Status, default=Status.PENDING)
    reason = models.CharField(_("reason"), max_length=32, blank=True)
    detail = models.CharField(_("detail"), max_length=200, blank=True)
    result = models.BooleanField(_("result"), null=True)
    next = models.CharField(max_length=2000, blank=True)
    # What a step-up confirms (payee, amount): it then serves that transaction alone.
    bind_digest = models.CharField(max_length=64, blank=True)
    bind_used_at = models.DateTimeField(_("transaction confirmed"), null=True, blank=True)

    consent_version = models.CharField(max_length=64, blank=True)
    consented_at = models.DateTimeField(null=True, blank=True)

    client_ip = models.GenericIPAddressField(_("IP address"), null=True, blank=True)
    user_agent = models.CharField(_("user agent"), max_length=200, blank=True)
    correlator = models.CharField(_("correlator"), max_length=55)

    created_at = models.DateTimeField(_("started"), db_index=True)
    expires_at = models.DateTimeField(_("expires"))
    claimed_at = models.DateTimeField(_("called back"), null=True, blank=True)
    answered_at = models.DateTimeField(_("network answered"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    token_expires_at = models.DateTimeField(_("token expires"), null=True, blank=True)
    # When the present status is overdue; null once it is terminal. The sweep's index.
    deadline = models.DateTimeField(null=True, blank=True, db_index=True)
    start_ms = models.PositiveIntegerField(_("start call (ms)"), null=True, blank=True)
    token_ms = models.PositiveIntegerField(_("token call (ms)"), null=True, blank=True)
    verify_ms = models.PositiveIntegerField(_("verify call (ms)"), null=True, blank=True)

    objects = AttemptQuerySet.as_manager()

    class Meta:
        verbose_name = _("verification attempt")
        verbose_name_plural = _("verification attempts")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.reference_display

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # In `__dict__`: where the field is deferred, asking for it would be a query.
        if self.__dict__.get("reference") == "":
            bits = self.public_id.int >> (128 - _REFERENCE_BITS)
            self.reference = tokens.crockford(bits, _REFERENCE_BITS // 5)

    @property
    def reference_display(self) -> str:
        """``K7QP-3M9D``: what pages show and people quote."""
        return tokens.grouped(self.reference)

    @property
    def is_terminal(self) -> bool:
        return self.status in TERMINAL
