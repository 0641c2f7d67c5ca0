"""The steps of a flow, as tests take them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from numverify import flow
from numverify.models import Binding, Channel, Purpose, VerificationAttempt
from tests.fakes import Script

NUMBER = "+99012345678"
BROWSER = flow.Party(
    nonce="a browser's nonce",
    client_ip="192.0.2.1",
    user_agent="Mozilla/5.0",
    is_browser=True,
    is_document=True,
)
PHONE = replace(BROWSER, nonce="a phone's nonce")
PROGRAM = flow.Party(user_agent="curl/8")


def begin(
    binding: Binding = Binding.SESSION, party: flow.Party = BROWSER, **changes: Any
) -> flow.Begun:
    order = flow.Order(NUMBER, Purpose.CHECK, binding, Channel.WEB)
    return flow.start(replace(order, **changes), party)


def call_back(
    script: Script, party: flow.Party = BROWSER, code: str = "a-code", state: str = ""
) -> flow.Finished:
    response = flow.AuthorizationResponse(state=state or script.last_state, code=code)
    return flow.finish(response, party)


def refuse(
    script: Script, party: flow.Party = BROWSER, error: str = "access_denied", state: str = ""
) -> flow.Finished:
    response = flow.AuthorizationResponse(state=state or script.last_state, error=error)
    return flow.finish(response, party)


def stored(attempt: VerificationAttempt) -> VerificationAttempt:
    return VerificationAttempt.objects.get(pk=attempt.pk)


def sql_verbs(step: Callable[[], Any]) -> list[str]:
    """The first words of the statements that ``step`` makes."""
    with CaptureQueriesContext(connection) as queries:
        step()
    return [str(query["sql"]).split()[0] for query in queries]


def column_text(attempt: VerificationAttempt) -> str:
    """Everything that the database keeps of an attempt."""
    values = VerificationAttempt.objects.filter(pk=attempt.pk).values().get()
    return " ".join(map(str, values.values()))
