"""Structured log records, and the filter that keeps secrets and numbers out of all others.

The fields of our own records, and how to install the filter: ``docs/logging.md``.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from .redaction import redact, redact_named, redact_value

logger = logging.getLogger("numverify")

#: The documented fields of :func:`event`, in the order in which they are written.
FIELDS = (
    "attempt",
    "status",
    "reason",
    "call",
    "http_status",
    "ms",
    "correlator",
    "purpose",
    "binding",
    "channel",
    "environment",
    "provider",
    "bucket",
    "seconds",
    "error",
)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def event(name: str, level: int = logging.INFO, **fields: Any) -> None:
    """Log ``name`` with documented fields, as ``extra`` and readable in the message.

    Fields that are None or empty are left out. Control characters are replaced: a value
    must not be able to write a line of its own into the log.
    """
    kept = {key: _plain(value) for key, value in fields.items() if value not in (None, "")}
    text = " ".join(f"{key}={value}" for key, value in kept.items())
    logger.log(level, "%s %s", name, text, extra={"event": name, **kept})


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float) else _CONTROLS.sub("?", str(value))


class JsonFormatter(logging.Formatter):
    """One JSON object a line: ``time``, ``level``, ``logger``, ``message``, our fields.

    Other ``extra`` attributes are left out: nobody knows what they hold.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if hasattr(record, "event"):
            names = ("event", *FIELDS)
            line |= {name: getattr(record, name) for name in names if hasattr(record, name)}
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        if record.exc_text:
            line["exception"] = record.exc_text
        if record.stack_info:
            line["stack"] = record.stack_info
        return json.dumps(line, ensure_ascii=False, default=str)


class RedactingFilter(logging.Filter):
    """Redacts whole records: message, arguments, traceback, stack, ``extra``.

    For the ``filters`` of a *handler*: the filters of a logger do not see the records
    of its children (``urllib3.connectionpool``). Never drops a record and never raises.
    A record without secrets stays as it is; one with secrets is changed for the
    handlers after this one as well.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        sql = hasattr(record, "sql")
        try:
            _redact_message(record, sql=sql)
            _redact_traceback(record)
            _redact_extra(record, sql=sql)
        except Exception as error:  # noqa: BLE001 - a record must be neither lost nor leaked
            record.msg = f"(a record that could not be redacted: {type(error).__name__})"
            record.args = record.exc_info = record.exc_text = record.stack_info = None
        return True


def _redact_message(record: logging.LogRecord, *, sql: bool) -> None:
    try:
        text = record.getMessage()
    except Exception:  # noqa: BLE001 - logging would print message and arguments to stderr
        record.msg, record.args = redact(f"{record.msg} (arguments do not fit)"), None
        return
    safe = redact(text, sql=sql)
    if safe == text:
        return
    # Formatters that unpack the arguments (access logs) go on working where they can.
    args = redact_value(record.args, sql=sql)
    if _rendered(record.msg, args) == safe:
        record.args = args
    else:
        record.msg, record.args = safe, None


def _rendered(message: Any, args: Any) -> str | None:
    try:
        text: str = str(message) % args
    except Exception:  # noqa: BLE001 - the arguments are anybody's objects
        return None
    return text


def _redact_traceback(record: logging.LogRecord) -> None:
    if record.exc_info and record.exc_info[0] and not record.exc_text:
        text = logging.Formatter().formatException(record.exc_info)
        if redact(text) != text:
            # Formatters print `exc_text`; those that render anew must not find the error.
            record.exc_text, record.exc_info = redact(text), None
    elif record.exc_text:
        record.exc_text = redact(record.exc_text)
    if record.stack_info:
        record.stack_info = redact(record.stack_info)


_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}


def _redact_extra(record: logging.LogRecord, *, sql: bool) -> None:
    for name, value in list(record.__dict__.items()):
        if name not in _STANDARD:
            record.__dict__[name] = redact_named(name, value, sql=sql)
