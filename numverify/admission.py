"""Who may start an attempt, for which number: the guards before anything is sent.

Everything that starts attempts comes through :func:`start`: pages, JSON, the command.
"""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext as _

from . import flow, limits, numbers, phone, stepup, tokens
from .conf import conf
from .exceptions import (
    AuthenticationRequired,
    ConsentRequired,
    InvalidPhoneNumber,
    NotEnrolled,
    ReproveNeeded,
)
from .models import Channel, Purpose

_OF_USERS = frozenset({Purpose.STEP_UP, Purpose.ENROL})


def start(order: flow.Order, party: flow.Party, *, consent: bool = False) -> flow.Begun:
    """Admit an order whose ``phone`` is as somebody wrote it, and start the attempt.

    Raises:
        AuthenticationRequired, NotEnrolled, ReproveNeeded, ConsentRequired,
        InvalidPhoneNumber, LimitExceeded, Unavailable: nothing was sent upstream,
        nothing was stored.
        ConfigurationError: the site is set up wrongly.
    """
    # Whoever runs the site's commands needs no further permission.
    allowed = conf.allow_anonymous_start or order.channel == Channel.COMMAND
    if party.user is None and (not allowed or order.purpose in _OF_USERS):
        raise AuthenticationRequired
    enrolled = stepup.enrolled_number(party.user)
    number = _number(order, enrolled)
    if order.purpose == Purpose.STEP_UP and numbers.must_reprove(party.user):
        raise ReproveNeeded
    version = _consent_version(number, consent=consent)
    limits.count_start(
        number, user_id=party.user_id, ip=party.client_ip, enrolled=number == enrolled
    )
    return flow.start(replace(order, phone=number, consent_version=version), party)


def _number(order: flow.Order, enrolled: str | None) -> str:
    """The enrolled number where there is one: a number in a request is then ignored.

    Otherwise whoever stole a password would prove that he holds his own SIM (T4). An
    enrolment is for another number; :mod:`numverify.enrolment` says who may have one.
    """
    if order.purpose == Purpose.ENROL:
        return phone.parse(order.phone)
    if enrolled is None and order.purpose == Purpose.STEP_UP:
        raise NotEnrolled
    if enrolled is None and not order.phone:
        raise InvalidPhoneNumber(_("Enter a phone number."), code="required")
    return enrolled or phone.parse(order.phone)


def needs_consent(number: str) -> bool:
    countries = conf.consent_countries
    return "*" in countries or phone.country_code(number) in countries


def _consent_version(number: str, *, consent: bool) -> str:
    """No number leaves the site before its holder agreed, where the law wants that."""
    if not needs_consent(number):
        return ""
    if not (consent and conf.consent_text):
        raise ConsentRequired
    return tokens.digest(conf.consent_text)
