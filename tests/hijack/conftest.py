"""The site over HTTP, the Virtual Operator behind it, and a victim's account."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.contrib.auth.models import User

from numverify.defaults import DEFAULT_LIMITS
from numverify.virtual_operator.keys import new_private_key, public_pem
from numverify.virtual_operator.server import VirtualOperator, serve

from .actors import NUMBER, Site

APPLICATION_ID = str(uuid.uuid4())


@pytest.fixture(scope="session")
def private_key() -> str:
    return new_private_key()


@pytest.fixture
def site(live_server: Any, configure: Any, private_key: str) -> Iterator[Site]:
    redirect_uri = f"{live_server.url}/callback"
    operator = VirtualOperator(
        application_id=APPLICATION_ID,
        public_keys=[public_pem(private_key)],
        redirect_uri=redirect_uri,
    )
    with serve(operator) as running, ExitStack() as stack:
        configure(
            VONAGE_APPLICATION_ID=APPLICATION_ID,
            VONAGE_PRIVATE_KEY=private_key,
            VONAGE_API_BASE_URL=running.base_url,
            VONAGE_REDIRECT_URI=redirect_uri,
            ALLOW_ANONYMOUS_START=True,
            ENROLLED_NUMBER=lambda user: NUMBER,
            LIMITS=dict.fromkeys(DEFAULT_LIMITS),
        )
        yield Site(live_server.url, operator, stack)


@pytest.fixture
def victim(site: Site) -> User:
    """An account whose confirmed number is ``NUMBER``, and whose password was stolen."""
    return User.objects.create_user("victim", password="stolen", is_staff=True)
