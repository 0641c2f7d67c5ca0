"""E.164 in, E.164 out; masked; found again by HMAC."""

from __future__ import annotations

import builtins
import re
from typing import Any

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numverify import phone
from numverify.conf import Settings
from numverify.exceptions import InvalidPhoneNumber

E164_NUMBERS = st.from_regex(r"\+[1-9][0-9]{4,14}", fullmatch=True)


@pytest.mark.parametrize(
    "written",
    [
        "+442079460958",
        " +44 20 7946 0958 ",
        "+44-20-7946-0958",
        "+44 (20) 7946.0958",
        "+44/20/79460958",
        "tel:+44-20-7946-0958",
        "＋４４２０７９４６０９５８",  # noqa: RUF001 - full-width, as Asian keyboards write it
        "+44\u00a020\u202f7946\u20110958",
        "\u202a+442079460958\u202c",  # as iOS copies a contact's number
        "+44\t20\n7946 0958",
    ],
)
def test_spellings_of_people_are_one_number(written: str) -> None:
    assert phone.normalise(written) == "+442079460958"


@pytest.mark.parametrize("written", ["", "   ", "()", "tel:", "\u200b"])
def test_nothing_is_required(written: str) -> None:
    with pytest.raises(InvalidPhoneNumber) as raised:
        phone.parse(written)
    assert raised.value.code == "required"


@pytest.mark.parametrize(
    "written",
    [
        "442079460958",  # without a region, digits alone are nobody's number
        "+0442079460958",
        "+1234",
        "+1234567890123456",
        "++442079460958",
        "+44+2079460958",
        "+44207946O958",
        "+44207946095a",
        "+442079460958;ext=5",
        "+442079460958\x00",
        "+4420794\ud8000958",
        "+٤٤٢٠٧٩٤٦٠٩٥٨",  # Arabic-Indic: int() would take them, an operator would not
        "+44207946095²x",
        "'; DROP TABLE",
        "+" + "1" * 60,
        "1" * 10_000,
        "+44" + " " * 60 + "2079460958",
    ],
)
def test_everything_else_is_refused_and_not_repeated(written: str) -> None:
    with pytest.raises(InvalidPhoneNumber) as raised:
        phone.parse(written)
    assert raised.value.code == "invalid_phone"
    assert written not in str(raised.value)


@pytest.mark.parametrize("value", [None, True, 442079460958, b"+442079460958", ["+442079460958"]])
def test_other_types_are_refused(value: Any) -> None:
    with pytest.raises(InvalidPhoneNumber):
        phone.parse(value)


def test_objects_that_print_as_a_number_are_taken() -> None:
    class PhoneNumber:
        def __str__(self) -> str:
            return "+442079460958"

    assert phone.parse(PhoneNumber()) == "+442079460958"


@given(st.text(max_size=60) | st.text(alphabet="+0123456789 -().tel:", max_size=45))
def test_parse_raises_nothing_but_its_own_error(text: str) -> None:
    try:
        number = phone.parse(text)
    except InvalidPhoneNumber:
        return
    assert re.fullmatch(r"\+[1-9][0-9]{4,14}", number)
    assert phone.parse(number) == number


@given(E164_NUMBERS)
def test_e164_stays_as_it_is(number: str) -> None:
    assert phone.parse(number) == number


@pytest.mark.parametrize("environment", ["virtual", "playground"])
def test_test_numbers_count_on_test_sites(configure: Any, environment: str) -> None:
    configure(ENVIRONMENT=environment)
    assert phone.parse("+990 1234 5678") == "+99012345678"


@pytest.mark.parametrize("written", ["+99012345678", "+990 1234-5678", "＋990１２345678"])  # noqa: RUF001
def test_test_numbers_are_refused_on_a_live_site(configure: Any, written: str) -> None:
    configure(ENVIRONMENT="production")
    with pytest.raises(InvalidPhoneNumber):
        phone.parse(written)
    assert phone.normalise(written) == "+99012345678", "the number is well-formed all the same"


# -- national numbers ----------------------------------------------------------------
@pytest.mark.parametrize(
    ("region", "written", "number"),
    [
        ("DE", "030 1234567", "+49301234567"),
        ("DE", "0044 20 79460958", "+442079460958"),
        ("IT", "06 1234 5678", "+390612345678"),  # Italy's zero stays
        ("US", "(650) 253-0000", "+16502530000"),
        ("DE", "+44 20 7946 0958", "+442079460958"),
    ],
)
def test_national_numbers_by_the_default_region(
    configure: Any, region: str, written: str, number: str
) -> None:
    configure(DEFAULT_REGION=region)
    assert phone.parse(written) == number


@pytest.mark.parametrize(
    ("region", "written"),
    [
        ("US", "253-0000"),  # no area code: "possible locally", but +12530000 is nobody
        ("DE", "110"),
        ("DE", "not a number"),
        ("XX", "030 1234567"),
        ("DE", "0" * 30),
    ],
)
def test_what_the_region_does_not_explain_is_refused(
    configure: Any, region: str, written: str
) -> None:
    configure(DEFAULT_REGION=region)
    with pytest.raises(InvalidPhoneNumber):
        phone.parse(written)


def test_test_numbers_do_not_slip_in_by_a_region(configure: Any) -> None:
    configure(DEFAULT_REGION="DE", ENVIRONMENT="production")
    with pytest.raises(InvalidPhoneNumber):
        phone.parse("00990 1234 5678")


@given(st.text(max_size=45) | st.text(alphabet="+0123456789 -()", max_size=45))
def test_with_a_region_nothing_but_its_own_error_either(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Settings, "default_region", "DE")
        try:
            number = phone.parse(text)
        except InvalidPhoneNumber:
            return
        assert phone.parse(number) == number


def test_without_the_library_a_region_changes_nothing(
    configure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "phonenumbers":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    configure(DEFAULT_REGION="DE")
    monkeypatch.setattr(builtins, "__import__", without)
    assert phone.parse("+49 30 1234567") == "+49301234567"
    with pytest.raises(InvalidPhoneNumber):
        phone.parse("030 1234567")


# -- country codes and masks ---------------------------------------------------------
@pytest.mark.parametrize("code", sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
def test_country_codes_are_those_of_the_metadata(code: int) -> None:
    assert phone.country_code(f"+{code}5550199") == str(code)


def test_the_virtual_operators_code() -> None:
    assert phone.country_code("+99012345678") == "990"


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("+442079460958", "+44 •••• 58"),
        ("+99012345678", "+990 •••• 78"),
        ("+16502530000", "+1 •••• 00"),
        ("+4912345", "+49 ••••"),  # so short that two digits would say too much
    ],
)
def test_masks(number: str, masked: str) -> None:
    assert phone.mask(number) == masked


@given(E164_NUMBERS)
def test_a_mask_shows_no_more_than_country_and_two_digits(number: str) -> None:
    masked = phone.mask(number)
    code = phone.country_code(number)
    shown = "".join(re.findall("[0-9]", masked.removeprefix(f"+{code}")))
    assert masked.startswith(f"+{code} ")
    assert shown in ("", number[-2:])
    assert len(masked) <= 20, "the column's length"


@given(E164_NUMBERS, E164_NUMBERS)
def test_a_mask_does_not_tell_how_long_the_number_is(one: str, other: str) -> None:
    one, other = (text[: 1 + len(phone.country_code(text))] + "123456" for text in (one, other))
    bullets = [re.sub("[^•]", "", phone.mask(text)) for text in (one, other + "789")]
    assert bullets[0] == bullets[1]


# -- look-ups ------------------------------------------------------------------------
def test_the_hmac_is_keyed_and_found_across_a_rotation(configure: Any) -> None:
    configure(HMAC_KEYS={"old": "old secret"})
    key_id, made = phone.phone_hmac("+442079460958")
    assert key_id == "old"
    assert re.fullmatch("[0-9a-f]{64}", made)
    configure(HMAC_KEYS={"new": "new secret", "old": "old secret"})
    assert phone.phone_hmac("+442079460958")[0] == "new"
    assert phone.phone_hmac("+442079460958")[1] != made
    assert phone.phone_hmacs("+442079460958") == [phone.phone_hmac("+442079460958")[1], made]
    configure(HMAC_KEYS={"new": "new secret"})
    assert made not in phone.phone_hmacs("+442079460958")
