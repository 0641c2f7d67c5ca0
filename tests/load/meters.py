"""Counters around what must not happen too often. Put in place before the app is set up."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from cryptography.hazmat.primitives import serialization


class Meters:
    """What was counted, by name; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()

    def add(self, name: str, count: int = 1) -> None:
        with self._lock:
            self.counts[name] += count

    def statement(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        """For ``connection.execute_wrapper``: the statements of this thread's connection."""
        self.add("statements")
        return execute(sql, params, many, context)

    @contextmanager
    def attached(self) -> Iterator[Meters]:
        """Count key parses, signatures, upstream requests, and open transactions at them."""
        import jwt
        from requests.adapters import HTTPAdapter

        parse, sign, send = (
            serialization.load_pem_private_key,
            jwt.encode,
            HTTPAdapter.send,
        )
        with (
            mock.patch.object(
                serialization, "load_pem_private_key", self._counted("parses", parse)
            ),
            mock.patch.object(jwt, "encode", self._counted("signatures", sign)),
            mock.patch.object(HTTPAdapter, "send", self._sent(send)),
        ):
            yield self

    def _counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            self.add(name)
            return call(*args, **kwargs)

        return counted

    def _sent(self, send: Callable[..., Any]) -> Callable[..., Any]:
        from tests.race.provider import transaction_is_open

        def sent(*args: Any, **kwargs: Any) -> Any:
            self.add("requests")
            self.add("in_transaction", transaction_is_open())
            return send(*args, **kwargs)

        return sent
