"""pytest fixtures: ``pytest_plugins = ["numverify.testing.plugin"]`` in the top conftest.py.

Needs pytest-django. Not an entry point on purpose: that would load this module in every
pytest run of every project of the environment, before Django is set up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import pytest

from ..enrolled import EnrolledNumber
from ..models import VerificationAttempt
from ..virtual_operator.server import VirtualOperator
from . import elevation, walk
from .device import Phone
from .guard import Guard, no_outside_requests
from .site import Lab, lab, prepare


@pytest.fixture
def numverify_settings() -> Mapping[str, Any]:
    """Further keys of ``NUMVERIFY`` for these tests. Override it in your own project."""
    return {}


@pytest.fixture
def numverify_allowed_hosts() -> Iterable[str]:
    """Hosts beyond this machine that tests may reach. Override it in your own project."""
    return ()


@pytest.fixture
def numverify_guard(numverify_allowed_hosts: Iterable[str]) -> Iterator[Guard]:
    """The guard alone, for tests that verify nothing: ``usefixtures = numverify_guard``."""
    with no_outside_requests(numverify_allowed_hosts) as guard:
        yield guard


@pytest.fixture
def numverify_lab(
    request: pytest.FixtureRequest,
    settings: Any,
    numverify_settings: Mapping[str, Any],
    numverify_allowed_hosts: Iterable[str],
) -> Iterator[Lab]:
    """The site offline, on its own operator: what the fixtures below have in common.

    By pytest-django's `settings`: an override beside it would be ended before what a
    test changed on top of it, and come back to life in the tests that follow.
    """
    site_url = ""
    if "live_server" in request.fixturenames:
        site_url = request.getfixturevalue("live_server").url
    settings.NUMVERIFY, operator = prepare(site_url, numverify_settings)
    with no_outside_requests(numverify_allowed_hosts) as guard:
        yield lab(settings.NUMVERIFY, operator, guard)


@pytest.fixture
def numverify_operator(numverify_lab: Lab) -> VirtualOperator:
    """The Virtual Operator: counts and records what it was asked, from zero."""
    return numverify_lab.operator


@pytest.fixture
def numverify_phone(numverify_lab: Lab) -> Phone:
    """The phone; :func:`numverify.testing.follow` takes it."""
    return numverify_lab.phone


@pytest.fixture
def verify_number(db: None, numverify_phone: Phone) -> Callable[..., walk.Walk]:  # noqa: ARG001
    """``verify_number(client, "+990...")``: see :func:`numverify.testing.verify_number`."""
    return partial(walk.verify_number, numverify_phone)


@pytest.fixture
def follow_numverify(db: None, numverify_phone: Phone) -> Callable[..., Any]:  # noqa: ARG001
    """``follow_numverify(client, response)``: see :func:`numverify.testing.follow`."""
    return partial(walk.follow, numverify_phone)


@pytest.fixture
def elevate(db: None, numverify_lab: Lab) -> Callable[..., VerificationAttempt]:  # noqa: ARG001
    """``elevate(client, user)``: see :func:`numverify.testing.elevate`."""
    return elevation.elevate


@pytest.fixture
def enrol(db: None, numverify_lab: Lab) -> Callable[..., EnrolledNumber]:  # noqa: ARG001
    """``enrol(user, "+990...")``: see :func:`numverify.testing.enrol`."""
    return elevation.enrol
