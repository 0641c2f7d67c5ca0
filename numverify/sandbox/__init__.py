"""A backend and a Virtual Operator in a process of their own, for one verification.

``python -m numverify.sandbox`` serves both over real HTTP on free loopback ports, with
a database in a temporary directory and a key pair made for the occasion. It prints one
line of JSON when it is ready, and ends when its standard input does: it cannot outlive
whoever started it, not even one that was killed.
"""

from __future__ import annotations

from .parent import Sandbox, SandboxError, launch

__all__ = ["Sandbox", "SandboxError", "launch"]
