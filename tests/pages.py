"""The pages as they are rendered, without the views, for the tests that look at them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.test import RequestFactory

from numverify import binds, forms, wording
from numverify.enrolled import EnrolledNumber
from numverify.models import Status, VerificationAttempt
from numverify.views import qr

NUMBER = "+99012345678"
MASK = "+990 •••• 78"
AUTH_URL = "https://api-eu.vonage.com/oauth2/auth?a=1&state=abc"
HANDOVER_URL = "http://testserver/handover/Ab3_Ab3_Ab3_Ab3_Ab3_"
FOLDER = Path(__file__).parent.parent / "numverify/templates/numverify"
PAGES = (
    *("base", "login", "attempt", "handover", "code", "error"),
    *("numbers", "number_add", "number_remove"),
)


class Page(HTMLParser):
    """Elements in the order of the page: ``(name, attributes)``."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        return [
            attributes
            for name, attributes in self.elements
            if name == tag and all(attributes.get(key) == value for key, value in wanted.items())
        ]


def render(name: str, **context: Any) -> Page:
    request = RequestFactory().get("/somewhere")
    request.user = AnonymousUser()
    return Page(render_to_string(f"numverify/{name}.html", context, request=request))


def row(**values: Any) -> VerificationAttempt:
    defaults = {"status": "pending", "phone": NUMBER, "phone_mask": MASK, "binding": "session"}
    return VerificationAttempt(**defaults | values)


def attempt_page(attempt: VerificationAttempt, **context: Any) -> Page:
    pending = attempt.status == Status.PENDING
    return render(
        "attempt",
        **{
            "attempt": attempt,
            "wording": wording.for_attempt(attempt),
            "auth_url": "",
            "handover_url": "",
            "handover_qr": "",
            "code_form": None,
            "refresh_seconds": 0 if attempt.is_terminal else 3,
            "seconds_left": 300 if pending or context.get("code_form") else 0,
            "minutes_left": 5,
            "continue_url": "",
            "restart_url": "/login",
            "cancel_form": pending,
        }
        | context,
    )


def login_page(data: dict[str, str] | None = None, **context: Any) -> Page:
    request = RequestFactory().get("/login")
    request.user = AnonymousUser()
    summary = context.pop("summary", "")
    initial = {"bind": binds.seal(binds.Offer("00", summary), request.user)} if summary else {}
    enrolled = context.pop("enrolled", None)
    form = forms.StartForm(data, request=request, enrolled=enrolled, initial=initial)
    return render("login", **{"form": form, "consent_text": "", "is_virtual": False} | context)


def handover_page(**context: Any) -> Page:
    attempt = context.pop("attempt", row(binding="completion"))
    words = wording.for_attempt(attempt)
    return render("handover", attempt=attempt, wording=words, auth_url=AUTH_URL, **context)


def error_page(code: str = "other_browser", status: int = 403) -> Page:
    words = wording.for_error(code)
    return render("error", code=code, wording=words, status=status, restart_url="/login")


def enrolled(**values: Any) -> EnrolledNumber:
    now = datetime(2026, 11, 1, 12, tzinfo=UTC)
    proven = {"phone": NUMBER, "phone_mask": MASK, "confirmed_at": now, "last_proven_at": now}
    return EnrolledNumber(**proven | values)


def numbers_page(*rows: EnrolledNumber, note: str = "", **context: Any) -> Page:
    listed = [{"number": row, "is_stale": row.primary is None} for row in rows]
    said = wording.for_note(note) if note else None
    may = {"may_change": True, "may_add": True}
    return render("numbers", numbers=listed, note=said, **may | context)


def number_page(number: EnrolledNumber | None = None, data: Any = None, **context: Any) -> Page:
    request = RequestFactory().get("/numbers/add")
    request.user = AnonymousUser()
    known = number.phone if number else None
    form = forms.NumberForm(data, request=request, enrolled=known)
    context = {"consent_text": "", "is_virtual": False} | context
    return render("number_add", form=form, number=number, **context)


def _in_status(status: str) -> Page:
    return attempt_page(row(status=status))


def _form_with_wrong_code() -> forms.CompleteForm:
    form = forms.CompleteForm({"id": str(row().public_id), "completion_code": "AAAA-AAAA"})
    form.add_error("completion_code", str(wording.for_error("wrong_code").text))
    return form


#: Every page and every state of it that people can meet, by a name for the tests' reports.
STATES: dict[str, Callable[[], Page]] = {
    "login": lambda: login_page(is_virtual=True, consent_text="Words of the owner."),
    "login with errors": lambda: login_page({"phone": "12"}),
    "login enrolled": lambda: login_page(enrolled=NUMBER),
    "login to confirm": lambda: login_page(enrolled=NUMBER, summary="120.00 EUR, Ada"),
    "pending here": lambda: attempt_page(row(), auth_url=AUTH_URL),
    "pending elsewhere": lambda: attempt_page(
        row(), handover_url=HANDOVER_URL, handover_qr=qr.svg(HANDOVER_URL)
    ),
    "code wanted": lambda: attempt_page(
        row(status="awaiting_completion"), code_form=forms.CompleteForm()
    ),
    "code wrong": lambda: attempt_page(
        row(status="awaiting_completion"), code_form=_form_with_wrong_code()
    ),
    **{status: partial(_in_status, status) for status in Status.values},
    "failed and why": lambda: attempt_page(
        row(status="failed", reason="not_mobile_network", user_id=1, environment="virtual")
    ),
    "verified and on": lambda: attempt_page(row(status="verified"), continue_url="/vault"),
    "hand-over": lambda: handover_page(bound=False),
    "hand-over accepted": lambda: handover_page(bound=True),
    "hand-over spent": lambda: handover_page(bound=True, attempt=row(status="expired")),
    "code": lambda: render("code", attempt=row(), completion_code="K7QP-3M9D", seconds=180),
    "error": error_page,
    "numbers": lambda: numbers_page(enrolled(primary=True), enrolled(), note="added"),
    "numbers closed": lambda: numbers_page(enrolled(primary=True), may_change=False),
    "no numbers": numbers_page,
    "number added": lambda: number_page(consent_text="Words of the owner."),
    "number with errors": lambda: number_page(data={"phone": "12"}),
    "number again": lambda: number_page(enrolled()),
    "number removed": lambda: render("number_remove", number=enrolled(), is_last=False),
    "last number removed": lambda: render("number_remove", number=enrolled(), is_last=True),
}


def every_page() -> list[Page]:
    return [make() for make in STATES.values()]
