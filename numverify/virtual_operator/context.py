"""What the endpoints share."""

from __future__ import annotations

from dataclasses import dataclass

from .jwts import JwtCheck
from .ledger import Ledger

AUTH_PATH = "/oauth2/auth"
RECOGNISE_PATH = "/oauth2/auth/operator"
VERIFY_SCOPE = "dpv:FraudPreventionAndDetection#number-verification-verify-read"


@dataclass(frozen=True, slots=True, repr=False)
class Context:
    """One registered application, and what was handed out to it."""

    application_id: str
    redirect_uri: str
    token_minutes: int
    jwt_check: JwtCheck
    ledger: Ledger

    def __repr__(self) -> str:
        return "Context()"
