from __future__ import annotations

from collections.abc import Iterator

import pytest

from numverify.providers.vonage.credentials import Credentials

from .fixtures import APPLICATION, REDIRECT_URI, Service


@pytest.fixture
def credentials(pem: str) -> Credentials:
    return Credentials(APPLICATION, pem, REDIRECT_URI)


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as service:
        yield service
