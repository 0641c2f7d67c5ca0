"""The pages as they are rendered, without the views, for the tests that look at them."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils.safestring import mark_safe

from numverify import forms, wording
from numverify.models import Status, VerificationAttempt

NUMBER = "+99012345678"
MASK = "+990 •••• 78"
AUTH_URL = "https://api-eu.vonage.com/oauth2/auth?a=1&state=abc"
HANDOVER_URL = "http://testserver/handover/Ab3_Ab3_Ab3_Ab3_Ab3_"
FOLDER = Path(__file__).parent.parent / "numverify/templates/numverify"
PAGES = ("base", "login", "attempt", "handover", "code", "error")


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
            "continue_url": "",
            "restart_url": "/login",
            "cancel_form": pending,
        }
        | context,
    )


def login_page(data: dict[str, str] | None = None, **context: Any) -> Page:
    request = RequestFactory().get("/login")
    form = forms.StartForm(data, request=request, enrolled=context.pop("enrolled", None))
    return render("login", **{"form": form, "consent_text": "", "is_virtual": False} | context)


def handover_page(**context: Any) -> Page:
    attempt = context.pop("attempt", row(binding="completion"))
    words = wording.for_attempt(attempt)
    return render("handover", attempt=attempt, wording=words, auth_url=AUTH_URL, **context)


def error_page(code: str = "other_browser", status: int = 403) -> Page:
    words = wording.for_error(code)
    return render("error", code=code, wording=words, status=status, restart_url="/login")


def every_page() -> list[Page]:
    code_form = forms.CompleteForm()
    return [
        login_page(is_virtual=True, consent_text="Words of the owner."),
        login_page({"phone": "12"}),
        login_page(enrolled=NUMBER),
        attempt_page(row(), auth_url=AUTH_URL),
        attempt_page(row(), handover_url=HANDOVER_URL, handover_qr=mark_safe("<svg></svg>")),
        attempt_page(row(status="awaiting_completion"), code_form=code_form),
        *(attempt_page(row(status=status)) for status in Status.values),
        handover_page(bound=False),
        handover_page(bound=True),
        handover_page(bound=True, attempt=row(status="expired")),
        render("code", attempt=row(), completion_code="K7QP-3M9D", seconds=180),
        error_page(),
    ]
