"""The site under load: the one of the races, with the real provider.

From the environment, beside :mod:`tests.race.settings`: where the Virtual Operator is,
and the application's id and key.
"""

from __future__ import annotations

from tests.race.settings import *  # noqa: F403
from tests.race.settings import NUMVERIFY as RACE
from tests.race.settings import env

_OWN = {"PROVIDER", "PROVIDERS"}
NUMVERIFY = {name: RACE[name] for name in RACE.keys() - _OWN} | {
    "VONAGE_APPLICATION_ID": env.str("LOAD_APPLICATION_ID"),
    "VONAGE_PRIVATE_KEY": env.str("LOAD_PRIVATE_KEY"),
    "VONAGE_API_BASE_URL": env.str("LOAD_BASE_URL"),
    # Counted here, not timed: a busy machine must not end a call.
    "CALL_TIMEOUT": 30.0,
    "READ_TIMEOUT": 30.0,
    "CALLBACK_TIMEOUT": 60.0,
}
