"""Nothing secret and no number in a log, whoever wrote the line."""

from __future__ import annotations

import ast
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from numverify import logs
from numverify.redaction import HIDDEN, redact

NUMBER = "+99012345678"
DIGITS = "99012345678"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJqdGkiOiIxIn0.c2lnbmF0dXJl"
PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----"
STATE = "tK3_9aZ-Qw8xLmP0RrVb"
ROOT = Path(__file__).parent.parent


def fail(text: str) -> None:
    raise ValueError(text)


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def log(stream: io.StringIO) -> Iterator[logging.Logger]:
    """A logger whose handler has the filter, as the documentation installs it."""
    handler = logging.StreamHandler(stream)
    handler.addFilter(logs.RedactingFilter())
    logger = logging.getLogger("tests.redaction")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    yield logger
    logger.removeHandler(handler)


def filtered(record: logging.LogRecord) -> logging.LogRecord:
    assert logs.RedactingFilter().filter(record) is True
    return record


def record(message: Any, *args: Any, **extra: Any) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": "x", "msg": message, "args": args or None})
    made.__dict__.update(extra)
    return made


@pytest.mark.parametrize(
    "text",
    [
        f"to {NUMBER}",
        "GET /admin/?q=%2B99012345678 HTTP/1.1",
        "GET /admin/?q=%2B990+1234+5678&p=2 HTTP/1.1",
        "GET /admin/?q=99012345678 HTTP/1.1",
        "login_hint=%252B99012345678",
        "tel:+990 1234-5678",
        "+990 (1234) 5678",
        "\uff0b99012345678",
        '{"phoneNumber": "99012345678"}',
        "{'phone_number': '99012345678'}",
        "phone=99012345678&x=1",
        "?phone__exact=99012345678",
        r"\u002b99012345678",
    ],
)
def test_numbers_are_masked_in_every_spelling(text: str) -> None:
    safe = redact(text)
    assert "1234" not in safe
    assert "+990 •••• 78" in safe
    assert redact(safe) == safe


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"GET /callback?code=EapDCg..B8W1Q&state={STATE} HTTP/1.1", "EapDCg"),
        (f"GET /callback?code=EapDCg..B8W1Q&state={STATE} HTTP/1.1", STATE),
        ("GET /callback?code=smallletters&state=CAPITALS HTTP/1.1", "smallletters"),
        ("GET /callback?code=smallletters&state=CAPITALS HTTP/1.1", "CAPITALS"),
        ("phone=1234567890123456", "1234567890"),
        ("phone=1234567890123456", "56"),
        ("code=abc123XYZ&grant_type=authorization_code", "abc123XYZ"),
        (f"redirect=https%3A%2F%2Fx%2Fcallback%3Fcode%3D1%26state%3D{STATE}", STATE),
        (f"{{'state': '{STATE}'}}", STATE),
        ("?error=server_error&error_description=Jane+Doe", "Jane"),
        ('{"error_description": "Jane Doe, Berlin"}', "Berlin"),
        ('{"access_token": "opaque token", "token_type": "bearer"}', "opaque"),
        (r"{\"access_token\": \"opaque token\"}", "opaque"),
        ("Authorization: Bearer opaque.token", "opaque"),
        ("authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("{'Authorization': 'Bearer opaque'}", "opaque"),
        ("Numverify-Attempt-Secret: s3cret-half", "s3cret"),
        ("Numverify-Receipt: s3cret:half", "s3cret"),
        ('{"attempt_secret": "s3cret-half"}', "s3cret"),
        ('{"completion_code": "K7QP-3M9D"}', "K7QP"),
        ("completion_code=K7QP-3M9D", "K7QP"),
        ("GET /oauth2/auth/operator?ticket=sclROQssd7zYDGp7 HTTP/1.1", "sclROQ"),
        ("GET /handover/0f8fad5b-d9cb-469f-a165-70867728950e.Ab3dEf6hI HTTP/1.1", "Ab3dEf6"),
        ("next=%2Fsna%2Fhandover%2F0f8fad5b-d9cb-469f-a165-70867728950e.Ab3dEf6hI", "Ab3dEf6"),
        (f"jwt {JWT} sent", "eyJ"),
        (f"%22{JWT}%22", "eyJ"),
        (f"key {PEM}", "MIIE"),
        (f"key {PEM!r}", "MIIE"),
        (f"key {PEM[:40]}", "MIIE"),
        ("sessionid=abcdefghij0123456789; csrftoken=zyx", "abcdefghij"),
    ],
)
def test_secrets_are_hidden(text: str, secret: str) -> None:
    safe = redact(text)
    assert secret not in safe
    assert redact(safe) == safe


@pytest.mark.parametrize(
    "text",
    [
        "status code: 403, state: pending",
        '{"code": "PERMISSION_DENIED", "status": 403}',
        "2026-11-23 16:14:18+02:00 took 1700000000123 ns, +3 more",
        "attempt=0f8fad5b-d9cb-469f-a165-70867728950e status=verified ms=120",
        "?phone_hmac__in=12345678901234567890 phone_mask=+49 •••• 78",
        'https://api-eu.vonage.com:443 "POST /oauth2/token HTTP/1.1" 200 12',
    ],
)
def test_harmless_lines_stay_readable(text: str) -> None:
    assert redact(text) == text


def test_a_hostile_line_is_done_in_linear_time() -> None:
    for piece in ("eyJ", "+1", "code='code=\"", "bearer ", "?q=%2B", "'", "access_token "):
        redact(piece * 20_000, sql=True)  # quadratic patterns would take minutes


def test_message_and_arguments(log: logging.Logger, stream: io.StringIO) -> None:
    log.info("verifying %s with %s", NUMBER, JWT)
    assert stream.getvalue() == "verifying +990 •••• 78 with [JWT]\n"


def test_arguments_stay_arguments_for_access_log_formatters() -> None:
    made = filtered(record('%s "%s" %d', "127.0.0.1", f"/callback?state={STATE}", 303))
    assert made.args == ("127.0.0.1", f"/callback?state={HIDDEN}", 303)


@pytest.mark.parametrize("args", [None, ()])
def test_a_message_with_percent_signs_and_no_arguments(args: Any) -> None:
    made = filtered(record("GET /?q=%2B99012345678 HTTP/1.1", args=args))
    assert made.getMessage() == "GET /?q=+990 •••• 78 HTTP/1.1"


def test_a_secret_that_only_the_whole_message_shows() -> None:
    made = filtered(record("access_token=%s", "opaque"))
    assert made.getMessage() == f"access_token={HIDDEN}"


def test_a_record_without_secrets_is_left_alone() -> None:
    args, value = ("a", 1), object()
    made = filtered(record("%s %d", thing=value, count=12345678, args=args))
    assert made.msg == "%s %d"
    assert made.args is args
    assert made.__dict__["thing"] is value
    assert made.__dict__["count"] == 12345678


def test_tracebacks_and_stacks(log: logging.Logger, stream: io.StringIO) -> None:
    try:
        fail(f"no {NUMBER}, {JWT}")
    except ValueError:
        log.exception("failed", stack_info=True)
    text = stream.getvalue()
    assert "Traceback" in text
    assert "+990 •••• 78, [JWT]" in text
    assert DIGITS not in text
    assert "Stack (most recent call last)" in text


def test_no_later_handler_renders_the_error_anew() -> None:
    error = ValueError(NUMBER)
    made = filtered(record("failed", exc_info=(ValueError, error, None)))
    assert made.exc_info is None
    assert made.exc_text == "ValueError: +990 •••• 78"


def test_a_traceback_without_secrets_is_kept_for_error_trackers() -> None:
    info = (ValueError, ValueError("plain"), None)
    assert filtered(record("failed", exc_info=info)).exc_info is info


def test_cached_traceback_and_stack_text() -> None:
    made = filtered(record("failed", exc_text=f"E: {NUMBER}", stack_info=f"File {NUMBER}"))
    assert made.exc_text == "E: +990 •••• 78"
    assert made.stack_info == "File +990 •••• 78"


@pytest.mark.parametrize("message", ["%s %s", "%d"])
def test_a_record_that_does_not_format_is_kept_and_safe(message: str) -> None:
    made = filtered(record(message, NUMBER))
    assert made.getMessage() == f"{message} (arguments do not fit)"


def test_it_never_raises() -> None:
    class Hostile:
        def __str__(self) -> str:
            raise RuntimeError(NUMBER)

        __repr__ = __str__

    made = filtered(record(Hostile()))
    assert made.getMessage() == "(a record that could not be redacted: RuntimeError)"


def test_extra_values() -> None:
    made = filtered(
        record(
            "x",
            state=STATE,
            phone=DIGITS,
            body=f'{{"access_token": "{STATE}"}}'.encode(),
            data={"code": "EapDCg..B8W1Q", "list": [NUMBER, 1, None], "tuple": (JWT,)},
            error=ValueError(NUMBER),
            request=RequestFactory().get("/callback", {"code": "EapDCg", "state": STATE}),
        )
    )
    extra = made.__dict__
    assert extra["state"] == HIDDEN
    assert extra["phone"] == "+990 •••• 78"
    assert extra["body"] == f'{{"access_token": "{HIDDEN}"}}'
    assert extra["data"] == {
        "code": HIDDEN,
        "list": ["+990 •••• 78", 1, None],
        "tuple": ("[JWT]",),
    }
    assert DIGITS not in str(extra["error"])
    assert extra["request"] == f"<WSGIRequest: GET '/callback?code={HIDDEN}&state={HIDDEN}'>"


def test_a_request_without_secrets_stays_for_mail_admins() -> None:
    request = RequestFactory().get("/attempts/1")
    assert filtered(record("x", request=request)).__dict__["request"] is request


@pytest.mark.django_db
def test_statements_of_django_db_backends(stream: io.StringIO) -> None:
    handler = logging.StreamHandler(stream)
    handler.addFilter(logs.RedactingFilter())
    seen: list[logging.LogRecord] = []
    handler.addFilter(lambda each: seen.append(each) or True)  # type: ignore[func-returns-value]
    logger = logging.getLogger("django.db.backends")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        with CaptureQueriesContext(connection):
            user = User.objects.create_user("ann", last_name=NUMBER, first_name=DIGITS)
            session = SessionStore()
            session["numverify_nonce"] = "n" * 40
            session.save()
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
    dump = stream.getvalue() + "".join(f"{each.__dict__}" for each in seen)
    assert "django_session" in dump
    assert "•••• 78" in dump
    data = Session.objects.get(pk=session.session_key).session_data
    for secret in (DIGITS, str(session.session_key), data, user.password):
        assert secret not in dump


def test_hexadecimal_ids_stay_in_statements() -> None:
    line = "WHERE a = '0f8fad5bd9cb469fa16570867728950e' AND b = 'K7QP3M9D'"
    assert redact(line, sql=True) == line


# -- our own records ----------------------------------------------------------------------
def test_an_event_is_readable_and_structured(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "numverify"):
        logs.event("upstream_call", call="token", ms=12, reason="", http_status=None)
    made = caplog.records[-1]
    assert made.getMessage() == "upstream_call call=token ms=12"
    assert made.__dict__["event"] == "upstream_call"
    assert made.__dict__["ms"] == 12
    assert "http_status" not in made.__dict__


def test_an_event_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "numverify"):
        logs.event("attempt_settled", reason="a\r\nfake \x1b[31mline\u2028")
    assert caplog.records[-1].getMessage() == "attempt_settled reason=a??fake ?[31mline?"


def test_json_lines(log: logging.Logger, stream: io.StringIO) -> None:
    log.handlers[0].setFormatter(logs.JsonFormatter())
    extra = {"event": "attempt_settled", "status": "failed", "ms": 7, "unknown": NUMBER}
    log.warning("attempt_settled %s", NUMBER, extra=extra)
    line = json.loads(stream.getvalue())
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "WARNING",
        "logger": "tests.redaction",
        "message": "attempt_settled +990 •••• 78",
        "event": "attempt_settled",
        "status": "failed",
        "ms": 7,
    }


def test_json_lines_of_others_and_of_errors(log: logging.Logger, stream: io.StringIO) -> None:
    log.handlers[0].setFormatter(logs.JsonFormatter())
    try:
        fail(NUMBER)
    except ValueError:
        log.exception("failed", stack_info=True, extra={"status": "not ours"})
    line = json.loads(stream.getvalue())
    assert line["exception"].endswith("ValueError: +990 •••• 78")
    assert line["stack"].startswith("Stack")
    assert "status" not in line


def test_json_of_an_untouched_error(log: logging.Logger, stream: io.StringIO) -> None:
    log.handlers[0].setFormatter(logs.JsonFormatter())
    try:
        fail("plain")
    except ValueError:
        log.exception("failed")
    assert json.loads(stream.getvalue())["exception"].endswith("ValueError: plain")


def _events() -> Iterator[tuple[str, set[str]]]:
    """Every call of ``event()`` or ``announce()`` in the package: its name, its fields."""
    for path in sorted((ROOT / "numverify").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args and _called(node.func) in _LOGGING_CALLS:
                fields = {word.arg for word in node.keywords if word.arg and word.arg != "level"}
                first = node.args[0]
                yield str(first.value) if isinstance(first, ast.Constant) else "", fields


_LOGGING_CALLS = {"event", "announce"}


def _called(function: ast.expr) -> str:
    return str(getattr(function, "attr", getattr(function, "id", "")))


def test_every_event_and_field_is_documented() -> None:
    page = (ROOT / "docs" / "logging.md").read_text()
    calls = list(_events())
    assert calls
    for name, fields in calls:
        assert not name or f"`{name}`" in page, name
        assert fields <= set(logs.FIELDS), name
    assert all(f"`{field}`" in page for field in logs.FIELDS)
