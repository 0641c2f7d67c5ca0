"""``manage.py serve``: what it prints, what it serves, how it ends."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable

import pytest
import requests

from .conftest import Demo, manage

pytestmark = pytest.mark.slow  # real processes

TIMEOUT = 20
HTML = {"Accept": "text/html"}


def _verify(demo: Demo, number: str) -> dict[str, object]:
    """The tutorial's own client: no cookies, no token."""
    started = requests.post(f"{demo.site}/login", json={"phone": number}, timeout=TIMEOUT)
    assert started.status_code == 200
    answer: dict[str, object] = requests.get(started.json()["url"], timeout=TIMEOUT).json()
    return answer


def test_it_says_what_to_do(demo: Demo) -> None:
    said = demo.greeting
    assert "Virtual Operator" in said
    assert f"{demo.site}/\n" in said
    assert f"{demo.site}/admin/" in said
    assert said.count("+99012345678") >= 3
    assert "user staff" in said
    assert "curl" in said


@pytest.mark.parametrize("number", ["+99012345678", "+9902345601"])
def test_the_tutorials_client_gets_its_boolean(demo: Demo, number: str) -> None:
    expected = number.endswith("8")
    assert _verify(demo, number)["devicePhoneNumberVerified"] is expected


def test_what_cannot_be_checked_is_no_boolean(demo: Demo) -> None:
    answer = _verify(demo, "+99012345699")
    assert "devicePhoneNumberVerified" not in answer
    assert answer["error"] == "operator_error"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_the_home_page(demo: Demo, host: str) -> None:
    page = requests.get(f"http://{host}:{demo.port}/", timeout=TIMEOUT)
    assert page.status_code == 200
    assert "+99012345678" in page.text
    assert "Virtual Operator" in page.text
    # A number in a URL would end up in histories and logs.
    assert not re.search(r'(href|src|action)="[^"]*(%2B|\+)?990', page.text)


def test_static_files_are_there(demo: Demo) -> None:
    page = requests.get(f"{demo.site}/", timeout=TIMEOUT).text
    paths = set(re.findall(r'"(/static/[^"]+)"', page))
    assert len(paths) >= 4
    for path in paths:
        assert requests.get(demo.site + path, timeout=TIMEOUT).status_code == 200


def test_the_login_page_moves_to_the_host_of_the_redirect_uri(demo: Demo) -> None:
    page = requests.get(f"http://127.0.0.1:{demo.port}/login", headers=HTML, timeout=TIMEOUT)
    assert page.url.startswith(f"{demo.site}/login")


def _sign_in(demo: Demo, path: str, name: str) -> requests.Session:
    session = requests.Session()
    page = session.get(demo.site + path, headers=HTML, timeout=TIMEOUT)
    form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
    form |= {"username": name, "password": demo.password(name)}
    done = session.post(page.url, data=form, headers={**HTML, "Referer": page.url}, timeout=TIMEOUT)
    assert done.status_code == 200
    return session


def test_staff_see_the_records(demo: Demo) -> None:
    _verify(demo, "+99012345678")
    session = _sign_in(demo, "/admin/login/?next=/admin/", "staff")
    page = session.get(f"{demo.site}/admin/numverify/verificationattempt/", timeout=TIMEOUT)
    assert page.status_code == 200
    assert "+990 •••• 78" in page.text
    assert "12345678" not in page.text


def test_the_vault_wants_a_fresh_proof(demo: Demo) -> None:
    session = _sign_in(demo, "/vault", "alice")
    page = session.get(f"{demo.site}/vault", headers=HTML, timeout=TIMEOUT)
    assert "The vault is open" not in page.text
    assert page.url == f"{demo.site}/login?purpose=step_up&next=%2Fvault"
    assert "+990 •••• 78" in page.text
    form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
    form["binding"] = "session"
    attempt = session.post(page.url, data=form, headers=HTML, timeout=TIMEOUT)
    (link,) = re.findall(r'href="(http[^"]+)" rel="noreferrer"', attempt.text)
    vault = session.get(link.replace("&amp;", "&"), headers=HTML, timeout=TIMEOUT)
    assert vault.url == f"{demo.site}/vault"
    assert "The vault is open" in vault.text


def test_files_of_the_demo_are_private(demo: Demo) -> None:
    for name in ("private.key", "secret.key", "hmac.key", "staff.password", "alice.password"):
        assert (demo.folder / name).stat().st_mode & 0o777 == 0o600


def test_setting_up_again_changes_nothing(demo: Demo) -> None:
    before = (demo.folder / "staff.password").read_text()
    assert manage(demo.folder, "demo_setup").returncode == 0
    assert (demo.folder / "staff.password").read_text() == before == demo.password("staff")
    _sign_in(demo, "/admin/login/?next=/admin/", "staff")


def test_a_busy_port_is_said_in_one_line(demo: Demo) -> None:
    done = manage(demo.folder, "serve", "--port", str(demo.port))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        f"Port {demo.port} is busy. Choose another one: make serve PORT=3001"
    ]


def test_a_port_that_is_busy_on_ipv6_alone_is_busy(demo: Demo) -> None:
    with socket.socket(socket.AF_INET6) as other:
        try:
            other.bind(("::1", 0))
        except OSError:
            pytest.skip("This machine has no IPv6.")
        other.listen()
        port = other.getsockname()[1]
        done = manage(demo.folder, "serve", "--port", str(port))
    assert done.returncode == 1
    assert done.stderr.startswith(f"Port {port} is busy.")


def test_a_port_that_does_not_exist_is_refused_without_a_traceback(demo: Demo) -> None:
    done = manage(demo.folder, "serve", "--port", "70000")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "Port 70000 cannot be used. Choose another one: make serve PORT=3001"
    ]


def test_ctrl_c_ends_it_and_the_log_kept_its_secrets(start: Callable[[], Demo]) -> None:
    demo = start()
    answer = _verify(demo, "+99012345678")
    assert demo.stop() == "Stopped.\n"
    assert demo.process.returncode == 0
    log = demo.errors.read_text()
    assert "/callback?code=•••&state=•••" in log
    assert str(answer["completion_code"]) not in log
    assert "12345678" not in log
    assert "Traceback" not in log
