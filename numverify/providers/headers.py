"""What two response headers say, and no more than they can be trusted with."""

from __future__ import annotations

import re
import time
from datetime import UTC
from email.utils import parsedate_to_datetime

MAX_RETRY_AFTER = 300


def retry_after(value: str | None) -> int | None:
    """Seconds from a ``Retry-After`` (RFC 9110, 10.2.3), at most 300; None if unusable."""
    text = (value or "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return min(int(text), MAX_RETRY_AFTER)
    at = http_date(text)
    if at is None or at < time.time():
        return None
    return min(round(at - time.time()), MAX_RETRY_AFTER)


def http_date(value: str | None) -> float | None:
    """The POSIX time of an HTTP date; None if it is not one."""
    try:
        at = parsedate_to_datetime(value or "")
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
