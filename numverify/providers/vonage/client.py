"""The tutorial's three calls, each typed: a frozen result, or ProviderError."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import urlencode

from ...exceptions import Reason
from ..caller import Caller, Journal
from ..secret import Secret
from ..transport import Answer, Message
from . import errors, results
from .signing import Signer

START, TOKEN, VERIFY = "start", "token", "verify"
_PATHS = {
    START: "/v0.1/network-enablement",
    TOKEN: "/oauth2/token",
    VERIFY: "/camara/number-verification/v031/verify",
}
_OK, _UNAUTHORIZED = 200, 401
Result = TypeVar("Result")
Fields = Mapping[str, Secret | str | list[str]]


class Client:
    """The service, for one application.

    Args:
        redirect_uri: as in the dashboard, character for character.
        verify_hashed: send the number's SHA-256 instead of the number.
        expires_in_unit: seconds in one unit of ``expires_in``.
    """

    def __init__(
        self,
        caller: Caller,
        signer: Signer,
        *,
        redirect_uri: str,
        verify_hashed: bool = False,
        expires_in_unit: int = 60,
    ) -> None:
        self._caller = caller
        self._signer = signer
        self._redirect_uri = redirect_uri
        self._verify_hashed = verify_hashed
        self._expires_in_unit = expires_in_unit

    def enable(self, phone: Secret, state: Secret, journal: Journal) -> results.Enabled:
        """Network Enablement. The one call that may be repeated: it spends nothing.

        After a 401 it is made once more, with a new JWT, by the next key if there are
        two (a rotation).
        """
        fields: Fields = {"phone_number": phone, "scopes": [results.SCOPE], "state": state}
        answer = self._enable(fields, journal)
        if answer.status == _UNAUTHORIZED:
            answer = self._enable(fields, journal)
        return _read(START, answer, results.enabled, errors.enablement_error, journal)

    def _enable(self, fields: Fields, journal: Journal) -> Answer:
        jwt = self._signer.bearer()
        message = self._message(START, jwt.token, "json", json.dumps(fields, default=_reveal))
        answer = self._caller.send(START, message, journal, repeatable=True)
        if answer.status == _UNAUTHORIZED:
            self._signer.drop_and_try_next_key(jwt)
        return answer

    def exchange(self, code: Secret, journal: Journal) -> results.AccessToken:
        """Spend the code, which is single-use: never repeated."""
        jwt = self._signer.bearer()
        fields: Fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
        }
        message = self._message(TOKEN, jwt.token, "x-www-form-urlencoded", _form(fields))
        answer = self._caller.send(TOKEN, message, journal)
        if answer.status == _UNAUTHORIZED:
            self._signer.drop(jwt)

        def read(body: bytes) -> results.AccessToken | Reason:
            return results.access_token(body, self._expires_in_unit)

        return _read(TOKEN, answer, read, errors.token_error, journal)

    def verify(self, phone: Secret, token: Secret, journal: Journal) -> results.Verdict:
        """Spend the access token, which is single-use: never repeated."""
        fields = {"phoneNumber": phone}
        if self._verify_hashed:
            fields = {"hashedPhoneNumber": _sha256(phone)}
        message = self._message(VERIFY, token, "json", json.dumps(fields, default=_reveal))
        answer = self._caller.send(VERIFY, message, journal)
        return _read(VERIFY, answer, results.verdict, errors.verify_error, journal)

    def _message(self, call: str, bearer: Secret, kind: str, body: str) -> Message:
        return Message(
            self._caller.base_url + _PATHS[call],
            {
                "Authorization": f"Bearer {bearer.reveal()}",
                "Content-Type": f"application/{kind}",
            },
            body.encode(),
        )


def _reveal(secret: Secret) -> str:
    return secret.reveal()


def _sha256(phone: Secret) -> Secret:
    return Secret(hashlib.sha256(phone.reveal().encode()).hexdigest())


def _form(fields: Fields) -> str:
    return urlencode(
        {
            name: value.reveal() if isinstance(value, Secret) else value
            for name, value in fields.items()
        }
    )


def _read(
    call: str,
    answer: Answer,
    read: Callable[[bytes], Result | Reason],
    refused: Callable[[Answer], Reason],
    journal: Journal,
) -> Result:
    """What the answer holds; ProviderError for a refusal or a body not as documented."""
    outcome = read(answer.body) if answer.status == _OK else refused(answer)
    if isinstance(outcome, Reason):
        raise journal.error(outcome, f"{call}: HTTP {answer.status}", answer.retry_after)
    return outcome
