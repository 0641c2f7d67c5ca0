"""A whole verification through the site's own views: the person, the phone, the operator."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.test import Client
from django.urls import reverse

from .. import phone as numbers
from ..conf import conf
from ..models import Binding, Purpose, Status, VerificationAttempt
from .device import Phone
from .pages import REDIRECTS, form_of, is_json, link_on, path_of, told_by
from .site import is_https

#: What a number plays, by how it ends: docs/virtual-operator.md has the faults, too.
VERIFIED, NOT_VERIFIED, CANNOT_TELL = "+99012345678", "+9902345601", "+99012345699"

_OK = 200
_MAX_REDIRECTS = 5
_HTML, _JSON = {"accept": "text/html"}, {"accept": "application/json"}


@dataclass(frozen=True, slots=True)
class Walk:
    """How a verification ended.

    Args:
        attempt: the record, as it is stored now.
        response: the last answer that the client got: the redirect to ``next`` or to
            the attempt's page, that page if the phone never came back, or JSON.
    """

    attempt: VerificationAttempt
    response: Any = field(repr=False)

    @property
    def verified(self) -> bool:
        return self.attempt.status == Status.VERIFIED


def verify_number(
    phone: Phone,
    client: Client,
    number: str = "",
    *,
    purpose: str = Purpose.CHECK,
    next: str = "",  # noqa: A002 - the parameter's name everywhere
    after: Any = None,
    binding: str = Binding.SESSION,
    as_json: bool = False,
) -> Walk:
    """Start at ``numverify:login`` as ``client`` and walk to the end.

    Args:
        client: Django's test client, logged in where the site asks for that. As JSON
            and without cookies it is a native app: it holds the attempt's secret.
        number: decides the outcome. By default the user's enrolled number, or one that
            verifies. A user who has an enrolled number always verifies that one.
        after: the answer of a view that asked for a step-up: goes on where it leads,
            with its purpose, its ``next`` and what it is bound to.
        binding: ``"completion"``: the page hands over to another phone's browser, and
            the person types its code. As JSON the site decides.

    Raises:
        AssertionError: the site refused to start; the message says with which answer.
    """
    before = _newest()
    if as_json:
        fields = {"purpose": purpose, "next": next or None, "phone": number or VERIFIED}
        response = _post_json(client, reverse("numverify:login"), {**fields, "consent": True})
    else:
        query = {"purpose": purpose, "next": next}
        url = _start_url(after) if after else f"{reverse('numverify:login')}?{urlencode(query)}"
        answers = {"phone": number or VERIFIED, "consent": "on", "binding": binding}
        response = _submit(client, url, answers)
    attempt = _newest()
    if attempt is None or attempt == before:
        raise AssertionError(f"No attempt was started: {told_by(response)}.")
    if number and attempt.phone != numbers.normalise(number):
        raise AssertionError(f"The user's enrolled number was asked for: {attempt.phone_mask}.")
    last = follow(phone, client, response)
    attempt.refresh_from_db()
    return Walk(attempt, last)


def follow(phone: Phone, client: Client, response: Any) -> Any:
    """Go on from an answer that began an attempt, whichever view gave it.

    Args:
        response: the redirect to the attempt's page, that page, or the JSON of a start.

    Returns the last answer to ``client``, as :class:`Walk` has it.
    """
    response = _landed(client, response)
    if is_json(response):
        return _follow_json(phone, client, response)
    link = link_on(response, phone.operator_url)
    if not link:
        return _hand_over(phone, client, response)
    callback = phone.open(link)
    return _get(client, callback, _HTML) if callback else response


def _start_url(answer: Any) -> str:
    """Where a view that asked for a step-up sends people, or programs."""
    url = answer.json().get("start_url") if is_json(answer) else answer.get("Location")
    if not url:
        raise AssertionError(f"This answer leads to no verification: {told_by(answer)}.")
    return str(url)


def _submit(client: Client, url: str, answers: dict[str, str]) -> Any:
    """Fill in the page that asks for the number, as a person does."""
    page = _get(client, url, _HTML)
    if page.status_code != _OK:
        return page
    fields = form_of(page, "purpose")
    return _post(client, reverse("numverify:login"), {**fields, **answers})


def _follow_json(phone: Phone, client: Client, response: Any) -> Any:
    """As a single-page app (its own session) or as a native app (both halves)."""
    started = response.json()
    callback = phone.open(started["auth_url"]) if "auth_url" in started else ""
    if not callback:
        return response
    if started["binding"] == Binding.SESSION:
        return _get(client, callback, _HTML)
    # The phone's own HTTP client: it has none of the site's cookies.
    answer = _get(Client(), callback, _JSON)
    halves = {
        "id": started["id"],
        "completion_code": answer.json().get("completion_code"),
        "attempt_secret": started.get("attempt_secret"),
    }
    if not halves["completion_code"]:
        return answer
    return _post_json(client, reverse("numverify:complete"), halves)


def _hand_over(phone: Phone, client: Client, page: Any) -> Any:
    """Another phone's browser takes the page's QR code; the person types what it shows."""
    link = link_on(page, reverse("numverify:handover", args=["-"]).removesuffix("-"))
    if not link:
        return page  # it ended at the start, or this is no page of an attempt
    browser = Client()
    _post(browser, path_of(link), {})
    auth_url = link_on(_get(browser, link, _HTML), phone.operator_url)
    callback = phone.open(auth_url) if auth_url else ""
    answer = _get(browser, callback, _JSON).json() if callback else {}
    form = form_of(_landed(client, _get(client, page.request["PATH_INFO"], _HTML)), "id")
    if "completion_code" not in answer:
        return page
    code = {"completion_code": answer["completion_code"]}
    return _post(client, reverse("numverify:complete"), {**form, **code})


def _landed(client: Client, response: Any) -> Any:
    """The page that a redirect leads to."""
    for _ in range(_MAX_REDIRECTS):
        if response.status_code not in REDIRECTS:
            break
        response = _get(client, response["Location"], _HTML)
    return response


def _get(client: Client, url: str, headers: dict[str, str]) -> Any:
    return client.get(path_of(url), headers=headers, secure=is_https())


def _post(client: Client, path: str, fields: dict[str, str]) -> Any:
    headers = {**_HTML, **_from_here(client, path)}
    return client.post(path, fields, headers=headers, secure=is_https())


def _post_json(client: Client, path: str, fields: dict[str, Any]) -> Any:
    cookie = client.cookies.get(conf.django("CSRF_COOKIE_NAME"))
    headers = {**_JSON, **_from_here(client, path)}
    if cookie:
        headers["x-csrftoken"] = cookie.value
    return client.post(
        path,
        json.dumps(fields),
        content_type="application/json",
        headers=headers,
        secure=is_https(),
    )


def _from_here(client: Client, path: str) -> dict[str, str]:
    """What browsers tell of a page, and Django's CSRF check wants to hear over HTTPS."""
    host = client.defaults.get("SERVER_NAME", "testserver")
    return {"referer": f"{'https' if is_https() else 'http'}://{host}{path}"}


def _newest() -> VerificationAttempt | None:
    return VerificationAttempt.objects.order_by("-pk").first()
