"""``manage.py sweep_attempts``: end what nobody finished."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from ... import flow


class Command(BaseCommand):
    help = (
        "Ends overdue verification attempts, so that the audit shows them as expired or "
        "abandoned. Only tidies (every read tests the time itself): run it every few minutes."
    )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        ended = flow.sweep()
        self.stdout.write(f"{ended} overdue attempt{'' if ended == 1 else 's'} ended.")
