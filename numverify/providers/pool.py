"""The one pooled HTTPAdapter of a process: kept connections, held to the deadline."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from time import monotonic
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from ..exceptions import ConfigurationError
from . import deadline
from .process import PerProcess
from .route import Route

# Load balancers drop idle connections without a word, most after a minute. A request
# on a dropped one is lost after sending: for a single-use code, for good.
IDLE_SECONDS = 15.0


class _Held:
    """Connections of urllib3 whose sockets obey the deadline, and that know their age."""

    _used_at = 0.0

    def _new_conn(self: Any) -> socket.socket:
        deadline.mark_sent(False)  # whatever fails until request(): nothing was sent
        try:
            return deadline.connect(
                self._dns_host, self.port, self.timeout, self.socket_options or ()
            )
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "The connection timed out.") from error
        except OSError as error:
            raise NewConnectionError(self, "The connection failed.") from error

    def request(self: Any, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:
            self.connect()
        deadline.mark_sent(True)
        self._used_at = monotonic()
        super().request(*args, **kwargs)  # type: ignore[misc]

    @property
    def is_connected(self) -> bool:
        """urllib3 asks before it uses a kept connection again."""
        fresh = monotonic() - self._used_at < IDLE_SECONDS
        return fresh and super().is_connected  # type: ignore[misc]


class _Connection(_Held, HTTPConnection):
    pass


class _TLSConnection(_Held, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


_POOL_CLASSES = {"http": _Pool, "https": _TLSPool}


class PooledAdapter(HTTPAdapter):
    """Kept connections with one TLS context for all; no retries, as by default.

    requests would read the certificate bundle for every connection.
    """

    def __init__(self, size: int, route: Route) -> None:
        self.tls = tls_context(route.ca_bundle)
        super().__init__(pool_connections=size, pool_maxsize=size)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOL_CLASSES

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, proxy_ssl_context=self.tls, **kwargs)
        manager.pool_classes_by_scheme = _POOL_CLASSES
        return manager

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"ssl_context": self.tls}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Nothing to do: the context verifies certificate and host name, always."""


def tls_context(ca_bundle: str) -> ssl.SSLContext:
    """A verifying context. Raises ConfigurationError for an unusable bundle."""
    is_directory = Path(ca_bundle).is_dir()
    try:
        context = ssl.create_default_context(
            cafile=None if is_directory else ca_bundle,
            capath=ca_bundle if is_directory else None,
        )
    except OSError as error:
        raise ConfigurationError("NUMVERIFY['CA_BUNDLE'] holds no usable certificates.") from error
    context.sslsocket_class = deadline.DeadlineSSLSocket
    context.hostname_checks_common_name = False
    return context


adapters: PerProcess[tuple[int, Route], PooledAdapter] = PerProcess()


def adapter_for(size: int, route: Route) -> PooledAdapter:
    """The adapter of this process for a route, shared by its threads."""
    return adapters.get((size, route), lambda: PooledAdapter(size, route))
