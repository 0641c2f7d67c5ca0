"""``python -m bench.micro``: the steps of a flow that cost, one by one, as JSON."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable

_ROUNDS = 5


def microseconds(step: Callable[[], object], times: int) -> float:
    """CPU for one ``step``: the median of five rounds of ``times``."""
    rounds = []
    for _ in range(_ROUNDS):
        before = time.process_time()
        for _ in range(times):
            step()
        rounds.append((time.process_time() - before) / times * 1e6)
    return statistics.median(rounds)


def measure() -> dict[str, float]:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    from numverify import phone, tokens
    from numverify.providers.vonage.credentials import credentials_from_settings
    from numverify.providers.vonage.signing import load_key, sign, signer_for

    credentials = credentials_from_settings()
    with open(str(credentials.private_key), "rb") as file:  # noqa: PTH123 - measured below, not here
        pem = file.read()
    signer = signer_for(credentials)
    key = load_key("the bench's key", credentials.private_key)
    number = phone.parse("+99012345678")
    return {
        "parse the private key (numverify: once a process)": microseconds(
            lambda: load_pem_private_key(pem, password=None), 5
        ),
        "sign a JWT with the parsed key (numverify: every 210 s)": microseconds(
            lambda: sign(credentials.application_id, key), 100
        ),
        "the cached JWT, its expiry looked at (twice a flow)": microseconds(signer.bearer, 20_000),
        "parse an E.164 number": microseconds(lambda: phone.parse("+99012345678"), 5_000),
        "HMAC of a number": microseconds(lambda: phone.phone_hmac(number), 2_000),
        "SHA-256 of a state": microseconds(lambda: tokens.digest("x" * 20), 5_000),
    }


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.sites.numverify_sqlite"
    import django

    django.setup()
    print(json.dumps(measure()))
