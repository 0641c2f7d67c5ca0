"""``manage.py run_virtual_operator``: the Virtual Operator alone, for any backend."""

from __future__ import annotations

import errno
import ipaddress
import os
import threading
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from numverify.conf import conf
from numverify.virtual_operator import keys, pages
from numverify.virtual_operator.server import RunningServer, VirtualOperator, serve

KEY_NAME = "virtual-operator.key"
_DEFAULT_REDIRECT_URI = "http://localhost:3000/callback"


@dataclass(frozen=True, slots=True)
class _Registration:
    """The application that the operator knows; ``advice`` says where its key is."""

    application_id: str
    public_keys: list[str]
    redirect_uri: str
    key_path: str
    advice: str


class Command(BaseCommand):
    help = "Serves the Virtual Operator (+990 numbers) alone, on loopback by default."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=4000, help="default: 4000; 0: a free one")
        parser.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1")
        parser.add_argument("--redirect-uri", default="", help="the backend's callback URL")
        parser.add_argument(
            "--public-key",
            action="append",
            default=[],
            metavar="PATH",
            help="PEM of the application's public key; twice during a rotation",
        )
        parser.add_argument("--application-id", default="", metavar="ID")
        parser.add_argument("--key-dir", default=".demo", help="where a made key goes (.demo)")

    def handle(self, *_args: Any, **options: Any) -> None:
        registration = _registration(options)
        try:
            operator = VirtualOperator(
                application_id=registration.application_id,
                public_keys=registration.public_keys,
                redirect_uri=registration.redirect_uri,
            )
        except ValueError as error:
            raise CommandError(str(error)) from None
        try:
            with serve(operator, host=options["host"], port=options["port"]) as running:
                self._introduce(running, registration, options["host"])
                self.wait()
        except KeyboardInterrupt:
            self.stdout.write("\nStopped.")
        except (OSError, OverflowError) as error:
            raise CommandError(_why(error, options["host"], options["port"])) from None

    def wait(self) -> None:
        """Until Ctrl-C."""
        threading.Event().wait()

    def _introduce(self, running: RunningServer, registered: _Registration, host: str) -> None:
        if not _is_loopback(host):
            self.stderr.write(
                f"Warning: {host} can be reached from other machines, by plain HTTP. "
                "Anybody there can read what is sent. Use it with +990 numbers only."
            )
        self.stdout.write(pages.text())
        self.stdout.write(f"\nVirtual Operator at {running.base_url} (Ctrl-C stops it)")
        self.stdout.write(registered.advice)
        self.stdout.write("\nFor the backend that uses it:\n")
        for name, value in _environment(running, registered).items():
            self.stdout.write(f"  {name}={value}")
        # Whoever waits for the first line through a pipe gets it now.
        self.stdout.flush()


def _environment(running: RunningServer, registered: _Registration) -> dict[str, str]:
    variables = {
        "VONAGE_API_BASE_URL": running.base_url,
        "VONAGE_APPLICATION_ID": registered.application_id,
        "VONAGE_PRIVATE_KEY_PATH": registered.key_path,
        "VONAGE_REDIRECT_URI": registered.redirect_uri,
    }
    return {name: value for name, value in variables.items() if value}


def _registration(options: dict[str, Any]) -> _Registration:
    """Whose key: one that was named, else the site's, else one that we make."""
    if options["public_key"]:
        public_keys = [_read(Path(path)) for path in options["public_key"]]
        key_path, advice = "", "Signs: the holder of the public key's private half."
    elif conf.vonage_private_key or conf.vonage_private_key_path:
        public_keys = [_public(_site_key())]
        key_path, advice = conf.vonage_private_key_path, "Signs: this site's configured key."
    else:
        path = Path(options["key_dir"]) / KEY_NAME
        public_keys = [_public(_made_key(path))]
        key_path, advice = str(path.resolve()), f"Private key (mode 0600): {path.resolve()}"
    return _Registration(
        application_id=options["application_id"] or _application_id(public_keys[0]),
        public_keys=public_keys,
        redirect_uri=(options["redirect_uri"] or conf.vonage_redirect_uri or _DEFAULT_REDIRECT_URI),
        key_path=key_path,
        advice=advice,
    )


def _application_id(public_key: str) -> str:
    try:
        return conf.vonage_application_id or keys.application_id_for(public_key)
    except ValueError as error:
        raise CommandError(str(error)) from None


def _site_key() -> str:
    key = conf.vonage_private_key
    if key:
        return key() if callable(key) else key
    return _read(Path(conf.vonage_private_key_path))


def _public(private_key: str) -> str:
    try:
        return keys.public_pem(private_key)
    except ValueError as error:
        raise CommandError(str(error)) from None


def _made_key(path: Path) -> str:
    """The key at ``path``, made once, for its owner's eyes from the first byte on."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(path)
    except OSError as error:
        raise CommandError(f"Cannot write {path}: {error.strerror}.") from None
    key = keys.new_private_key()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key)
    return key


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise CommandError(f"Cannot read {path}: {error.strerror}.") from None
    except UnicodeError:
        raise CommandError(f"Cannot read {path}: not PEM text.") from None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _why(error: Exception, host: str, port: int) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use; choose another with --port."
    reason = error.strerror if isinstance(error, OSError) else "no such port"
    return f"Cannot listen on port {port} of {host}: {reason}."
