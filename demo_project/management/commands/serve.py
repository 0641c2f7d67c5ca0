"""``manage.py serve``: the demo site, set up and served."""

from __future__ import annotations

import errno
import signal
import threading
from typing import Any, NoReturn

from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

from demo_project import people
from demo_project.settings import HAS_CREDENTIALS, NUMVERIFY, PORT, redirect_uri
from numverify.virtual_operator import rules

# Both, since "localhost" is the one for some clients and the other for others.
_ADDRESSES = (("127.0.0.1", False), ("::1", True))


class Command(BaseCommand):
    help = "Serves the demo site on localhost; Ctrl-C ends it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--port",
            type=int,
            default=PORT,
            help="Port to listen on (default: the environment's PORT, or 3000).",
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        port: int = options["port"]
        # Before anything else: a busy port needs no setting up.
        servers = self._listen(port)
        NUMVERIFY["VONAGE_REDIRECT_URI"] = redirect_uri(port)
        call_command("demo_setup", verbosity=0)
        self._greet(port)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        _serve(servers)
        self.stdout.write("Stopped.")

    def _listen(self, port: int) -> list[ThreadedWSGIServer]:
        try:
            servers = [_bind(*_ADDRESSES[0], port)]
        except (OSError, OverflowError) as error:
            self._refuse(port, error)
        try:
            servers.append(_bind(*_ADDRESSES[1], port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                servers[0].server_close()
                self._refuse(port, error)
            # Else the machine has no IPv6, and IPv4 will do.
        return servers

    def _refuse(self, port: int, error: Exception) -> NoReturn:
        busy = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        why = "is busy" if busy else "cannot be used"
        other = 3001 if port != 3001 else 3002  # noqa: PLR2004
        self.stderr.write(f"Port {port} {why}. Choose another one: make serve PORT={other}")
        raise SystemExit(1)

    def _greet(self, port: int) -> None:
        site = f"http://localhost:{port}"
        for line in (*_network(), "", *_addresses(site), "", *_program(site), ""):
            self.stdout.write(line)
        self.stdout.write("Ctrl-C ends it.")
        self.stdout.flush()


def _network() -> list[str]:
    if HAS_CREDENTIALS:
        environment = NUMVERIFY["ENVIRONMENT"]
        return [f"numverify demo, with your Vonage application ({environment})."]
    numbers = [
        f"  {number:<14} {scenario.plays}"
        for _how, number, scenario in rules.PLAIN
        if number.startswith(rules.PREFIX)
    ]
    return [
        "numverify demo. No credentials are set, so the Virtual Operator plays the network:",
        *numbers,
    ]


def _addresses(site: str) -> list[str]:
    return [
        f"Open      {site}/",
        f"Records   {site}/admin/   user {people.STAFF}, password {people.password(people.STAFF)}",
        f"Step-up   {site}/vault    user {people.ALICE}, password {people.password(people.ALICE)}",
    ]


def _program(site: str) -> list[str]:
    body = """'{"phone": "+99012345678"}'"""
    return [
        "Or play the phone in a second terminal; the first answer's url goes into the second line:",
        f"  curl -s {site}/login -H 'Content-Type: application/json' -d {body}",
        "  curl -sL '<url>'",
        f"  python manage.py verify_number +99012345678 --backend {site}",
    ]


def _bind(host: str, ipv6: bool, port: int) -> ThreadedWSGIServer:
    server = ThreadedWSGIServer((host, port), WSGIRequestHandler, ipv6=ipv6)
    server.set_app(StaticFilesHandler(WSGIHandler()))
    return server


def _serve(servers: list[ThreadedWSGIServer]) -> None:
    threads = [
        threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
        for server in servers
    ]
    for thread in threads:
        thread.start()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        for server in servers:
            server.shutdown()
            server.server_close()
