"""``manage.py verify_number PHONE``: play the phone, and say what came out."""

from __future__ import annotations

import math
import sys
from argparse import ArgumentTypeError
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError, CommandParser

from numverify import phone as phones
from numverify.exceptions import ConfigurationError, InvalidPhoneNumber
from numverify.handset import CouldNotFindOut, Handset, Outcome, Result
from numverify.handset.wire import check_address
from numverify.management import real_phone
from numverify.management.report import Report
from numverify.sandbox import SandboxError, launch

_DEFAULT_SECONDS = 30.0
_SHOWS_STEPS = 2
_INTERRUPTED = 130


class Command(BaseCommand):
    """Exit codes: 0 verified, 1 not verified, 2 could not find out, 64 bad usage."""

    help = (
        "Verify that a phone number is the SIM's. A +990 number is verified against a "
        "throw-away site with a Virtual Operator, offline; with --backend, against any "
        "backend of the tutorial's shape; a real number with this site's credentials. "
        "-v 2 prints each step. "
        "Exits with 0: verified, 1: not verified, 2: could not find out, 64: bad usage."
    )
    missing_args_message = "Give a phone number, like +99012345678."
    # A failed check would end with 1, which here says "not verified".
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        # Lets faults of usage arrive as CommandError: argparse exits with 2, which here
        # says "could not find out".
        parser.called_from_command_line = False
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("phone", metavar="PHONE", help="E.164: +, country code, number.")
        parser.add_argument("--backend", metavar="URL", type=_base_url, help="Where /login is.")
        parser.add_argument("--json", action="store_true", help="Print one JSON document.")
        parser.add_argument(
            "--timeout",
            metavar="S",
            type=_seconds,
            default=_DEFAULT_SECONDS,
            help=f"Seconds that backend and network have ({_DEFAULT_SECONDS:.0f}).",
        )

    def run_from_argv(self, argv: list[str]) -> None:
        try:
            super().run_from_argv(argv)
        except CommandError as error:  # the parser's
            report = Report(self.stdout, self.stderr, as_json="--json" in argv)
            sys.exit(report.refuse("usage", str(error).removeprefix("Error: ")))
        except KeyboardInterrupt:
            sys.exit(_INTERRUPTED)

    def handle(self, **options: Any) -> None:
        report = Report(
            self.stdout,
            self.stderr,
            as_json=options["json"],
            show_steps=options["verbosity"] >= _SHOWS_STEPS,
        )
        code = self._run(options, report)
        if code:
            sys.exit(code)

    def _run(self, options: dict[str, Any], report: Report) -> int:
        try:
            number = phones.normalise(options["phone"])
            report.phone = phones.mask(number)
            return report.finish(_verify(number, options, report))
        except InvalidPhoneNumber as error:
            return report.refuse(error.code, str(error))
        except ConfigurationError as error:
            return report.refuse("configuration", str(error))
        except SandboxError as error:
            return report.finish(Outcome(Result.UNKNOWN, "sandbox", str(error)))
        except Exception as error:
            # A traceback would end with 1, which here says "not verified".
            if options["traceback"]:
                raise
            detail = f"{type(error).__name__} (--traceback shows more)."
            return report.finish(Outcome(Result.UNKNOWN, "internal_error", detail))


def _verify(number: str, options: dict[str, Any], report: Report) -> Outcome:
    if options["backend"]:
        report.begin(options["backend"], "")
        return _play(number, options["backend"], options["timeout"], report)
    if number.startswith(phones.VIRTUAL_PREFIX):
        with launch() as sandbox:
            report.begin(sandbox.backend, " (a throw-away site, and a Virtual Operator)")
            return _play(number, sandbox.backend, options["timeout"], report)
    return real_phone.verify(number, real_phone.Console(sys.stderr, _read_line))


def _play(number: str, backend: str, seconds: float, report: Report) -> Outcome:
    return Handset(backend, seconds=seconds, on_step=report.step).verify(number)


def _read_line() -> str | None:
    line = sys.stdin.readline()
    return line.strip() if line else None


def _base_url(text: str) -> str:
    try:
        check_address(text)
    except CouldNotFindOut:
        raise ArgumentTypeError("give an http or https URL.") from None
    parts = urlsplit(text)
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ArgumentTypeError("give a URL without query, fragment and password.")
    return text


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise ArgumentTypeError("give a positive number of seconds.")
    return seconds
