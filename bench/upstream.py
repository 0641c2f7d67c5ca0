"""A service that answers at once, whatever it is asked: ``python -m bench.upstream``.

It checks nothing, so that its own work is small and the same for every candidate. It
prints its base URL, and ends when its standard input does.
"""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SCOPE = "dpv:FraudPreventionAndDetection#number-verification-verify-read"
_TOKEN = json.dumps({"access_token": "x" * 200, "token_type": "bearer", "expires_in": 29})
_HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
_VERIFIED = json.dumps({"devicePhoneNumberVerified": True})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        content = self._answer(body).encode()
        head = f"{_HEAD}{len(content)}\r\n\r\n"
        # One write: two would wait for the other side's delayed acknowledgement.
        self.wfile.write(head.encode() + content)

    def _answer(self, body: bytes) -> str:
        if self.path == "/oauth2/token":
            return _TOKEN
        if self.path != "/v0.1/network-enablement":
            return _VERIFIED
        host, state = self.headers["Host"], json.loads(body)["state"]
        auth_url = f"http://{host}/oauth2/auth?state={state}"
        return json.dumps({"scopes": {SCOPE: {"app_url": None, "auth_url": auth_url}}})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing: output costs time."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    with _Server(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
