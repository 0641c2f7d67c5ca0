"""``python -m tests.race.contest KIND STATES``: a contest in processes of its own.

Prints one JSON document. The environment says on which database (:mod:`.settings`),
where the exchanges are counted (``RACE_JOURNAL``), and whether a bug is planted.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from .contender import Sent, Tally, compete
from .provider import JOURNAL, Exchanges, state_of

PROCESSES, THREADS = 4, 5
CONTENDERS = PROCESSES * THREADS
Round = list[Sent]


@dataclass(frozen=True)
class Outcome:
    """What came of a contest.

    Args:
        statuses: how many answers had each HTTP status (JSON makes the keys text).
        booleans, codes: answers that held the network's boolean, a completion code.
        hasty: answers of 503 without ``Retry-After``.
        exchanges: codes exchanged, in all; ``spent``: different ones.
        in_transaction: exchanges made while a transaction was open.
        claimed: rows that were ever claimed.
        rows: rows by status; ``tries``: counted completion failures.
        faults: what was logged as an error, "database is locked" for one.
    """

    statuses: dict[str, int]
    booleans: int
    codes: int
    hasty: int
    exchanges: int
    spent: int
    in_transaction: int
    claimed: int
    rows: dict[str, int]
    tries: list[int]
    faults: list[str]


def callbacks(states: int) -> list[Round]:
    """Every contender brings back the same state."""
    return [[_callback(start()["state"])] for _ in range(states)]


def one_state(repeats: int) -> list[Round]:
    """All callbacks there are have one state."""
    return [[_callback(start()["state"])]] * repeats


def refusals(states: int) -> list[Round]:
    """Half of the contenders bring a code, half an error, for the same state."""
    begun = [start()["state"] for _ in range(states)]
    return [[_callback(state), _refusal(state)] for state in begun]


def completions(states: int) -> list[Round]:
    """Every contender holds both halves."""
    return [[_completion(*_answered())] for _ in range(states)]


def guesses(states: int) -> list[Round]:
    """Every contender holds the initiator's half and guesses the code."""
    return [[_completion(_answered()[0], "guess")] for _ in range(states)]


def payments(states: int) -> list[Round]:
    """Every contender sends the payment for which its session has a proof."""
    return [[Sent("POST", "/pay", "{}", cookie=f"sessionid={_proven(n)}")] for n in range(states)]


def locked(states: int) -> list[Round]:
    """As ``callbacks``, while somebody else holds the rows for as long as it lasts."""
    return callbacks(states)


@contextmanager
def held_rows() -> Iterator[None]:
    """A transaction that has written all rows, and does not end."""
    from django.db import transaction

    from numverify.models import VerificationAttempt

    with transaction.atomic():
        VerificationAttempt.objects.update(detail="held")
        yield
        transaction.set_rollback(True)


KINDS: dict[str, Callable[[int], list[Round]]] = {
    kind.__name__: kind
    for kind in (callbacks, one_state, refusals, completions, guesses, payments, locked)
}


def start() -> dict[str, str]:
    """Begin an attempt as a native app does; its JSON, and the state."""
    begun = _client().post("/login", {"phone": "+99012345678"}, content_type="application/json")
    assert begun.status_code == 200, begun.content
    return {**begun.json(), "state": state_of(begun.json()["auth_url"])}


def _answered() -> tuple[dict[str, str], str]:
    """An attempt that waits for its completion code, and the code."""
    begun = start()
    answer = _client().get(_callback(begun["state"]).path)
    return begun, answer.json()["completion_code"]


def _proven(number: int) -> str:
    """The key of a session that has proven its number for the payment."""
    from django.contrib.auth import get_user_model

    user, _ = get_user_model().objects.get_or_create(username=f"payer-{number}")
    client = _client()
    client.force_login(user)
    refused = client.post("/pay", {}, content_type="application/json")
    _, _, offer = refused.json()["start_url"].partition("bind=")
    order = {"purpose": "step_up", "bind": unquote(offer)}
    begun = client.post("/login", order, content_type="application/json")
    client.get(_callback(state_of(begun.json()["auth_url"])).path)
    key: str = client.cookies["sessionid"].value
    return key


def _callback(state: str) -> Sent:
    return Sent("GET", f"/callback?state={state}&code=code-of-{state}")


def _refusal(state: str) -> Sent:
    return Sent("GET", f"/callback?state={state}&error=access_denied")


def _completion(begun: dict[str, str], code: str) -> Sent:
    body = {"id": begun["id"], "attempt_secret": begun["attempt_secret"], "completion_code": code}
    return Sent("POST", "/complete", json.dumps(body))


def _client() -> Any:
    from django.test import Client

    return Client()


def run(rounds: list[Round]) -> Tally:
    """The contest, in processes that share nothing but the database."""
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(CONTENDERS), context.SimpleQueue()
    processes = [
        context.Process(target=compete, args=(rounds, barrier, results, first, THREADS))
        for first in range(0, CONTENDERS, THREADS)
    ]
    for process in processes:
        process.start()
    tally = Tally()
    for _ in processes:
        tally.merge(results.get())
    for process in processes:
        process.join()
    return tally


def outcome(tally: Tally) -> Outcome:
    from numverify.models import VerificationAttempt

    rows = VerificationAttempt.objects.all()
    exchanges = Exchanges.read(Path(os.environ[JOURNAL]))
    return Outcome(
        statuses={str(status): count for status, count in tally.statuses.items()},
        booleans=tally.booleans,
        codes=tally.codes,
        hasty=tally.hasty,
        exchanges=exchanges.made.total(),
        spent=len(exchanges.made),
        in_transaction=exchanges.in_transaction,
        claimed=rows.filter(claimed_at__isnull=False).count(),
        rows=dict(Counter(rows.values_list("status", flat=True))),
        tries=sorted(set(rows.values_list("completion_failures", flat=True))),
        faults=tally.faults,
    )


def main(kind: str, states: int) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.race.settings"
    import django
    from django.core.management import call_command
    from django.db import connections

    django.setup()
    from numverify.models import VerificationAttempt

    call_command("migrate", verbosity=0)
    VerificationAttempt.objects.all().delete()
    journal = Path(os.environ[JOURNAL])
    journal.write_text("")
    rounds = KINDS[kind](states)
    connections.close_all()
    if kind in {"completions", "guesses", "payments"}:
        journal.write_text("")  # the exchanges that prepared the contest are no part of it
    with held_rows() if kind == "locked" else nullcontext():
        tally = run(rounds)
    print(json.dumps(asdict(outcome(tally))))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
