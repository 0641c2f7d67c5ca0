"""What is secret in a line of text, and how to hide it: numbers, keys, tokens, codes.

For logs, and for whatever of a stranger's words staff pages show. All patterns are
linear: the text is often a URL that a stranger wrote.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.http import HttpRequest

from . import phone

HIDDEN = "•••"
_EQUALS = r"""\\?["']?\s*(?:=|:|%3D|%3A)\s*"""
_VALUE = r"""(?:(?P<quote>\\?["'])(?P<quoted>.*?)(?P=quote)|(?P<bare>[^\s&#"'<>,;)}\]\\]+))"""
# Whatever the syntax around them: query, form, JSON, header, repr of a dictionary.
_ALWAYS = (
    r"access_token|id_token|refresh_token|attempt_secret|numverify-attempt-secret|completion_code"
    r"|numverify-receipt"
    r"|error_description|client_assertion|client_secret|code_verifier|private_key|vonage_private_key"
    r"|authorization|csrfmiddlewaretoken|csrftoken|sessionid|session_key|numverify_nonce|auth_url"
)
# "code" and "state" are words of other people's log lines, too.
_HARMLESS = re.compile(r"[a-z_]{1,40}|[A-Z_.]{1,60}|\d{1,3}|None|null")
_QUERY = r"(?:[?&]|%3F|%26|\A)"
_SEPARATORS = r"(?:[\s().\-/+]|%20|%28|%29|%2D|%2F){0,3}"
_PLUS = r"(?:[+\uff0b]|%2B|%252B|\\u002b)"
_PHONE_NAMES = r"phone(?:_?number)?(?:__\w+)?|devicePhoneNumber|login_hint|msisdn"
_MIN_DIGITS, _MAX_DIGITS = 5, 15


def _whole(name: str) -> Callable[[re.Match[str]], str]:
    return lambda _: f"[{name}]"


def _hide_value(match: re.Match[str]) -> str:
    quote = match["quote"] or ""
    return f"{match['name']}{quote}{HIDDEN}{quote}"


def _hide_unless_harmless(match: re.Match[str]) -> str:
    value = match["quoted"] if match["quote"] else match["bare"]
    return match[0] if _HARMLESS.fullmatch(value) else _hide_value(match)


def _mask(match: re.Match[str]) -> str:
    return _masked(match["number"]) or match[0]


def _mask_value(match: re.Match[str]) -> str:
    value = match["quoted"] if match["quote"] else match["bare"]
    masked, quote = _masked(value), match["quote"] or ""
    return f"{match['name']}{quote}{masked}{quote}" if masked else match[0]


def _masked(text: str) -> str:
    """The mask of what may be a number, ``""`` if it has too few digits for one."""
    text = re.sub(r"%(?:25)*[23][0-9A-F]|\\u002b", " ", text, flags=re.IGNORECASE)
    digits = re.sub(r"[^0-9]", "", re.sub(r"\d", lambda digit: str(int(digit[0])), text))
    if len(digits) < _MIN_DIGITS or HIDDEN[0] in text:
        return ""
    return phone.mask("+" + digits) if len(digits) <= _MAX_DIGITS else HIDDEN


_Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]


def _rule(pattern: str, replace: Callable[[re.Match[str]], str]) -> _Rule:
    return re.compile(pattern, re.IGNORECASE), replace


_RULES: tuple[_Rule, ...] = (
    _rule(r"-----BEGIN [A-Z ]+-----[\s\S]*?(?:-----END [A-Z ]+-----|\Z)", _whole("PEM")),
    _rule(r"(?:(?<![\w-])|(?<=%22)|(?<=%20))eyJ[\w-]{5,}(?:\.[\w-]*){1,4}", _whole("JWT")),
    _rule(
        r"\b(?P<name>(?:bearer|basic)(?:\s|%20|\+){1,3})(?P<quote>)(?P<bare>[\w.~+/=-]+)",
        _hide_value,
    ),
    _rule(
        rf"""(?P<name>{_QUERY}(?:code|state|ticket)=)(?P<quote>)(?P<bare>[^\s&#"'<>]+)""",
        _hide_value,
    ),
    _rule(
        rf"(?P<name>(?<![\w-])(?:{_ALWAYS}){_EQUALS})(?!(?:bearer|basic)\b){_VALUE}", _hide_value
    ),
    _rule(
        rf"(?P<name>(?:(?<![\w-])|(?<=%3F)|(?<=%26))(?:code|state){_EQUALS}){_VALUE}",
        _hide_unless_harmless,
    ),
    _rule(
        r"""(?P<name>(?:/|%2F)handover(?:/|%2F))(?P<quote>)(?P<bare>[^\s/?&#"'<>]{8,})""",
        _hide_value,
    ),
    _rule(rf"(?P<name>(?<!\w)(?:{_PHONE_NAMES}){_EQUALS}){_VALUE}", _mask_value),
    _rule(rf"""(?P<name>{_QUERY}q=)(?P<quote>)(?P<bare>[^\s&#"'<>]+)""", _mask_value),
    _rule(rf"(?P<number>{_PLUS}[1-9](?:{_SEPARATORS}\d){{4,14}}(?!\d))", _mask),
)
# What a statement carries for us is a key or a hash: session keys and data, passwords.
# Ids and digests (hexadecimal) stay, since one looks for them.
_SQL_RULES: tuple[_Rule, ...] = (
    _rule(r"'(?![0-9a-f-]+')[^\s']{20,}'", lambda _: f"'{HIDDEN}'"),
    _rule(r"'(?P<number>\d{8,15})'", lambda match: f"'{_masked(match['number'])}'"),
)


def redact(text: str, *, sql: bool = False) -> str:
    """``text`` with secrets hidden and phone numbers masked; safe to apply twice.

    Bare runs of digits stay as they are, or no duration, id or time could be read;
    numbers are known by their plus, or by the name in front of them. ``sql``: also
    hide what looks like a key or a session in the literals of a statement.
    """
    return _apply((*_RULES, *_SQL_RULES) if sql else _RULES, text)


def _apply(rules: Iterable[_Rule], text: str) -> str:
    for pattern, replace in rules:
        text = pattern.sub(replace, text)
    return text


_SECRET_NAMES = re.compile(rf"(?:{_ALWAYS}|code|state)", re.IGNORECASE)
_PHONE_NAME = re.compile(_PHONE_NAMES, re.IGNORECASE)


def redact_value(value: Any, *, sql: bool = False) -> Any:
    """The same, redacted; what is neither text nor a container of text is kept.

    ``sql``: the value is a statement, or a parameter of one.
    """
    if isinstance(value, str):
        safe = redact(value, sql=sql)
        # A parameter is a literal without its quotes.
        return _apply(_SQL_RULES, f"'{safe}'")[1:-1] if sql else safe
    if isinstance(value, bytes):
        return _if_changed(value, value.decode(errors="replace"), sql=sql)
    if isinstance(value, Mapping):
        return {key: redact_named(str(key), item, sql=sql) for key, item in value.items()}
    if isinstance(value, tuple | list):
        items = [redact_value(item, sql=sql) for item in value]
        return items if isinstance(value, list) else tuple(items)
    if isinstance(value, HttpRequest | BaseException):
        return _if_changed(value, repr(value), sql=sql)
    return value


def redact_named(name: str, value: Any, *, sql: bool = False) -> Any:
    """The value of a field ``name``, redacted: the name may say that it is a secret."""
    if isinstance(value, str) and _SECRET_NAMES.fullmatch(name):
        return value if _HARMLESS.fullmatch(value) else HIDDEN
    if isinstance(value, str) and _PHONE_NAME.fullmatch(name):
        return _masked(value) or value
    return redact_value(value, sql=sql)


def _if_changed(value: Any, text: str, *, sql: bool) -> Any:
    safe = redact_value(text, sql=sql)
    return value if safe == text else safe


_NUMBER_IN_NAME = _rule(rf"(?P<number>{_PLUS}?\d(?:{_SEPARATORS}\d){{6,14}})", _mask)


def redact_name(name: str) -> str:
    """What people call themselves, without a number: user names often are numbers."""
    return redact(_apply([_NUMBER_IN_NAME], name))
