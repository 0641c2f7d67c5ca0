"""A backend of the tutorial's shape on loopback, which can be as hostile as a test likes."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """What a path answers; ``body`` is sent as JSON unless it is bytes."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


Answer = Reply | Callable[[Any], Reply | None]


class Backend:
    """``routes["/login"]`` is a Reply, or a callable of the request handler that makes one.

    A callable that returns None has written to the socket itself.
    """

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.routes: dict[str, Answer] = {
            "/login": Reply({"url": f"{self.url}/auth?state=s3cret-state"}),
            "/auth": redirect(f"{self.url}/callback?code=s3cret-code&state=s3cret-state"),
            "/callback": Reply({"devicePhoneNumberVerified": True}),
        }

    @property
    def paths(self) -> list[str]:
        return [f"{seen.method} {seen.path.partition('?')[0]}" for seen in self.seen]

    def completing(self, **changes: Any) -> None:
        """Answer as numverify's own backend does, with binding ``completion``."""
        login = {"id": "a-1", "binding": "completion", "attempt_secret": "s3cret-half"}
        login["auth_url"] = f"{self.url}/auth"
        callback = {"devicePhoneNumberVerified": True, "id": "a-1", "completion_code": "s3cret-cc"}
        self.routes["/login"] = Reply({**login, **changes.get("login", {})})
        self.routes["/callback"] = Reply({**callback, **changes.get("callback", {})})
        self.routes["/complete"] = changes.get("complete", Reply({"status": "verified"}))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        backend = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                backend.seen.append(Seen(self.command, self.path, headers, body))
                answer = backend.routes.get(self.path.partition("?")[0], Reply(status=404))
                reply = answer if isinstance(answer, Reply) else answer(self)
                if reply is not None:
                    self._send(reply)

            do_GET = do_POST = _serve  # noqa: N815

            def _send(self, reply: Reply) -> None:
                raw = isinstance(reply.body, bytes)
                content = reply.body if raw else json.dumps(reply.body).encode()
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        return Handler

    @contextlib.contextmanager
    def running(self) -> Iterator[Backend]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.released.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join()


def redirect(location: str, status: int = 302, *, cookie: str = "") -> Reply:
    headers = {"Set-Cookie": cookie} if cookie else {}
    return Reply(status=status, headers={"Location": location, **headers})


def stall(backend: Backend) -> Answer:
    """Take the request and say nothing until the test is over."""

    def wait(handler: Any) -> None:
        backend.released.wait(30)

    return wait


def drip(backend: Backend, content: bytes) -> Answer:
    """One byte at a time, fast enough that no time-out of a single read acts."""

    def write(handler: Any) -> None:
        with contextlib.suppress(OSError):
            for index in range(len(content)):
                handler.wfile.write(content[index : index + 1])
                if backend.released.wait(0.05):
                    return

    return write
