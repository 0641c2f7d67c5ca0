"""The demo's two people: ``staff`` reads the records, ``alice`` steps up."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User

from . import state
from .settings import DEMO_DIR

STAFF, ALICE = "staff", "alice"
_PASSWORD_BYTES = 12  # 96 bits, and short enough to type
#: Alice's confirmed number: of the Virtual Operator and of Vonage's Playground.
ALICE_NUMBER = "+99012345678"


def password(name: str) -> str:
    """The random password of ``name``, made once for this folder."""
    return state.secret(DEMO_DIR / f"{name}.password", _PASSWORD_BYTES)


def ensure() -> None:
    """Create who is missing, and give both the passwords of this folder. Idempotent."""
    _ensure(STAFF, is_staff=True, is_superuser=True)
    _ensure(ALICE, is_staff=False, is_superuser=False)


def _ensure(name: str, **values: bool) -> None:
    user, _created = User.objects.update_or_create(username=name, defaults=values)
    if not user.check_password(password(name)):
        user.set_password(password(name))
        user.save(update_fields=["password"])


def enrolled_number(user: Any) -> str | None:
    """``NUMVERIFY["ENROLLED_NUMBER"]``: a site of yours looks into its own table."""
    return ALICE_NUMBER if user.get_username() == ALICE else None
