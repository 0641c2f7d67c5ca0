"""Django REST framework: tokens that start attempts, and views that ask for a receipt.

Needs the extra ``drf``. Nothing to put into ``INSTALLED_APPS``.
"""

from __future__ import annotations

from .permissions import HasRecentVerification
from .users import json_user

__all__ = ["HasRecentVerification", "json_user"]
