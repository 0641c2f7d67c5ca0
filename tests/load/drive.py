"""``python -m tests.load.drive FLOWS THREADS``: interleaved flows through one process.

First every flow is begun, then every phone opens its link, then every callback arrives,
each time in another order and by ``THREADS`` threads at once. Prints JSON.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tests.race.contender import Sent, send

from .meters import Meters
from .phones import Phones


@dataclass
class Flow:
    """One flow; ``answer`` is the callback's."""

    number: str
    auth_url: str = ""
    callback: str = ""
    answer: dict[str, Any] | None = None


def number(index: int) -> str:
    """A number for each flow; odd ones are not verified. None of them plays a fault."""
    return f"+990500{index // 2:05d}{index % 2}0{2 + index % 2}"


def run(application: Any, flows: list[Flow], threads: int, meters: Meters, phones: Phones) -> None:
    order = random.Random(7)

    def begin(flow: Flow) -> None:
        body = json.dumps({"phone": flow.number})
        flow.auth_url = _json(application, Sent("POST", "/login", body))["auth_url"]

    def ring(flow: Flow) -> None:
        flow.callback = phones.open(flow.auth_url)

    def call_back(flow: Flow) -> None:
        flow.answer = _json(application, Sent("GET", flow.callback))

    with ThreadPoolExecutor(threads) as pool:
        for step in (begin, ring, call_back):
            _all(pool.map(_metered(step, meters), order.sample(flows, len(flows))))


def _metered(step: Callable[[Flow], None], meters: Meters) -> Callable[[Flow], None]:
    def metered(flow: Flow) -> None:
        from django.db import connection

        connection.ensure_connection()
        with connection.execute_wrapper(meters.statement):
            step(flow)

    return metered


def _all(results: Iterable[None]) -> None:
    for _ in results:
        pass  # raises what a flow raised


def _json(application: Any, sent: Sent) -> dict[str, Any]:
    status, _, content = send(application, sent)
    assert status == 200, content
    answer: dict[str, Any] = json.loads(content)
    return answer


def main(count: int, threads: int) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.load.settings"
    meters = Meters()
    with meters.attached():
        import django
        from django.core.management import call_command
        from django.core.wsgi import get_wsgi_application

        django.setup()
        from numverify.conf import conf
        from numverify.models import VerificationAttempt

        call_command("migrate", verbosity=0)
        VerificationAttempt.objects.all().delete()
        flows = [Flow(number(index)) for index in range(count)]
        phones = Phones(conf.vonage_redirect_uri)
        run(get_wsgi_application(), flows, threads, meters, phones)
        attempts = VerificationAttempt.objects
        report = {
            "answers": {flow.number: flow.answer for flow in flows},
            "rows": dict(Counter(attempts.values_list("status", flat=True))),
            "phones": phones.connections,
            **meters.counts,
        }
    print(json.dumps(report))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
