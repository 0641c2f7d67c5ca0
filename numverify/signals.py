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
#: This request's session was given what its attempt is for: elevated by a step-up, or
#: logged in. Carries ``request`` too. Not sent for a proof that is bound to a
#: transaction (it serves that alone), and not for an enrolment (``number_enrolled`` is).
session_verified = Signal()
#: The network has answered, and ``request`` has its session and its user from the store
#: again: what middleware had put on the user is gone. Carries ``request`` alone.
session_renewed = Signal()

# Enrolment: each carries ``user``, ``number`` (an EnrolledNumber) and ``request``.
#: A user confirmed a number.
number_enrolled = Signal()
#: A number was removed; ``number`` is no row any more.
number_removed = Signal()
#: Another number of the user's counts now.
primary_changed = Signal()
