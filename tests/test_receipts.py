"""Receipts: what one says, and each reason why one does not count."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser, User
from django.core.cache import caches
from django.core.signing import Signer, b64_decode
from django.utils import timezone

from numverify import binds, phone, receipts, tokens
from numverify.models import Binding, Purpose, Status, VerificationAttempt
from numverify.receipts import ReceiptError

from .factories import make_attempt

pytestmark = pytest.mark.django_db

NUMBER = "+99012345678"
TRANSFER = {"payee": "GB29NWBK60161331926819", "amount": "120.00"}
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def alice(configure: Any) -> User:
    configure(ENROLLED_NUMBER=lambda user: NUMBER)
    return User.objects.create_user("alice", password="secret")


def step_up(user: User | None, **overrides: Any) -> VerificationAttempt:
    values: dict[str, Any] = {
        "user": user,
        "purpose": Purpose.STEP_UP,
        "binding": Binding.COMPLETION,
        "browser_nonce_hmac": "",
        "status": Status.VERIFIED,
        "ended_at": timezone.now(),
    }
    return make_attempt(**values | overrides)


def claims_of(receipt: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(b64_decode(receipt.partition(":")[0].encode()))
    return claims


def resigned(receipt: str, **changes: Any) -> str:
    """Claims that were changed by somebody who has the site's first key."""
    signer = Signer(key=tokens.signing_keys("receipt")[0], salt="numverify.receipts")
    return signer.sign_object(claims_of(receipt) | changes)


def refused(receipt: Any, **kwargs: Any) -> str:
    with pytest.raises(ReceiptError) as error:
        receipts.check(receipt, **kwargs)
    return error.value.code


# -- a good one -------------------------------------------------------------------------


def test_what_a_receipt_says(alice: User) -> None:
    attempt = step_up(alice)
    found = receipts.check(receipts.issue(attempt), user=alice)
    assert found == receipts.Receipt(
        attempt.public_id, str(alice.pk), "step_up", "virtual", found.verified_at
    )
    assert abs(found.verified_at - timezone.now()) < timedelta(seconds=60)


def test_it_holds_no_number_and_fits_a_header(alice: User) -> None:
    receipt = receipts.issue(step_up(alice))
    assert "12345678" not in json.dumps(claims_of(receipt))
    assert claims_of(receipt)["phone"] in phone.phone_hmacs(NUMBER)
    assert receipt.isascii()
    assert receipt.isprintable()
    assert len(receipt) < 1024
    assert alice.password not in receipt


def test_it_counts_again_and_again(alice: User) -> None:
    receipt = receipts.issue(step_up(alice))
    for _ in range(3):
        receipts.check(receipt, user=alice)


def test_once_if_the_site_wants_that(alice: User) -> None:
    receipt = receipts.issue(step_up(alice))
    receipts.check(receipt, user=alice, single_use=True)
    assert refused(receipt, user=alice, single_use=True) == "used"


def test_a_second_receipt_of_the_attempt_is_used_as_well(alice: User) -> None:
    attempt = step_up(alice)
    receipts.check(receipts.issue(attempt), user=alice, single_use=True)
    assert refused(receipts.issue(attempt), user=alice, single_use=True) == "used"


def test_a_refusal_uses_nothing_up(alice: User) -> None:
    receipt = receipts.issue(step_up(alice))
    other = User.objects.create_user("bob")
    assert refused(receipt, user=other, single_use=True) == "other_user"
    receipts.check(receipt, user=alice, single_use=True)


@pytest.mark.parametrize("error", [ConnectionError("down"), RuntimeError("?")])
def test_a_cache_that_does_not_answer_lets_nobody_in(
    alice: User, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def down(*args: Any, **kwargs: Any) -> bool:
        raise error

    receipt = receipts.issue(step_up(alice))
    monkeypatch.setattr(caches["default"], "add", down)
    assert refused(receipt, user=alice, single_use=True) == "unavailable"
    monkeypatch.setattr(
        caches["default"], "add", lambda *args, **kwargs: None
    )  # errors ignored by a client
    assert refused(receipt, user=alice, single_use=True) == "used"


# -- none is issued ---------------------------------------------------------------------


@pytest.mark.parametrize("status", sorted(set(Status.values) - {Status.VERIFIED}))
def test_only_a_verified_attempt_has_one(alice: User, status: str) -> None:
    attempt = step_up(alice, status=status)
    with pytest.raises(ValueError, match="verified"):
        receipts.issue(attempt)


@pytest.mark.parametrize("purpose", sorted(set(Purpose.values) - {Purpose.STEP_UP}))
def test_only_a_step_up_has_one(alice: User, purpose: str) -> None:
    """A check proves a number of its caller's choice: a thief would prove his own (T4)."""
    assert not receipts.is_due(step_up(alice, purpose=purpose))


def test_nobodys_attempt_and_another_environments_have_none(alice: User) -> None:
    assert not receipts.is_due(step_up(None))
    assert not receipts.is_due(step_up(alice, environment="playground"))


@pytest.mark.parametrize("seconds", [None, 0])
def test_switched_off(alice: User, configure: Any, seconds: Any) -> None:
    receipt = receipts.issue(step_up(alice))
    configure(RECEIPT_SECONDS=seconds)
    assert not receipts.is_due(step_up(alice))
    assert refused(receipt, user=alice) == "expired"
    assert refused(receipt, user=alice, max_age=3600) == "expired"


# -- time -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("max_age", "seconds", "counts"),
    [
        (None, 299, True),
        (None, 301, False),
        (60, 59, True),
        (60, 61, False),
        (3600, 299, True),
        (3600, 301, False),  # RECEIPT_SECONDS is the most
        (0, 0, False),
        (-1, 0, False),
        (300, -59, True),  # a server whose clock is behind
        (300, -61, False),
    ],
)
def test_how_long_it_counts(alice: User, max_age: float | None, seconds: int, counts: bool) -> None:
    with time_machine.travel(NOW, tick=False):
        receipt = receipts.issue(step_up(alice))
    with time_machine.travel(NOW + timedelta(seconds=seconds), tick=False):
        if counts:
            receipts.check(receipt, user=alice, max_age=max_age)
        else:
            assert refused(receipt, user=alice, max_age=max_age) == "expired"


def test_a_late_receipt_is_as_old_as_the_proof(alice: User) -> None:
    old = step_up(alice, ended_at=timezone.now() - timedelta(seconds=301))
    assert refused(receipts.issue(old), user=alice) == "expired"


# -- whose, where, for what -------------------------------------------------------------


def test_it_serves_its_user_alone(alice: User) -> None:
    receipt = receipts.issue(step_up(alice))
    other = User.objects.create_user("bob", password="secret")
    closed = User.objects.get(pk=alice.pk)
    closed.is_active = False
    for user in (other, AnonymousUser(), None, closed):
        assert refused(receipt, user=user) == "other_user"


def test_a_new_password_ends_it(alice: User) -> None:
    receipt = receipts.issue(step_up(alice))
    alice.set_password("another")
    alice.save()
    assert refused(receipt, user=alice) == "credentials_changed"


@pytest.mark.parametrize("number", ["+99055555552", None, "", "rubbish"])
def test_another_number_ends_it(alice: User, configure: Any, number: str | None) -> None:
    receipt = receipts.issue(step_up(alice))
    configure(ENROLLED_NUMBER=lambda user: number)
    assert refused(receipt, user=alice) == "number_changed"


@pytest.mark.parametrize("environment", ["playground", "production"])
def test_it_counts_in_its_environment_alone(alice: User, configure: Any, environment: str) -> None:
    receipt = receipts.issue(step_up(alice))
    configure(ENVIRONMENT=environment)
    assert refused(receipt, user=alice) == "other_environment"


def test_it_counts_for_its_purpose_alone(alice: User) -> None:
    receipt = receipts.issue(step_up(alice))
    assert refused(receipt, user=alice, purpose="login") == "other_purpose"


# -- the signature ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "spoil",
    [
        lambda receipt: "",
        lambda receipt: ":",
        lambda receipt: "x",
        lambda receipt: receipt[:-1],
        lambda receipt: receipt + "A",
        lambda receipt: receipt.partition(":")[0],
        lambda receipt: "." + receipt,
        lambda receipt: "A" + receipt,
        lambda receipt: receipt.swapcase(),
        lambda receipt: receipt + "\x00",
        lambda receipt: receipt + "é",
        lambda receipt: receipt + "\ud800",
        lambda receipt: receipt * 10,
        lambda receipt: "A" * 1_000_000,
        lambda receipt: receipt.encode(),
        lambda receipt: None,
        lambda receipt: 7,
        lambda receipt: Signer(salt="numverify.receipts").sign_object(claims_of(receipt)),
        lambda receipt: Signer(key=tokens.signing_keys("receipt")[0]).sign_object(
            claims_of(receipt)
        ),
        lambda receipt: Signer(
            key=tokens.signing_keys("other")[0], salt="numverify.receipts"
        ).sign_object(claims_of(receipt)),
    ],
)
def test_what_we_did_not_sign(alice: User, spoil: Callable[[str], Any]) -> None:
    receipt = receipts.issue(step_up(alice))
    assert refused(spoil(receipt), user=alice) == "bad_signature"


def test_the_helper_above_signs_as_the_site_does(alice: User) -> None:
    receipts.check(resigned(receipts.issue(step_up(alice))), user=alice)


def test_keys_rotate(alice: User, configure: Any) -> None:
    configure(HMAC_KEYS={"old": "the old key"})
    receipt = receipts.issue(step_up(alice))
    configure(HMAC_KEYS={"new": "the new key", "old": "the old key"})
    receipts.check(receipt, user=alice)
    newer = receipts.issue(step_up(alice))
    configure(HMAC_KEYS={"new": "the new key"})
    receipts.check(newer, user=alice)
    assert refused(receipt, user=alice) == "bad_signature"


# -- one transaction --------------------------------------------------------------------


def bound(user: User, transaction: Any = TRANSFER, scope: str = "bank.transfer") -> str:
    digest = binds.digests(transaction, user=user, scope=scope)[0]
    return receipts.issue(step_up(user, bind_digest=digest))


def test_a_bound_receipt_serves_its_transaction_once(alice: User) -> None:
    receipt = bound(alice)
    receipts.check(receipt, user=alice, bind=TRANSFER, scope="bank.transfer")
    assert refused(receipt, user=alice, bind=TRANSFER, scope="bank.transfer") == "used"


@pytest.mark.parametrize(
    ("bind", "scope"),
    [
        ({**TRANSFER, "amount": "9999.00"}, "bank.transfer"),
        ({**TRANSFER, "payee": "DE89370400440532013000"}, "bank.transfer"),
        (TRANSFER, "bank.other"),
        ("", "bank.transfer"),
        (0, "bank.transfer"),
        (None, "bank.transfer"),
    ],
)
def test_and_no_other(alice: User, bind: Any, scope: str) -> None:
    receipt = bound(alice)
    assert refused(receipt, user=alice, bind=bind, scope=scope) == "other_transaction"
    receipts.check(receipt, user=alice, bind=TRANSFER, scope="bank.transfer")


@pytest.mark.parametrize("bind", [TRANSFER, "", 0, {}])
def test_an_unbound_receipt_confirms_no_transaction(alice: User, bind: Any) -> None:
    receipt = receipts.issue(step_up(alice))
    assert refused(receipt, user=alice, bind=bind) == "other_transaction"


def test_a_bound_receipt_of_an_erased_attempt(alice: User) -> None:
    receipt = bound(alice)
    VerificationAttempt.objects.all().delete()
    assert refused(receipt, user=alice, bind=TRANSFER, scope="bank.transfer") == "used"


def test_refusals_are_logged_without_the_receipt(
    alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    receipt = receipts.issue(step_up(alice))
    refused(receipt + "A", user=alice)
    assert "receipt_refused reason=bad_signature" in caplog.text
    assert receipt not in caplog.text
