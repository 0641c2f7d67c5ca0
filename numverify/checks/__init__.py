"""System checks, one for each concern; importing this package registers them.

All ids, with what to do: ``docs/checks.md``.
"""

from __future__ import annotations

from . import addresses, configuration, credentials, site

__all__ = ["addresses", "configuration", "credentials", "site"]
