"""The audit record for staff."""

from __future__ import annotations

from .attempts import VerificationAttemptAdmin

__all__ = ["VerificationAttemptAdmin"]
