"""docs/testing.md is what is run: its blocks, in a project made by ``startproject``."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
BLOCK = re.compile(r"```(?:python|ini)\n# (\S+)\n(.*?)```", re.DOTALL)
LEAK = """
import contextlib, socket
from numverify.testing import NumverifyTestCase

class LeakTests(NumverifyTestCase):
    def test_swallowed(self):
        with contextlib.suppress(Exception):
            socket.create_connection(("api-eu.vonage.com", 443))

def test_swallowed(numverify_guard):
    with contextlib.suppress(Exception):
        socket.create_connection(("api-eu.vonage.com", 443))
"""
pytestmark = pytest.mark.slow


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Our interpreter in the project, without what the environment says of other sites."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("DJANGO_", "PYTEST_", "COV_"))}
    return subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", *arguments],
        cwd=project,
        env={**kept, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stock")
    made = run(folder, "-m", "django", "startproject", "mysite", ".")
    assert made.returncode == 0, made.stderr
    blocks = BLOCK.findall((ROOT / "docs" / "testing.md").read_text())
    assert len(blocks) >= 9
    for name, text in blocks:
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        # As a reader does: what is there stays, the block goes below.
        file.write_text((file.read_text() if file.exists() else "") + "\n" + text)
    (folder / "bank" / "__init__.py").touch()
    return folder


def how_many(project: Path, pattern: str) -> int:
    contract = (ROOT / "numverify" / "testing" / "contract.py").read_text()
    files = [*project.glob("bank/test*.py"), *project.glob("test*.py")]
    texts = [contract, *(file.read_text() for file in files)]
    return sum(len(re.findall(pattern, text, re.MULTILINE)) for text in texts)


def test_every_python_block_names_its_file() -> None:
    text = (ROOT / "docs" / "testing.md").read_text()
    assert len(re.findall("```python", text)) == len(re.findall("```python\n# ", text))


def test_manage_py_test_without_pytest(project: Path) -> None:
    hidden = "import runpy, sys; sys.modules['pytest'] = None; sys.argv = ['manage.py', 'test']"
    shown = "runpy.run_path('manage.py', run_name='__main__')"
    ran = run(project, "-c", f"{hidden}; {shown}")
    assert ran.returncode == 0, ran.stderr
    found = re.search(r"Ran (\d+) tests", ran.stderr)
    assert found
    assert int(found[1]) == how_many(project, "^    def test_")


def test_pytest_runs_them_all(project: Path) -> None:
    ran = run(project, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = re.search(r"(\d+) passed", ran.stdout)
    assert found
    assert int(found[1]) == how_many(project, "^(    )?def test_")


@pytest.mark.parametrize("how", ["manage.py test bank.leak", "-m pytest -p no:cacheprovider"])
def test_what_leaves_the_machine_fails_loudly(project: Path, how: str) -> None:
    (project / "bank" / "leak.py").write_text(LEAK)
    if "pytest" in how:
        how += " bank/leak.py"
    ran = run(project, *how.split())
    assert ran.returncode == 1
    told = " ".join((ran.stdout + ran.stderr).split())
    assert "A test tried to reach api-eu.vonage.com:443." in told
    shown = re.search(
        r"OutsideRequest: (.*?)\n```", (ROOT / "docs/testing.md").read_text(), re.DOTALL
    )
    assert shown
    assert " ".join(shown[1].split()).partition(". ")[2] in told
