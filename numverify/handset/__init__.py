"""The phone's side of a verification, as ``manage.py verify_number`` plays it.

Knows HTTP and the JSON of the contract, nothing of the site's database: it works with
any backend of the tutorial's shape.
"""

from __future__ import annotations

from .display import Step
from .handset import Handset, Outcome, Result
from .wire import CouldNotFindOut

__all__ = ["CouldNotFindOut", "Handset", "Outcome", "Result", "Step"]
