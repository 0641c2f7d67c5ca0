"""Sent after commit, by ``send_robust``: a receiver's fault never undoes an outcome.

Each carries ``attempt``; receivers must not log its ``phone``.
"""

from __future__ import annotations

from django.dispatch import Signal

#: The provider gave an auth_url.
verification_started = Signal()
#: The attempt ended ``verified``.
verification_succeeded = Signal()
#: The network said no: ``not_verified``.
verification_denied = Signal()
#: Nobody could find out: ``failed`` or ``expired``; ``attempt.reason`` says why.
verification_failed = Signal()
