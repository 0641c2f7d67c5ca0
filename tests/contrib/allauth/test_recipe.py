"""``docs/allauth.md``, as it stands there, against the real django-allauth."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "allauth.md"
RUN = """
import django
django.setup()
from tests.contrib.allauth import walk
walk.main()
print("walked")
"""


@pytest.mark.slow
def test_the_recipe_walks(tmp_path: Path) -> None:
    pytest.importorskip("allauth")
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) == 1
    (tmp_path / "recipe.py").write_text(blocks[0])
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.contrib.allauth.settings",
            "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "walked"
