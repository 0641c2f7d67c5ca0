"""Input of the start and of the completion."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from numverify.forms import CompleteForm, StartForm, safe_next

#: Those that mozilla-django-oidc's and Django's own tests refuse.
CLASSIC = [
    "http://example.com",
    "http:///example.com",
    "https://example.com",
    "ftp://example.com",
    r"\\example.com",
    r"\\\example.com",
    r"/\\/example.com",
    r"\\//example.com",
    r"/\/example.com",
    r"\/example.com",
    r"/\example.com",
    r"http:/\//example.com",
    r"http:\/example.com",
    r"http:/\example.com",
    r"/home\page",  # browsers read a slash
    'javascript:alert("XSS")',
    "\njavascript:alert(x)",
    "\x08//example.com",
    r"http://otherserver\@example.com",
    r"http:\\testserver\@example.com",
    r"http://testserver\me:pass@example.com",
    r"http://testserver\@example.com",
    r"http:\\testserver\confirm\me@example.com",
    "http:999999999",
    "ftp:9999999999",
    "\n",
    "http://[2001:cdba:0000:0000:0000:0000:3257:9652/",
    "http://2001:cdba:0000:0000:0000:0000:3257:9652]/",
    "//example.com",
    "///example.com",
    "////example.com",
    "https:example.com",
    "http:example.com",
    "/\t/example.com",
    "/\r\n/example.com",
    "\t//example.com",
    " //example.com",
    " https://example.com",
    "//testserver@example.com",
    "//testserver:80@example.com",
    "http://testserver@example.com",
    "http://testserver.example.com",
    "http://testserverexample.com",
    "http://example.com#testserver",
    "http://example.com?http://testserver",
    "//example.com%2f@testserver:x",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "javascript://testserver/%0aalert(1)",
    "file:///etc/passwd",
    "blob:http://testserver/1",
    "//",
    "https://",
    "",
]
#: Controls and compatibility forms, as in social-core's tests.
UNICODE = [
    "\x00/home",
    "/home\x7f",
    "/home\x85",
    "/ho\u2028me",
    "/ho\u200bme",
    "/ho\u202eme",
    "\ufeff//example.com",
    "/\u00a0/example.com",
    "/\uff0fexample.com",  # NFKC: //example.com
    "\uff0f\uff0fexample.com",
    "/\uff3cexample.com",  # NFKC: /\example.com
    "/\ufe68example.com",
    "\u2100//example.com",  # NFKC: a/c//example.com
    "//example\u2100.testserver",
    "http://example.com\u2048@testserver/",
    "http://testserver\uff20example.com",  # NFKC: @
    "https\uff1a//example.com",
    "http://testserver\uff0f@example.com",
    "http://ex\uff41mple.com",
    "http://\u24d4xample.com",
    "/\ud800",
    "/caf\u00e9",
]
GOOD = [
    "/",
    "/home",
    "/home/?a=1&b=2#c",
    "home",
    "?page=2",
    "/a//b",
    "/path?next=http://example.com",
    "/caf%C3%A9",
    "/%2f/example.com",
    "/%09/example.com",
    "/@example.com",
    "/a:b",
    "http://testserver",
    "http://testserver/home",
    "https://testserver/home",
    "HTTP://testserver/home",
]


def a_request(**meta: Any) -> HttpRequest:
    return RequestFactory().get("/callback", **meta)


@pytest.mark.parametrize("url", CLASSIC + UNICODE)
@pytest.mark.parametrize("secure", [False, True])
def test_hostile_next_urls_lead_nowhere(url: str, *, secure: bool) -> None:
    """T12."""
    assert safe_next(a_request(secure=secure), url) == ""


@pytest.mark.parametrize("url", GOOD)
def test_pages_of_this_site_are_fine(url: str) -> None:
    assert safe_next(a_request(), url) == url


def test_an_https_site_does_not_lead_back_to_http() -> None:
    assert safe_next(a_request(secure=True), "http://testserver/home") == ""
    assert safe_next(a_request(secure=True), "https://testserver/home") != ""


def test_another_port_is_another_site() -> None:
    assert safe_next(a_request(), "http://testserver:8000/") == ""
    on_port = a_request(HTTP_HOST="localhost:3000")
    assert safe_next(on_port, "http://localhost:3000/home") == "http://localhost:3000/home"
    assert safe_next(on_port, "http://localhost/home") == ""


def test_a_long_next_does_not_fit_the_column() -> None:
    assert safe_next(a_request(), "/" + "a" * 1999) != ""
    assert safe_next(a_request(), "/" + "a" * 2000) == ""


@given(st.text(alphabet="/\\:@.?#% \t\nhtps\uff0f\uff3cevil", max_size=20) | st.text(max_size=20))
def test_whatever_passes_stays_here(url: str) -> None:
    """By a second opinion: resolved as browsers do, it has our host."""
    kept = safe_next(a_request(), url)
    if kept:
        browsers = kept.replace("\\", "/").translate(dict.fromkeys(map(ord, "\t\r\n"))).strip()
        parts = urlsplit(urljoin("http://testserver/callback", browsers))
        assert (parts.scheme in ("http", "https"), parts.netloc) == (True, "testserver")


# -- the start -----------------------------------------------------------------------
def start_form(enrolled: str | None = None, **data: Any) -> StartForm:
    return StartForm(data, request=a_request(), enrolled=enrolled)


def test_a_start() -> None:
    form = start_form(phone="+990 1234 5678", next="/home", consent="on", binding="session")
    assert form.is_valid()
    assert form.cleaned_data == {
        "phone": "+99012345678",
        "next": "/home",
        "consent": True,
        "purpose": "check",
        "binding": "session",
        "bind": "",
    }


def test_the_least_start() -> None:
    form = start_form(phone="+99012345678")
    assert form.is_valid()
    assert form.cleaned_data["purpose"] == "check"
    assert form.cleaned_data["binding"] == form.cleaned_data["next"] == ""
    assert form.cleaned_data["consent"] is False


@pytest.mark.parametrize("purpose", ["check", "step_up"])
def test_purposes_that_may_be_asked_for(purpose: str) -> None:
    assert start_form(phone="+99012345678", purpose=purpose).is_valid()


@pytest.mark.parametrize("purpose", ["login", "enrol", "sign_up", "passwordless", "other"])
def test_the_other_purposes_belong_to_their_own_views(purpose: str) -> None:
    form = start_form(phone="+99012345678", purpose=purpose)
    assert list(form.errors) == ["purpose"]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("phone", "", "required"),
        ("phone", "12", "invalid_phone"),
        ("phone", "\ud800", "invalid_phone"),
        ("phone", "+" * 50, "max_length"),
        ("next", "//example.com", "next"),
        ("binding", "none", "invalid_choice"),
    ],
)
def test_faults_have_codes(field: str, value: str, code: str) -> None:
    form = start_form(**{"phone": "+99012345678", field: value})
    assert list(form.errors) == [field]
    assert form.errors.as_data()[field][0].code == code


def test_an_enrolled_number_is_not_asked_for_and_another_is_ignored() -> None:
    """T4."""
    form = start_form(enrolled="+99012345678", phone="+99087654321")
    assert form.is_valid()
    assert "phone" not in form.fields
    assert "phone" not in form.cleaned_data
    assert form.enrolled_mask == "+990 •••• 78"
    assert "+99012345678" not in str(form)


def test_without_an_enrolled_number_there_is_no_mask() -> None:
    assert start_form().enrolled_mask == ""


# -- the completion ------------------------------------------------------------------
def test_a_completion() -> None:
    public_id = uuid.uuid4()
    form = CompleteForm({"id": str(public_id), "completion_code": " K7QP-3M9D "})
    assert form.is_valid()
    assert form.cleaned_data == {
        "id": public_id,
        "completion_code": "K7QP-3M9D",
        "attempt_secret": "",
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "17"),
        ("id", ""),
        ("completion_code", ""),
        ("completion_code", "x" * 65),
        ("attempt_secret", "x" * 65),
        ("completion_code", "a\x00"),
    ],
)
def test_completions_that_cannot_be_meant(field: str, value: str) -> None:
    data = {"id": str(uuid.uuid4()), "completion_code": "x", field: value}
    assert list(CompleteForm(data).errors) == [field]
