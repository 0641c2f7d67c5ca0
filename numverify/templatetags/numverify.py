"""``{% load numverify %}{% if request|number_verified:600 %}``."""

from __future__ import annotations

from typing import Any

from django import template

from .. import stepup
from ..conf import conf

register = template.Library()


@register.filter
def number_verified(request: Any, max_age: float | None = None) -> bool:
    """Has this session verified its user's number within ``max_age`` seconds?

    The default is ``STEP_UP_MAX_AGE``. For what a page shows, never instead of the gate
    of the view that acts. False where there is no request or session, as on error pages.
    """
    if not (hasattr(request, "session") and hasattr(request, "user")):
        return False
    age = conf.step_up_max_age if max_age is None else float(max_age)
    return stepup.is_elevated(request, max_age=age)
