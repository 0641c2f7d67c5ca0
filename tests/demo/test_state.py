"""Files of the demo: made once, complete, and readable by their owner alone."""

from __future__ import annotations

import threading
from pathlib import Path

from demo_project import keys, state


def test_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "new" / "secret"
    first = state.secret(path)
    assert len(first) >= 43
    assert state.secret(path) == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_secrets_differ(tmp_path: Path) -> None:
    assert state.secret(tmp_path / "one") != state.secret(tmp_path / "two")


def test_who_starts_at_the_same_time_reads_the_same(tmp_path: Path) -> None:
    path, count = tmp_path / "secret", 8
    together = threading.Barrier(count)
    seen: list[str] = []

    def make() -> str:
        together.wait()  # all of them found no file
        return threading.current_thread().name

    threads = [
        threading.Thread(target=lambda: seen.append(state.once(path, make))) for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == count
    assert set(seen) == {path.read_text()}
    assert list(tmp_path.iterdir()) == [path]


def test_the_key_pair_is_made_once(tmp_path: Path) -> None:
    first = keys.application(tmp_path)
    assert first == keys.application(tmp_path)
    assert (tmp_path / "private.key").stat().st_mode & 0o777 == 0o600
    assert "PRIVATE" in first.private_key
    assert "PRIVATE" not in repr(first)
