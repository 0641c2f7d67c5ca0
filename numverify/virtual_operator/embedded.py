"""A Virtual Operator inside this process: the site's own, started at first use."""

from __future__ import annotations

import os
import threading
import uuid

from .keys import new_private_key
from .server import RunningServer, VirtualOperator

_Key = tuple[str, str, str]


class _Process:
    """What this process runs. A child of a fork starts over: it has no threads."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.running: dict[_Key, RunningServer] = {}
        self.latest: VirtualOperator | None = None
        self.credentials: tuple[str, str] | None = None


_process = _Process()


def _start_over() -> None:
    global _process
    inherited, _process = _process, _Process()
    # Made before the fork, so that parent and children agree on who they are.
    _process.credentials = inherited.credentials
    for server in inherited.running.values():
        server.abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_over)


def ensure_running(*, application_id: str, public_key_pem: str, redirect_uri: str) -> str:
    """The base URL of this process's operator for these credentials, on loopback.

    It is started at the first call and lives as long as the process. Codes are known
    only to the process that issued them: several worker processes need one operator
    that runs alone (``manage.py run_virtual_operator``).

    Raises:
        ValueError: the key or the redirect URI cannot be used.
    """
    process = _process
    key = (application_id, public_key_pem, redirect_uri)
    with process.lock:
        server = process.running.get(key)
        if server is None:
            operator = VirtualOperator(
                application_id=application_id,
                public_keys=[public_key_pem],
                redirect_uri=redirect_uri,
            )
            server = process.running[key] = RunningServer(operator, host="127.0.0.1", port=0)
        process.latest = server.operator
        return server.base_url


def operator() -> VirtualOperator | None:
    """The operator that :func:`ensure_running` returned last in this process, or None."""
    return _process.latest


def throwaway_credentials() -> tuple[str, str]:
    """``(application id, private key PEM)``, made at the first call in this process."""
    process = _process
    with process.lock:
        if process.credentials is None:
            process.credentials = (str(uuid.uuid4()), new_private_key())
        return process.credentials
