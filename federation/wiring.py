"""Which adapter stands behind which port."""

from functools import cache

import redis
from django.conf import settings

from federation.adapters.cryptography_own_keys import CryptographyOwnKeyMaker
from federation.adapters.egress_metadata_fetcher import EgressMetadataFetcher
from federation.adapters.ldap3_directory import LDAP3Directory
from federation.adapters.lxml_saml_captures import LXMLResponseReader
from federation.adapters.lxml_saml_logout_captures import LXMLLogoutReader
from federation.adapters.lxml_saml_metadata import LXMLMetadataReader
from federation.adapters.lxml_saml_writer import LXMLSAMLWriter
from federation.adapters.python3saml_logouts import PythonSAMLLogoutVerifier
from federation.adapters.python3saml_verifier import PythonSAMLVerifier
from federation.adapters.valkey_request_throttle import ValkeyRequestThrottle
from federation.adapters.valkey_throttle import ValkeyThrottle
from federation.domain import rates
from federation.domain.attempts import Budget
from federation.domain.rates import RequestBudget
from federation.ports import (
    AssertionVerifier,
    Directory,
    LogoutReader,
    LogoutVerifier,
    OwnKeyMaker,
    ProviderPorts,
    RequestThrottle,
    ResponseReader,
    SAMLWriter,
    SignInThrottle,
)


def assertion_verifier() -> AssertionVerifier:
    return PythonSAMLVerifier()


def response_reader() -> ResponseReader:
    return LXMLResponseReader()


def logout_verifier() -> LogoutVerifier:
    return PythonSAMLLogoutVerifier()


def logout_reader() -> LogoutReader:
    return LXMLLogoutReader()


def provider_ports() -> ProviderPorts:
    return ProviderPorts(
        reader=LXMLMetadataReader(),
        fetcher=EgressMetadataFetcher(),
        key_maker=own_key_maker(),
    )


def own_key_maker() -> OwnKeyMaker:
    return CryptographyOwnKeyMaker()


def saml_writer() -> SAMLWriter:
    return LXMLSAMLWriter()


def directory() -> Directory:
    return LDAP3Directory()


def sign_in_throttle() -> SignInThrottle:
    return ValkeyThrottle(client=_client(settings.REDIS_URL), budget=sign_in_budget())


def sign_in_budget() -> Budget:
    return Budget(
        per_account=settings.FEDERATION_SIGN_IN_FAILURES,
        per_network=settings.FEDERATION_SIGN_IN_NETWORK_FAILURES,
        window_seconds=settings.FEDERATION_SIGN_IN_WINDOW_SECONDS,
        remember_seconds=settings.FEDERATION_SIGN_IN_REMEMBER_SECONDS,
        wait_seconds=settings.FEDERATION_SIGN_IN_WAIT_SECONDS,
    )


def request_throttle() -> RequestThrottle:
    budget = RequestBudget(
        per_network=settings.FEDERATION_SAML_NETWORK_REQUESTS,
        per_provider=settings.FEDERATION_SAML_PROVIDER_REQUESTS,
    )
    return ValkeyRequestThrottle(client=_client(settings.REDIS_URL), budget=budget)


def key_search_throttle() -> RequestThrottle:
    return ValkeyRequestThrottle(client=_client(settings.REDIS_URL), budget=rates.KEY_SEARCHES)


@cache
def _client(url: str) -> redis.Redis:
    """One pool a process: a sign-in must not pay for a new connection."""
    return redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)
