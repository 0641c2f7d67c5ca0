"""README.md, "Add it to your site": what it says makes a stock project ask for the SIM.

With the wheel as it is built, over HTTP. The blocks are used as written, save the port.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from numverify.testing.pages import form_of, link_on

ROOT = Path(__file__).resolve().parent.parent.parent
SECTION = re.compile(r"^## Add it to your site.*?(?=^## )", re.DOTALL | re.MULTILINE)
BLOCK = re.compile(r"```python\n# (\w+\.py)\n(.*?)```", re.DOTALL)
PASSWORD = "correct horse battery"
# What a site has before it reads the README: a page to log in at.
OWN = '\nLOGIN_URL = "admin:login"\n'

pytestmark = pytest.mark.slow


def run(
    folder: Path, *arguments: str, path: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=_environment(path or folder),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def _environment(path: Path) -> dict[str, str]:
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("DJANGO_", "COV_"))}
    return {**kept, "PYTHONPATH": str(path), "DJANGO_SUPERUSER_PASSWORD": PASSWORD}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel, unpacked where nothing else of ours is."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = ("-m", "pip", "--disable-pip-version-check", "-q")
    built = run(folder, *pip, "wheel", "--no-deps", "-w", "built", str(ROOT))
    if built.returncode and "No matching distribution found for hatchling" in built.stderr:
        pytest.skip("no package index: the wheel cannot be built")
    assert built.returncode == 0, built.stderr
    (found,) = folder.glob("built/*.whl")
    unpacked = run(folder, *pip, "install", "--no-deps", "--target", "site", str(found))
    assert unpacked.returncode == 0, unpacked.stderr
    return folder / "site"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("site"), free_port()
    section = SECTION.search((ROOT / "README.md").read_text())
    assert section
    assert run(folder, "-m", "django", "startproject", "mysite", ".").returncode == 0
    blocks = BLOCK.findall(section[0])
    assert {name for name, _ in blocks} == {"settings.py", "urls.py", "views.py"}
    for name, text in blocks:
        file = folder / "mysite" / name
        before = file.read_text() if file.exists() else ""
        file.write_text(f"{before}\n{text.replace('localhost:8000', f'localhost:{port}')}")
    settings = folder / "mysite" / "settings.py"
    settings.write_text(settings.read_text() + OWN)
    for command in re.findall(r"^\$ python (manage.py .*)$", section[0], re.MULTILINE):
        done = run(folder, *command.split(), path=wheel)
        assert done.returncode == 0, done.stderr
    create = "manage.py createsuperuser --noinput --username alice --email alice@example.com"
    assert run(folder, *create.split(), path=wheel).returncode == 0
    where = run(folder, "-c", "import numverify; print(numverify.__file__)", path=wheel)
    assert where.stdout.startswith(str(wheel))
    log = (folder / "log").open("w+")
    server = subprocess.Popen(
        [sys.executable, "manage.py", "runserver", "--noreload", f"localhost:{port}"],
        cwd=folder,
        env=_environment(wheel),
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        yield _answering(f"http://localhost:{port}", server, folder / "log")
    finally:
        server.terminate()
        server.wait(30)
        log.close()


def _answering(url: str, server: subprocess.Popen[bytes], log: Path) -> str:
    ends = time.monotonic() + 60
    while time.monotonic() < ends and server.poll() is None:
        try:
            requests.get(f"{url}/admin/login/", timeout=10)
        except requests.ConnectionError:
            continue
        return url
    raise AssertionError(log.read_text())


class Person:
    """A browser whose person logs in, fills in forms and opens the phone's link."""

    def __init__(self, site: str, number: str) -> None:
        self.site = site
        self.number = number
        self.session = requests.Session()
        self.session.headers["Accept"] = "text/html"
        self.pages: list[str] = []

    def wants(self, path: str) -> requests.Response:
        """Open ``path`` and do what each page asks for."""
        page = self._get(self.site + path)
        for _ in range(8):
            self.pages.append(page.url.removeprefix(self.site).partition("?")[0])
            if form := form_of(page, "password"):
                page = self._post(page, {**form, "username": "alice", "password": PASSWORD})
            elif form := form_of(page, "consent") or form_of(page, "phone") or self._start(page):
                page = self._post(page, {**form, "phone": self.number, "binding": "session"})
            elif link := link_on(page, "/oauth2/auth?"):
                page = self._get(link)
            else:
                break
        return page

    def _start(self, page: requests.Response) -> dict[str, str]:
        """The form of somebody whose number is known: it asks for none."""
        return form_of(page, "purpose")

    def _get(self, url: str) -> requests.Response:
        return self.session.get(url, timeout=30)

    def _post(self, page: requests.Response, fields: dict[str, str]) -> requests.Response:
        return self.session.post(page.url, fields, headers={"Referer": page.url}, timeout=30)


def test_password_number_and_step_up(site: str) -> None:
    alice = Person(site, "+99012345678")
    page = alice.wants("/transfer/")
    assert page.url == f"{site}/transfer/", alice.pages
    assert page.text == "Transferred."
    # By her password, then her own number, then a proof of it.
    assert alice.pages[:2] == ["/admin/login/", "/numverify/numbers/add"]
    assert alice.pages.count("/numverify/login") == 1
    # Whoever has her password alone has another SIM: his number is not asked for.
    thief = Person(site, "+9902345600")
    assert thief.wants("/numverify/numbers").status_code == 200
    assert "Add a number" not in thief._get(f"{site}/numverify/numbers").text
