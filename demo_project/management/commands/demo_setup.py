"""``manage.py demo_setup``: tables and people, as often as you like."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from demo_project import people


class Command(BaseCommand):
    help = "Creates or updates the demo's tables and its two users."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        call_command("migrate", verbosity=0, interactive=False)
        people.ensure()
        if options["verbosity"] > 0:
            self.stdout.write(f"The demo is set up. Staff: {people.STAFF}, see .demo/ for keys.")
