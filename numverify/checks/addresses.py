"""Where the service is, and where it sends people back to."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import SplitResult

from django.core.checks import CheckMessage, Error, Warning  # noqa: A004
from django.urls import Resolver404, resolve

from ..conf import conf
from ..defaults import DEFAULTS, PLAYGROUND
from ..exceptions import ConfigurationError
from ..providers.route import check_base_url, is_loopback, split_url
from .registry import concern


def _redirect_uri() -> SplitResult | None:
    return split_url(conf.vonage_redirect_uri)


@concern()
def redirect_uri() -> Iterable[CheckMessage]:
    if conf.provider != DEFAULTS["PROVIDER"] or conf.credentials is not None:
        return
    parts = _redirect_uri()
    if parts is None or parts.fragment:
        yield Error(
            "NUMVERIFY['VONAGE_REDIRECT_URI'] is not a URL that a phone can be sent to.",
            hint="The callback's absolute URL, exactly as in Vonage's dashboard.",
            id="numverify.E020",
        )


@concern()
def redirect_uri_leads_to_the_callback() -> Iterable[CheckMessage]:
    parts = _redirect_uri()
    if parts is not None and not _is_callback(parts.path):
        # A warning: a proxy in front of the site may strip a prefix of the path.
        yield Warning(
            f"The path of NUMVERIFY['VONAGE_REDIRECT_URI'], {parts.path!r}, does not lead to"
            " numverify's callback.",
            hint="Include numverify.urls where the URI points to. Silence this if a proxy"
            " changes the path.",
            id="numverify.W021",
        )


def _is_callback(path: str) -> bool:
    prefix = str(conf.django("FORCE_SCRIPT_NAME") or "").rstrip("/")
    try:
        match = resolve(path.removeprefix(prefix))
    except Resolver404:
        return False
    return match.app_names[-1:] == ["numverify"] and match.url_name == "callback"


@concern()
def redirect_uri_is_https() -> Iterable[CheckMessage]:
    parts = _redirect_uri()
    if parts and parts.scheme == "http" and not conf.is_virtual and not is_loopback(parts.hostname):
        yield Error(
            "NUMVERIFY['VONAGE_REDIRECT_URI'] sends codes over plain http.",
            hint="Serve the callback by https, and change the URI in the dashboard, too.",
            id="numverify.E022",
        )


@concern()
def api_base_url() -> Iterable[CheckMessage]:
    if conf.vonage_api_base_url:
        try:
            check_base_url(conf.vonage_api_base_url, allow_loopback=conf.is_virtual)
        except ConfigurationError as error:
            hint = "Leave VONAGE_API_BASE_URL out to use Vonage's own."
            yield Error(str(error), hint=hint, id="numverify.E023")


@concern(deploy=True)
def redirect_uri_is_public() -> Iterable[CheckMessage]:
    parts = _redirect_uri()
    if parts is not None and is_loopback(parts.hostname):
        yield Warning(
            "NUMVERIFY['VONAGE_REDIRECT_URI'] is this machine itself; no phone gets there.",
            hint="Give the public URL of the callback.",
            id="numverify.W024",
        )


@concern(deploy=True)
def environment() -> Iterable[CheckMessage]:
    if conf.is_virtual:
        yield Error(
            "The Virtual Operator says yes to every even +990 number: nobody is verified.",
            hint="Set NUMVERIFY['ENVIRONMENT'] = 'production', and the credentials.",
            id="numverify.E025",
        )
    elif conf.environment == PLAYGROUND:
        yield Warning(
            "In the playground a simulated operator says yes to +990 numbers.",
            hint="Set NUMVERIFY['ENVIRONMENT'] = 'production' where real people log in.",
            id="numverify.W026",
        )
