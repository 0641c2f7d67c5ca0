from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.handset.backend import Backend


@pytest.fixture
def backend() -> Iterator[Backend]:
    with Backend().running() as running:
        yield running
