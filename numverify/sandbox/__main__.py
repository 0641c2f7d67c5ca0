"""The child's side: serve until standard input ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import django
from django.core.management import call_command
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application

from ..virtual_operator import embedded, keys, server

_POLL_SECONDS = 0.05


def main() -> None:
    # Ctrl-C reaches the whole process group; the parent decides when this ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with tempfile.TemporaryDirectory(prefix="numverify-sandbox-") as directory, _site() as site:
        backend = f"http://127.0.0.1:{site.server_port}"
        redirect_uri = f"{backend}/callback"
        application_id, private_key = embedded.throwaway_credentials()
        operator = server.VirtualOperator(
            application_id=application_id,
            public_keys=[keys.public_pem(private_key)],
            redirect_uri=redirect_uri,
        )
        with server.serve(operator) as served:
            os.environ.update(
                NUMVERIFY_SANDBOX_DATABASE=str(Path(directory) / "db.sqlite3"),
                NUMVERIFY_SANDBOX_APPLICATION_ID=application_id,
                NUMVERIFY_SANDBOX_PRIVATE_KEY=private_key,
                NUMVERIFY_SANDBOX_OPERATOR=served.base_url,
                NUMVERIFY_SANDBOX_REDIRECT_URI=redirect_uri,
            )
            _open(site)
            print(json.dumps({"backend": backend, "operator": served.base_url}), flush=True)
            sys.stdin.buffer.read()  # until the parent closes it, or is gone


@contextlib.contextmanager
def _site() -> Iterator[ThreadedWSGIServer]:
    """A listening socket, before anything else: its port is part of the settings."""
    with ThreadedWSGIServer(("127.0.0.1", 0), WSGIRequestHandler) as site:
        yield site
        site.shutdown()


def _open(site: ThreadedWSGIServer) -> None:
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0, skip_checks=True)
    site.set_app(get_wsgi_application())
    threading.Thread(target=site.serve_forever, args=(_POLL_SECONDS,), daemon=True).start()


if __name__ == "__main__":
    main()
