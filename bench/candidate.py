"""``python -m bench.candidate SETTINGS``: one candidate, in a process of its own.

For each line ``N`` it runs N flows, one after the other, and prints the CPU seconds
(user and system, all threads) that they took.
"""

from __future__ import annotations

import gc
import io
import json
import os
import sys
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

_LOGIN = json.dumps({"phone": "+99012345678"}).encode()


def request(
    application: Any, method: str, path: str, query: str = "", body: bytes = b""
) -> dict[str, Any]:
    """The JSON that the WSGI application answers; there is no web server in between."""
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "3000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:3000",
        "HTTP_ACCEPT": "*/*",
        "HTTP_USER_AGENT": "bench",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
    }
    if body:
        environ |= {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body))}
    response = application(environ, lambda _status, _headers: None)
    content = b"".join(response)
    response.close()
    if response.status_code != 200:
        raise RuntimeError(f"{path}: {response.status_code} {content[:200]!r}")
    answer: dict[str, Any] = json.loads(content)
    return answer


def flow(application: Any) -> None:
    begun = request(application, "POST", "/login", body=_LOGIN)
    state = parse_qs(urlsplit(begun["url"]).query)["state"][0]
    answer = request(application, "GET", "/callback", f"code=a-code&state={state}")
    if answer["devicePhoneNumberVerified"] is not True:
        raise RuntimeError("The flow did not verify.")


def cpu_of(application: Any, flows: int) -> float:
    gc.collect()
    before = time.process_time()
    for _ in range(flows):
        flow(application)
    return time.process_time() - before


def main(settings: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    from django.conf import settings as django_settings
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    if django_settings.DATABASES:
        call_command("migrate", run_syncdb=True, verbosity=0, skip_checks=True)
    print("ready", flush=True)
    for line in sys.stdin:
        print(cpu_of(application, int(line)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
