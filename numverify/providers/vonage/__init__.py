"""Vonage Number Verification: Network Enablement, code exchange, CAMARA verification.

The flow that Vonage calls its legacy architecture; operators and aggregators go on
serving it (CAMARA NumberVerification).
"""

from __future__ import annotations

from typing import Any

from django.views.decorators.debug import sensitive_variables

from ...conf import conf
from ...defaults import VONAGE_API
from ...exceptions import ConfigurationError, Reason
from ...virtual_operator import embedded
from ..base import Started, Verification
from ..caller import Caller, Journal
from ..deadline import Deadline
from ..route import check_base_url, is_loopback, split_url
from ..secret import Secret
from .client import START, Client
from .credentials import Credentials, credentials_from_settings
from .errors import authorization_error
from .signing import Signer, signer_for

__all__ = ["Credentials", "VonageNumberVerification", "check_settings"]


class VonageNumberVerification:
    """A :class:`~numverify.providers.base.Provider`.

    Args:
        base_url: of the service, checked; its host may serve auth_urls too.
        auth_hosts: further hosts that may. One with a leading dot allows the host after
            the dot and all its subdomains.
    """

    name = "vonage_number_verification"

    def __init__(self, client: Client, *, base_url: str, auth_hosts: tuple[str, ...]) -> None:
        self._client = client
        self._auth_hosts = auth_hosts
        self._base = base_url

    @classmethod
    def from_settings(cls, request: Any = None) -> VonageNumberVerification:
        """Built from ``NUMVERIFY``; ConfigurationError says what is missing or wrong."""
        credentials = credentials_from_settings(request)
        signer = signer_for(credentials)
        base_url = _base_url(credentials, signer)
        client = Client(
            Caller.from_settings(base_url),
            signer,
            redirect_uri=credentials.redirect_uri,
            verify_hashed=conf.verify_hashed,
            expires_in_unit=conf.token_expires_in_seconds,
        )
        return cls(client, base_url=base_url, auth_hosts=conf.vonage_auth_hosts)

    @sensitive_variables("phone", "state")
    def start(self, phone: str, state: str, *, correlator: str) -> Started:
        """Network Enablement for an E.164 number. Raises ProviderError."""
        journal = Journal(correlator)
        auth_url = self._client.enable(Secret(phone), Secret(state), journal).auth_url
        if not self._is_allowed(auth_url):
            raise journal.error(Reason.BAD_UPSTREAM, f"{START}: auth_url is not on an allowed host")
        return Started(auth_url.reveal(), journal.calls)

    @sensitive_variables("phone", "code")
    def finish(self, phone: str, code: str, *, correlator: str, seconds: float) -> Verification:
        """Exchange the code, then verify the number, both within ``seconds``.

        Raises ProviderError. Nothing is ever sent twice.
        """
        journal = Journal(correlator, Deadline(seconds))
        access = self._client.exchange(Secret(code), journal)
        verdict = self._client.verify(Secret(phone), access.token, journal)
        return Verification(verdict.verified, access.seconds, journal.calls)

    def refusal(self, error: str) -> Reason:
        """The reason for the ``error`` word of an authorization response."""
        return authorization_error(error)

    def _is_allowed(self, auth_url: Secret) -> bool:
        """Whether a phone may be sent there: https, and a host of ours to trust.

        A hostile answer could otherwise run ``javascript:`` or phish on any site.
        """
        url, base = split_url(auth_url.reveal()), split_url(self._base)
        if url is None or base is None or url.hostname is None:
            return False
        if is_loopback(base.hostname) and is_loopback(url.hostname):
            return True
        if url.scheme != "https":
            return False
        return url.hostname == base.hostname or _matches(url.hostname, self._auth_hosts)


def check_settings() -> None:
    """Everything that can be known without a call. Raises ConfigurationError.

    Signs and verifies with each key, and looks at base URL, proxy and certificates.
    """
    VonageNumberVerification.from_settings()
    signer_for(credentials_from_settings()).check()


def _base_url(credentials: Credentials, signer: Signer) -> str:
    if conf.vonage_api_base_url or not conf.is_virtual:
        base_url = conf.vonage_api_base_url or VONAGE_API
        check_base_url(base_url, allow_loopback=conf.is_virtual)
        return base_url
    try:
        return embedded.ensure_running(
            application_id=credentials.application_id,
            public_key_pem=signer.public_key_pem(),
            redirect_uri=credentials.redirect_uri,
        )
    except ValueError as error:
        raise ConfigurationError(
            "The Virtual Operator cannot use NUMVERIFY['VONAGE_REDIRECT_URI'] or the key."
        ) from error


def _matches(host: str, allowed: tuple[str, ...]) -> bool:
    return any(
        host == entry.removeprefix(".") or (entry.startswith(".") and host.endswith(entry))
        for entry in allowed
    )
