"""The attempt: what it shows, what it keeps, what it is found by."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.core.management import call_command

from numverify import tokens
from numverify.defaults import ENVIRONMENTS
from numverify.exceptions import Reason
from numverify.models import TERMINAL, EnvironmentName, Status, VerificationAttempt

from .factories import make_attempt

pytestmark = pytest.mark.django_db


def test_a_reference_is_the_ids_first_forty_bits() -> None:
    attempt = VerificationAttempt(public_id=uuid.UUID(int=(0b11111 << 123) | (1 << 88)))
    assert attempt.reference == "Z0000001"
    assert attempt.reference_display == str(attempt) == "Z000-0001"


def test_references_are_stored_and_found_as_typed() -> None:
    attempt = make_attempt()
    typed = tokens.from_typed(attempt.reference_display.lower())
    assert VerificationAttempt.objects.get(reference=typed) == attempt


def test_the_reference_of_a_stored_attempt_stays() -> None:
    attempt = make_attempt()
    VerificationAttempt.objects.update(reference="00000000")
    assert VerificationAttempt.objects.get(pk=attempt.pk).reference == "00000000"


@pytest.mark.parametrize("fields", [["id"], ["status"], ["public_id"], ["reference"]])
def test_deferred_fields_cost_no_query_for_each_row(
    fields: list[str], django_assert_num_queries: Any
) -> None:
    make_attempt()
    make_attempt()
    with django_assert_num_queries(1):
        assert len(VerificationAttempt.objects.only(*fields)) == 2


@pytest.mark.parametrize("status", Status.values)
def test_terminal_statuses(status: str) -> None:
    ends = {"verified", "not_verified", "failed", "expired"}
    assert VerificationAttempt(status=status).is_terminal is (status in ends)
    assert {str(each) for each in TERMINAL} == ends


def test_an_attempt_shows_no_number() -> None:
    attempt = make_attempt()
    assert "12345678" not in f"{attempt} {attempt!r}"


@pytest.mark.parametrize(
    "name", ["state", "code", "completion_code", "attempt_secret", "token", "auth_url", "jwt"]
)
def test_there_is_no_column_for_a_secret(name: str) -> None:
    with pytest.raises(FieldDoesNotExist):
        VerificationAttempt._meta.get_field(name)


def test_only_indexes_that_serve() -> None:
    indexed = {
        field.name
        for field in VerificationAttempt._meta.concrete_fields
        if getattr(field, "db_index", False) or field.unique
    }
    assert indexed == {
        *("id", "public_id", "reference", "user"),
        *("phone_hmac", "state_hash", "created_at", "deadline"),
    }
    assert VerificationAttempt._meta.indexes == []


def test_reasons_fit_their_column() -> None:
    length = VerificationAttempt._meta.get_field("reason").max_length
    assert max(map(len, Reason)) <= (length or 0)


def test_environments_are_those_of_the_settings() -> None:
    assert tuple(EnvironmentName.values) == ENVIRONMENTS


def test_an_attempt_outlives_its_user() -> None:
    user = get_user_model().objects.create_user("ada")
    attempt = make_attempt(user=user)
    user.delete()
    attempt.refresh_from_db()
    assert attempt.user is None


def test_nobody_may_add_change_or_delete() -> None:
    assert VerificationAttempt._meta.default_permissions == ("view",)


def test_the_migrations_are_complete() -> None:
    call_command("makemigrations", "numverify", check=True, dry_run=True, verbosity=0)
