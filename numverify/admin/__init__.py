"""The audit record for staff."""

from __future__ import annotations

from .attempts import VerificationAttemptAdmin
from .numbers import EnrolledNumberAdmin

__all__ = ["EnrolledNumberAdmin", "VerificationAttemptAdmin"]
