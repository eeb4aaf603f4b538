"""A proxy is believed only where it was named as ours, and only what it wrote itself."""

from ipaddress import ip_network

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from governance.project.middleware import TrustedProxyMiddleware

PROXY, OUTER_PROXY, CLIENT, LIE = "10.0.0.2", "10.0.0.1", "192.0.2.7", "203.0.113.9"


def seen(**headers: str) -> HttpRequest:
    """The request as the next middleware sees it."""
    request = RequestFactory().get("/", **headers)  # type: ignore[arg-type]
    TrustedProxyMiddleware(lambda _request: HttpResponse())(request)
    return request


@pytest.fixture(autouse=True)
def _ours(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/24")]


def test_a_trusted_proxy_says_who_is_there() -> None:
    assert seen(REMOTE_ADDR=PROXY, HTTP_X_FORWARDED_FOR=CLIENT).META["REMOTE_ADDR"] == CLIENT


def test_a_stranger_cannot_pretend_to_be_a_proxy() -> None:
    request = seen(REMOTE_ADDR=CLIENT, HTTP_X_FORWARDED_FOR=LIE, HTTP_X_FORWARDED_PROTO="https")

    assert request.META["REMOTE_ADDR"] == CLIENT
    assert not request.is_secure()


@pytest.mark.parametrize(
    "chain", [f"{LIE}, {CLIENT}", f"{LIE}, {CLIENT}, {OUTER_PROXY}", f"{LIE},nonsense,{CLIENT}"]
)
def test_what_the_client_wrote_before_is_not_believed(chain: str) -> None:
    assert seen(REMOTE_ADDR=PROXY, HTTP_X_FORWARDED_FOR=chain).META["REMOTE_ADDR"] == CLIENT


@pytest.mark.parametrize("chain", ["", "nonsense", "unknown, "])
def test_a_proxy_that_names_nobody_is_the_client(chain: str) -> None:
    assert seen(REMOTE_ADDR=PROXY, HTTP_X_FORWARDED_FOR=chain).META["REMOTE_ADDR"] == PROXY


def test_a_trusted_proxy_says_that_it_was_encrypted() -> None:
    assert seen(REMOTE_ADDR=PROXY, HTTP_X_FORWARDED_PROTO="https").is_secure()
