from __future__ import annotations

from collections.abc import Iterator

import pytest

from numverify.virtual_operator import keys
from numverify.virtual_operator.server import RunningServer, VirtualOperator, serve

from .wire import APPLICATION_ID, REDIRECT_URI, Clock, Wire


@pytest.fixture(scope="session")
def private_keys() -> tuple[str, str]:
    """Two keys, as during a rotation."""
    return keys.new_private_key(), keys.new_private_key()


@pytest.fixture(scope="session")
def other_key() -> str:
    return keys.new_private_key()


@pytest.fixture(scope="session")
def _shared(private_keys: tuple[str, str]) -> Iterator[tuple[RunningServer, Clock]]:
    clock = Clock()
    operator = VirtualOperator(
        application_id=APPLICATION_ID,
        public_keys=[keys.public_pem(key) for key in private_keys],
        redirect_uri=REDIRECT_URI,
        stall_seconds=3600,
        drip_seconds=0.0005,
        clock=clock,
    )
    with serve(operator) as running:
        yield running, clock


@pytest.fixture
def operator(_shared: tuple[RunningServer, Clock]) -> VirtualOperator:
    running, clock = _shared
    clock.now = 1_800_000_000.0
    running.operator.reset()
    return running.operator


@pytest.fixture
def wire(
    operator: VirtualOperator,
    _shared: tuple[RunningServer, Clock],
    private_keys: tuple[str, str],
) -> Iterator[Wire]:
    running, clock = _shared
    wire = Wire(running.base_url, private_keys[0], clock)
    with wire.session:
        yield wire
