"""Base URLs, proxies and certificate bundles: from settings, else the environment."""

from __future__ import annotations

import pytest
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from numverify.exceptions import ConfigurationError
from numverify.providers.route import Route, check_base_url, is_loopback, route_for, split_url

API = "https://api.example"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.example",
        "//api.example",
        "javascript:alert(1)",
        "ftp://api.example",
        "https://",
        "https://user@api.example",
        "https://user:pass@api.example",
        "https://api.example:port",
        "https://api.example:99999",
        "https://[::1",
        "https://api.example/\r\nX: y",
        "https://api.example/ x",
        "https://api.example\\@evil.example",
        "https://апи.example",
        "https://api.example/" + "x" * 5000,
    ],
)
def test_not_a_url(url: str) -> None:
    assert split_url(url) is None
    with pytest.raises(ConfigurationError, match="VONAGE_API_BASE_URL"):
        check_base_url(url, allow_loopback=True)


@pytest.mark.parametrize("url", [API + "?a=b", API + "#a", "http://api.example"])
def test_not_a_base_url(url: str) -> None:
    with pytest.raises(ConfigurationError, match="VONAGE_API_BASE_URL"):
        check_base_url(url, allow_loopback=True)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_loopback_is_for_the_virtual_environment(scheme: str, host: str) -> None:
    url = f"{scheme}://{host}:8080"
    assert check_base_url(url, allow_loopback=True).port == 8080
    with pytest.raises(ConfigurationError, match="virtual"):
        check_base_url(url, allow_loopback=False)


@pytest.mark.parametrize("host", [None, "", "api.example", "10.0.0.1", "localhost.example"])
def test_not_loopback(host: str | None) -> None:
    assert not is_loopback(host)


def test_without_anything_there_is_no_proxy_and_the_usual_bundle() -> None:
    assert route_for(API) == Route("", DEFAULT_CA_BUNDLE_PATH)


@pytest.mark.parametrize(
    ("variable", "value", "proxy"),
    [
        ("HTTPS_PROXY", "http://proxy.example:3128", "http://proxy.example:3128"),
        ("https_proxy", "proxy.example:3128", "http://proxy.example:3128"),
        ("ALL_PROXY", "https://proxy.example", "https://proxy.example"),
        ("HTTP_PROXY", "http://proxy.example", ""),
    ],
)
def test_proxies_of_the_environment(
    variable: str, value: str, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    assert route_for(API).proxy == proxy
    assert route_for("https://127.0.0.1:1").proxy == ""


@pytest.mark.parametrize("exempt", ["api.example", ".example", "*"])
def test_no_proxy(exempt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    monkeypatch.setenv("NO_PROXY", exempt)
    assert route_for(API).proxy == ""


def test_settings_come_first(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    assert route_for(API, proxy="", ca_bundle=str(tmp_path)) == Route("", str(tmp_path))


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_bundles_of_the_environment(
    variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv(variable, str(tmp_path))
    assert route_for(API).ca_bundle == str(tmp_path)


def test_the_environment_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = route_for(API)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    assert route_for(API) is first


def test_a_bundle_that_is_not_there() -> None:
    with pytest.raises(ConfigurationError, match="CA_BUNDLE"):
        route_for(API, ca_bundle="/nowhere/at/all")


def test_a_proxy_of_another_kind() -> None:
    with pytest.raises(ConfigurationError, match="PROXY"):
        route_for(API, proxy="socks5://proxy.example")


def test_a_route_hides_its_password() -> None:
    route = route_for(API, proxy="http://user:hunter2@proxy.example")
    assert "hunter2" not in repr(route)
    assert "proxy=None" in repr(route_for(API, proxy=""))
