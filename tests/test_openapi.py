"""``openapi.json`` says what the views do: each status and each code of it is provoked.

Every answer is validated against the schema of its operation and status; a status or a
code that is not described fails, and so does one that no scenario here brings about.
"""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any, cast
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone
from jsonschema import Draft202012Validator, ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT202012

import numverify
from numverify import flow, forms, numbers
from numverify.defaults import DEFAULT_LIMITS
from numverify.exceptions import ProviderError, Reason
from numverify.models import Binding, Purpose, Status, VerificationAttempt
from numverify.querysets import AttemptQuerySet
from numverify.views.attempts import SECRET_HEADER
from numverify.views.openapi import description
from numverify.wording.errors import ERRORS
from numverify.wording.reasons import REASONS

from .fakes import Script, no_answer
from .views.clients import PHONE, Browser, post_json, program, start_without_session

pytestmark = pytest.mark.django_db

DOCUMENT = description()
_URI = "urn:numverify:openapi"
_REGISTRY: Registry[Any] = Registry().with_resource(_URI, DRAFT202012.create_resource(DOCUMENT))
OPERATIONS = {
    operation["operationId"]: (method, path)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
}


def pointer(*parts: str) -> str:
    return "/".join(part.replace("~", "~0").replace("/", "~1") for part in parts)


def check(reference: str, instance: Any) -> None:
    """Raise unless ``instance`` is what the part of the document says."""
    schema = {"$ref": f"{_URI}#/{reference}"}
    validator = Draft202012Validator(
        schema, registry=_REGISTRY, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    validator.validate(instance)


def check_answer(operation: str, answer: Any) -> None:
    """Raise unless ``answer`` is described: its status, its headers, its body."""
    method, path = OPERATIONS[operation]
    responses = DOCUMENT["paths"][path][method]["responses"]
    status = str(answer.status_code)
    assert status in responses, f"{operation} does not describe {status}"
    check_headers(responses[status].get("headers", {}), answer)
    content = responses[status].get("content", {})
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    if not content:
        assert answer.content == b""
    else:
        assert kind in content
    if kind == "application/json":
        place = ("paths", path, method, "responses", status, "content", kind, "schema")
        check(pointer(*place), json.loads(answer.content))


def check_headers(described: dict[str, Any], answer: Any) -> None:
    shared = DOCUMENT["components"]["headers"]
    every = {name: header for name, header in shared.items() if header.get("x-every-answer")}
    assert len(every) == 5
    own = {name: shared[header["$ref"].rpartition("/")[2]] for name, header in described.items()}
    for name, header in (every | own).items():
        value = answer.headers.get(name)
        if value is not None or header.get("required"):
            Draft202012Validator(header["schema"]).validate(value)
    rare = {"Retry-After", "Location", "Allow"} & set(answer.headers)
    assert rare <= own.keys(), "a header that is not described"
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


# -- the scenarios ----------------------------------------------------------------------


@dataclasses.dataclass
class Site:
    """What a scenario may turn."""

    script: Script
    configure: Callable[..., None]
    alice: User

    def app(self, **headers: str) -> Client:
        return Client(enforce_csrf_checks=True, headers=headers or None)

    def login(self, body: Any = None, **headers: str) -> Any:
        return post_json(
            self.app(), "/login", {"phone": PHONE} if body is None else body, **headers
        )

    def start(self, **fields: Any) -> dict[str, Any]:
        return start_without_session(program(), **fields)

    def back(self, client: Any = None, **headers: str) -> Any:
        query = {"state": self.script.last_state, "code": "abc"}
        return (client or program()).get("/callback", query, headers=headers or None)

    def ready(self) -> dict[str, Any]:
        """What ``/complete`` takes for an attempt that waits for its code."""
        started = self.start()
        code = self.back().json()["completion_code"]
        secret = started["attempt_secret"]
        return {"id": started["id"], "completion_code": code, "attempt_secret": secret}

    def complete(self, body: Any, **headers: str) -> Any:
        return post_json(program(), "/complete", body, **headers)

    def poll(self, started: dict[str, Any], method: str = "get", **headers: str) -> Any:
        headers = {SECRET_HEADER.lower(): started["attempt_secret"], **headers}
        send = getattr(program(), method)
        return send(f"/attempts/{started['id']}", headers=headers)

    def user_is(self, user: User | None) -> None:
        """Whom a token names; None: it is refused."""

        def named(request: Any) -> User:
            if user is None:
                raise PermissionDenied
            return user

        self.configure(JSON_USER=named)


Provoke = Callable[[Site], Any]
#: Operation, status and code (``""``: none), and how to bring it about.
SCENARIOS: list[tuple[str, int, str, Provoke]] = []


def scenario(operation: str, status: int, code: str = "") -> Callable[[Provoke], Provoke]:
    def keep(provoke: Provoke) -> Provoke:
        SCENARIOS.append((operation, status, code, provoke))
        return provoke

    return keep


def shared(*operations: str) -> Callable[[Callable[[Site, str], Any]], None]:
    """A scenario of several operations, which gets the operation's name."""

    def keep(provoke: Callable[[Site, str], Any]) -> None:
        status, code = provoke.__doc__.split() if provoke.__doc__ else ("", "")
        for name in operations:
            SCENARIOS.append((name, int(status), code, partial(_swapped, provoke, name)))

    return keep


def _swapped(provoke: Callable[[Site, str], Any], word: str, site: Site) -> Any:
    return provoke(site, word)


def send(site: Site, operation: str, **headers: str) -> Any:
    """A request of the operation that would succeed."""
    if operation == "start":
        return site.login(**headers)
    if operation == "callback":
        site.start()
        return site.back(**headers)
    if operation == "complete":
        return site.complete(site.ready(), **headers)
    if operation == "openapi":
        return program().get("/openapi.json", headers=headers or None)
    return site.poll(site.start(), "get" if operation == "attempt" else "post", **headers)


# 200 and other successes
@scenario("start", 200)
def _(site: Site) -> Any:
    return site.login()


@scenario("start", 200)
def _(site: Site) -> Any:
    return Browser().post_json("/login", {"phone": PHONE, "next": "/"})


@scenario("start", 200)
def _(site: Site) -> Any:
    return Browser().post_json("/login", {"phone": PHONE, "binding": "completion"})


@scenario("callback", 200)
def _(site: Site) -> Any:
    site.start()
    return site.back()


@scenario("callback", 200)
def _(site: Site) -> Any:
    site.start()
    return site.back(accept="text/html")


@scenario("callback", 200)
def _(site: Site) -> Any:
    site.script.verified = False
    site.start()
    return site.back()


@scenario("callback", 204)
def _(site: Site) -> Any:
    site.start()
    return site.back(**{"sec-purpose": "prefetch"})


@scenario("callback", 303)
def _(site: Site) -> Any:
    browser = Browser()
    browser.start()
    return site.back(browser.client)


@scenario("complete", 200)
def _(site: Site) -> Any:
    return site.complete(site.ready())


@scenario("complete", 200)
def _(site: Site) -> Any:
    """A step-up of a token's user: with a receipt."""
    site.user_is(site.alice)
    started = site.start(purpose="step_up")
    code = site.back().json()["completion_code"]
    secret = started["attempt_secret"]
    body = {"id": started["id"], "completion_code": code, "attempt_secret": secret}
    answer = site.complete(body)
    assert answer.json()["receipt"]
    return answer


@scenario("attempt", 200)
def _(site: Site) -> Any:
    return site.poll(site.start())


@scenario("attempt", 200)
def _(site: Site) -> Any:
    return site.poll(site.start(), accept="text/html")


@scenario("attempt", 200)
def _(site: Site) -> Any:
    started = site.start()
    site.back()
    return site.poll(started)


@scenario("attempt", 200)
def _(site: Site) -> Any:
    site.script.verified = False
    started = site.start()
    site.back()
    return site.poll(started)


@scenario("attempt", 200)
def _(site: Site) -> Any:
    body = site.ready()
    site.complete(body)
    return site.poll(body)


@scenario("attempt", 200)
def _(site: Site) -> Any:
    started = site.start()
    site.script.verified = no_answer()
    site.back()
    return site.poll(started)


@scenario("attempt", 200)
def _(site: Site) -> Any:
    started = site.start()
    VerificationAttempt.objects.update(expires_at=timezone.now(), deadline=timezone.now())
    return site.poll(started)


@scenario("attempt", 200)
def _(site: Site) -> Any:
    """A start that failed, as its stranger sees it."""
    site.script.start_error = ProviderError(Reason.NOT_SUPPORTED)
    browser = Browser()
    row = browser.start()
    return browser.get(f"/attempts/{row.public_id}", accept="application/json")


@scenario("cancel", 200)
def _(site: Site) -> Any:
    return site.poll(site.start(), "post")


@scenario("cancel", 303)
def _(site: Site) -> Any:
    browser = Browser()
    return browser.submit(f"/attempts/{browser.start().public_id}")


@scenario("openapi", 200)
def _(site: Site) -> Any:
    return send(site, "openapi")


# 400
_STARTS: dict[str, dict[str, Any]] = {
    "required": {"phone": ""},
    "invalid_phone": {"phone": "12"},
    "invalid_next": {"phone": PHONE, "next": "//evil.example"},
    "invalid_purpose": {"phone": PHONE, "purpose": "enrol"},
    "invalid_binding": {"phone": PHONE, "binding": "session"},
    "invalid_bind": {"phone": PHONE, "purpose": "step_up", "bind": "rubbish"},
}
_COMPLETIONS: dict[str, dict[str, Any]] = {
    "invalid_request": {"id": 7},
    "invalid_id": {"id": "x", "completion_code": "x"},
    "invalid_completion_code": {"id": str(uuid.uuid4())},
    "invalid_attempt_secret": {
        "id": str(uuid.uuid4()),
        "completion_code": "x",
        "attempt_secret": "x" * 65,
    },
}
SCENARIOS.extend(
    ("start", 400, code, partial(Site.login, body=body)) for code, body in _STARTS.items()
)
SCENARIOS.extend(
    ("complete", 400, code, partial(Site.complete, body=body))
    for code, body in _COMPLETIONS.items()
)
SCENARIOS += [
    ("start", 400, "invalid_json", lambda site: site.login(b"[]")),
    ("complete", 400, "invalid_json", lambda site: site.complete(b"[]")),
    ("callback", 400, "invalid_callback", lambda site: program().get("/callback")),
]


@scenario("callback", 400, "unknown_state")
def _(site: Site) -> Any:
    return program().get("/callback", {"state": "s" * 20, "code": "c"})


@scenario("cancel", 400, "invalid_request")
def _(site: Site) -> Any:
    form = b"--x\r\nbroken"
    return Client(enforce_csrf_checks=True).post(
        f"/attempts/{uuid.uuid4()}",
        form,
        content_type="multipart/form-data",
        headers={"origin": "http://testserver", "cookie": "csrftoken=" + "t" * 32},
    )


# 401
@shared("start", "complete", "attempt", "cancel")
def _(site: Site, operation: str) -> Any:
    """401 authentication_required"""
    body = site.ready()
    site.user_is(None)
    if operation == "complete":
        return site.complete(body)
    if operation == "start":
        return site.login()
    return site.poll(body, "get" if operation == "attempt" else "post")


@scenario("start", 401, "authentication_required")
def _(site: Site) -> Any:
    site.configure(ALLOW_ANONYMOUS_START=False)
    return site.login()


# 403
@shared("start", "complete", "cancel")
def _(site: Site, operation: str) -> Any:
    """403 csrf_failed"""
    return send(site, operation, origin="https://evil.example")


@scenario("start", 403, "not_enrolled")
def _(site: Site) -> Any:
    site.configure(ENROLLED_NUMBER=lambda user: None)
    site.user_is(site.alice)
    return site.login({"purpose": "step_up"})


@scenario("start", 403, "reprove_needed")
def _(site: Site) -> Any:
    site.user_is(site.alice)
    with patch.object(numbers, "must_reprove", lambda user: True):
        return site.login({"purpose": "step_up"})


@scenario("start", 403, "consent_required")
def _(site: Site) -> Any:
    return site.login({"phone": "+4915112345678"})


@scenario("callback", 403, "other_browser")
def _(site: Site) -> Any:
    Browser().start()
    return site.back()


@scenario("callback", 403, "not_for_browsers")
def _(site: Site) -> Any:
    site.start()
    return site.back(**{"sec-fetch-dest": "image"})


@scenario("complete", 403, "wrong_code")
def _(site: Site) -> Any:
    return site.complete(site.ready() | {"completion_code": "x"})


@scenario("complete", 403, "too_many_codes")
def _(site: Site) -> Any:
    site.configure(MAX_WRONG_CODES=1)
    return site.complete(site.ready() | {"completion_code": "x"})


# 404
def erase(*args: Any, **kwargs: Any) -> bool:
    VerificationAttempt.objects.all().delete()
    return False


@scenario("callback", 404, "not_found")
def _(site: Site) -> Any:
    site.start()
    site.script.during_finish = erase
    return site.back()


@scenario("complete", 404, "not_found")
def _(site: Site) -> Any:
    body = site.ready()
    with patch.object(AttemptQuerySet, "count_try", erase):
        return site.complete(body)


@shared("attempt", "cancel")
def _(site: Site, operation: str) -> Any:
    """404 not_found"""
    stranger = {"id": site.start()["id"], "attempt_secret": "x"}
    return site.poll(stranger, "get" if operation == "attempt" else "post")


# 405
@shared("start", "callback", "complete", "attempt", "openapi")
def _(site: Site, operation: str) -> Any:
    """405 method_not_allowed"""
    path = OPERATIONS[operation][1].format(id=uuid.uuid4())
    return program().put(path)


# 409, 410
@scenario("callback", 409, "already_used")
def _(site: Site) -> Any:
    site.start()
    site.back()
    return site.back()


@scenario("callback", 409, "session_lost")
def _(site: Site) -> Any:
    browser = Browser(site.alice)
    browser.start()
    site.script.during_finish = browser.client.session.flush
    return site.back(browser.client, accept="application/json")


@scenario("complete", 409, "already_used")
def _(site: Site) -> Any:
    body = site.ready()
    site.complete(body)
    return site.complete(body)


@scenario("complete", 409, "not_ready")
def _(site: Site) -> Any:
    started = site.start()
    body = {"id": started["id"], "attempt_secret": started["attempt_secret"]}
    return site.complete(body | {"completion_code": "x"})


@scenario("callback", 410, "expired")
def _(site: Site) -> Any:
    site.start()
    VerificationAttempt.objects.update(expires_at=timezone.now(), deadline=timezone.now())
    return site.back()


@scenario("complete", 410, "expired")
def _(site: Site) -> Any:
    body = site.ready()
    VerificationAttempt.objects.update(deadline=timezone.now())
    return site.complete(body)


# 413, 415, 429
SCENARIOS += [
    ("start", 413, "too_large", lambda site: site.login(b" " * 8193)),
    ("complete", 413, "too_large", lambda site: site.complete(b" " * 8193)),
]


@scenario("cancel", 413, "too_large")
def _(site: Site) -> Any:
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=1):
        return Client(enforce_csrf_checks=True).post(
            f"/attempts/{uuid.uuid4()}",
            "a=1&b=2",
            content_type="application/x-www-form-urlencoded",
            headers={"origin": "http://testserver", "cookie": "csrftoken=" + "t" * 32},
        )


@shared("start", "complete")
def _(site: Site, operation: str) -> Any:
    """415 unsupported_media_type"""
    return program().post(OPERATIONS[operation][1], "x", content_type="text/plain")


@scenario("start", 429, "too_many_attempts")
def _(site: Site) -> Any:
    site.configure(LIMITS={"anonymous_phone": (1, 600)})
    site.login()
    return site.login()


# 503 of our own
@shared("start", "callback", "complete", "attempt", "cancel")
def _(site: Site, operation: str) -> Any:
    """503 server_configuration"""
    ready = site.ready()
    started = site.start()
    site.configure(CLIENT_IP="no.such.callable")
    if operation == "callback":
        return site.back()
    if operation == "complete":
        return site.complete(ready)
    if operation == "start":
        return site.login()
    return site.poll(started, "get" if operation == "attempt" else "post")


@shared("start", "callback", "complete", "attempt", "cancel")
def _(site: Site, operation: str) -> Any:
    """503 try_again"""
    ready = site.ready()
    started = site.start()
    locked = OperationalError("database is locked")
    if operation == "start":
        with patch.object(VerificationAttempt, "save", side_effect=locked):
            return site.login()
    with patch.object(AttemptQuerySet, "filter", side_effect=locked):
        if operation == "callback":
            return site.back()
        if operation == "complete":
            return site.complete(ready)
        return site.poll(started, "get" if operation == "attempt" else "post")


@scenario("callback", 503, "outcome_unknown")
def _(site: Site) -> Any:
    site.start()
    with patch.object(AttemptQuerySet, "move", side_effect=OperationalError("locked")):
        return site.back()


@scenario("callback", 504, "abandoned")
def _(site: Site) -> Any:
    site.start()

    def swept() -> None:
        VerificationAttempt.objects.update(deadline=timezone.now())
        flow.sweep()

    site.script.during_finish = swept
    return site.back()


# What a provider may end with
_BY_REASON = {
    403: "not_mobile_network access_denied",
    502: "bad_upstream code_rejected token_rejected operator_error unknown",
    503: "upstream_unreachable upstream_error upstream_paused rate_limited operator_unavailable"
    " credentials request balance forbidden not_supported",
    504: "upstream_timeout outcome_unknown",
}


def _failed_start(site: Site, reason: str) -> Any:
    site.user_is(site.alice)
    after = 7 if reason == "rate_limited" else None
    site.script.start_error = ProviderError(Reason(reason), retry_after=after)
    return site.login()


def _failed_callback(site: Site, reason: str) -> Any:
    error = no_answer(Reason(reason))
    error.retry_after = 7 if reason == "rate_limited" else None
    site.script.verified = error
    site.start()
    return site.back()


for _status, _reasons in _BY_REASON.items():
    for _reason in _reasons.split():
        SCENARIOS.extend(
            (operation, _status, _reason, partial(_swapped, failed, _reason))
            for operation, failed in (("callback", _failed_callback), ("start", _failed_start))
        )


@scenario("start", 503, "not_available")
def _(site: Site) -> Any:
    site.script.start_error = ProviderError(Reason.NOT_SUPPORTED)
    return site.login()


# -- the tests --------------------------------------------------------------------------


@pytest.fixture
def site(script: Script, configure: Any) -> Site:
    configure(ENROLLED_NUMBER=lambda user: PHONE, LIMITS=dict.fromkeys(DEFAULT_LIMITS))
    return Site(script, configure, User.objects.create_user("alice", password="secret"))


@pytest.mark.parametrize(
    ("operation", "status", "code", "provoke"),
    SCENARIOS,
    ids=[f"{name}-{status}-{code}-{n}" for n, (name, status, code, _) in enumerate(SCENARIOS)],
)
def test_an_answer_is_as_described(
    site: Site, operation: str, status: int, code: str, provoke: Provoke
) -> None:
    answer = provoke(site)
    assert answer.status_code == status, answer.content
    if code:
        assert answer.json()["error"] == code
    check_answer(operation, answer)


def described() -> set[tuple[str, int, str]]:
    """Operation, status and code: everything that the document says may come."""
    found = set()
    for name, (method, path) in OPERATIONS.items():
        for status, response in DOCUMENT["paths"][path][method]["responses"].items():
            schema = response.get("content", {}).get("application/json", {}).get("schema", {})
            codes = schema["allOf"][1]["properties"]["error"]["enum"] if "allOf" in schema else [""]
            found |= {(name, int(status), code) for code in codes}
    return found


def test_everything_described_is_provoked_and_nothing_else() -> None:
    assert {(name, status, code) for name, status, code, _ in SCENARIOS} == described()


def test_every_code_is_one_of_the_views() -> None:
    assert {code for _, _, code in described() if code} <= ERRORS.keys() | REASONS.keys()


def schema_of(name: str) -> dict[str, Any]:
    return cast("dict[str, Any]", DOCUMENT["components"]["schemas"][name])


def test_the_vocabularies_are_those_of_the_code() -> None:
    fields = schema_of("AttemptFields")["properties"]
    assert fields["status"]["enum"] == Status.values
    assert fields["purpose"]["enum"] == Purpose.values
    assert fields["binding"]["enum"] == Binding.values
    assert fields["reason"]["enum"] == [*Reason, "not_available", None]


def test_the_requests_have_the_fields_of_the_forms() -> None:
    assert schema_of("Start")["properties"].keys() == forms.StartForm.base_fields.keys()
    assert schema_of("Complete")["properties"].keys() == forms.CompleteForm.base_fields.keys()
    for body in ({}, {"phone": PHONE, "next": None}, {"purpose": "step_up", "consent": True}):
        check("components/schemas/Start", body)


def test_every_schema_is_one() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere() -> None:
    resolver = _REGISTRY.resolver(_URI)
    for reference in references(DOCUMENT):
        resolver.lookup(reference)


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [ref for value in part.values() for ref in references(value)]
    return [ref for value in part for ref in references(value)] if isinstance(part, list) else []


@pytest.mark.parametrize(
    "wrong",
    [
        {"error": "made_up", "detail": "x"},
        {"error": "not_found"},
        {"error": "not_found", "detail": ""},
        {"error": "not_found", "detail": "x", "phone": PHONE},
    ],
)
def test_the_validator_is_strict(wrong: Any) -> None:
    place = ("paths", "/attempts/{id}", "get", "responses", "404", "content", "application/json")
    with pytest.raises(ValidationError):
        check(pointer(*place, "schema"), wrong)
    check(pointer(*place, "schema"), {"error": "not_found", "detail": "x"})


# -- served -----------------------------------------------------------------------------


def test_it_is_served_with_the_address_of_the_site() -> None:
    assert reverse("numverify:openapi") == "/openapi.json"
    served = program().get("/openapi.json").json()
    assert served == {**DOCUMENT, "servers": [{"url": "http://testserver"}]}
    assert served["openapi"].startswith("3.1.")
    assert served["info"]["version"] == numverify.__version__


def test_it_is_public(configure: Any) -> None:
    configure(ALLOW_ANONYMOUS_START=False)
    middleware = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]
    with override_settings(MIDDLEWARE=middleware):
        response = program().get("/openapi.json")
    assert response.status_code == 200
    assert not response.cookies
