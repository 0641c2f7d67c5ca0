from __future__ import annotations

from typing import Any

import pytest

from numverify.handset.display import redacted_url, safe_sentence, safe_word


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://h/callback?code=abc&state=xyz", "http://h/callback?code=…&state=…"),
        ("https://h:8443/a?x=1&y=2&z=3&w=4", "https://h:8443/a?x=…&y=…&z=…&…"),
        ("https://user:pass@h/a#token=1", "https://h/a"),
        ("https://h/a?+99012345678=1", "https://h/a?…=…"),
        ("https://h/a?code", "https://h/a?code=…"),
        ("https://h/\x1b[31m\u202e", "https://h/ [31m "),
        ("http://h/" + "p" * 500, "http://h/" + "p" * 59),
        ("http://[::1", "…"),
        ("http://h:port/", "…"),
    ],
)
def test_redacted_url(url: str, shown: str) -> None:
    assert redacted_url(url) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("They said no.", "They said no."),
        ("Sent +99012345678 away", "Sent … away"),
        ("Sent 990 1234-5678 away", "Sent … away"),
        ("token eyJhbGciOiJSUzI1NiJ9.e30.abc leaked", "token … leaked"),
        ("\x1b[2Jred\r\nline", "[2Jred  line"),
        ("HTTP 503", "HTTP 503"),
        ("word " * 200, ("word " * 40).strip()),
        (None, ""),
        (7, ""),
    ],
)
def test_safe_sentence(text: Any, shown: str) -> None:
    assert safe_sentence(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("access_denied", "access_denied"),
        ("INVALID.TOKEN", "INVALID.TOKEN"),
        ("no word", ""),
        ("x" * 41, ""),
        ("99012345678", ""),
        (True, ""),
    ],
)
def test_safe_word(text: Any, shown: str) -> None:
    assert safe_word(text) == shown
