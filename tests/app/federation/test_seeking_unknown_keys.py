"""A response by an unknown key: the provider's metadata is looked at, also under attack (T19)."""

import base64
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone
from lxml import etree

from federation import wiring
from federation.adapters.valkey_throttle import CountersUnavailable
from federation.domain import key_searches
from federation.domain.rates import Knock
from federation.domain.saml import ResponseRefused
from federation.models import IdentityProvider
from federation.services import key_searches as services, sign_ins
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace, UserSession
from tests.app.federation.test_refreshing_metadata import (
    RENEWED,
    acme_at,
    fingerprints,
    host,
    refresh,
)
from tests.factories.federation_saml import metadata_xml
from tests.factories.saml_sign_ins import SAMLBrowser
from tests.fakes.idp import Signing, a_key_pair
from tests.servers.metadata_host import MetadataHost

__all__ = ["host"]
NEW = Signing(key=a_key_pair(RENEWED))
FORGED = Signing(key=a_key_pair("mallory"))
# The counters of networks outlive a test, so each browser has an address of its own.
_networks = count(int(time.time()) % 50_000 * 1000)


def a_browser(acme: Namespace, *, network: str = "") -> SAMLBrowser:
    number = next(_networks)
    fresh = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return SAMLBrowser(acme, client=Client(REMOTE_ADDR=network or fresh))


def begun(browser: SAMLBrowser) -> str:
    """The id of this very browser's request, while others begin theirs."""
    address = browser.client.get(f"{browser.base}/login/")["Location"]
    [packed] = parse_qs(urlsplit(address).query)["SAMLRequest"]
    return etree.fromstring(zlib.decompress(base64.b64decode(packed), -15)).get("ID", "")


def posted(browser: SAMLBrowser, signing: Signing) -> Any:
    return browser.post(browser.response(request_id=begun(browser)), signing=signing)


@pytest.fixture
def pause(monkeypatch: pytest.MonkeyPatch) -> timedelta:
    """Short enough for a test, long enough to be noticed."""
    short = timedelta(seconds=1)
    monkeypatch.setattr(key_searches, "PAUSE", short)
    return short


@pytest.mark.django_db
def test_a_key_that_is_new_is_found_within_the_sign_in(host: MetadataHost) -> None:
    acme = acme_at(host)
    host.document = metadata_xml(a_key_pair(RENEWED))
    browser = a_browser(acme)

    answer = browser.post(
        browser.response(request_id=browser.begun()), signing=Signing(key=a_key_pair(RENEWED))
    )

    assert answer.status_code == 302, answer.content
    assert len(host.hits) == 1
    assert fingerprints(acme) == {a_key_pair(RENEWED).fingerprint}


@pytest.mark.django_db
def test_expired_certificates_are_replaced_within_the_sign_in(host: MetadataHost) -> None:
    acme = acme_at(host)
    with namespace_scope(acme.pk):
        IdentityProvider.objects.get().certificates.update(
            not_after=timezone.now() - timedelta(days=1)
        )
    host.document = metadata_xml(a_key_pair(RENEWED))
    browser = a_browser(acme)

    answer = browser.post(
        browser.response(request_id=browser.begun()), signing=Signing(key=a_key_pair(RENEWED))
    )

    assert answer.status_code == 302, answer.content


@pytest.mark.django_db
def test_a_strangers_forged_posts_fetch_nothing(host: MetadataHost) -> None:
    acme = acme_at(host)
    stranger = a_browser(acme)
    forged = Signing(key=a_key_pair("mallory"))

    codes = {
        stranger.post(stranger.response(request_id=request_id), signing=forged).json()["code"]
        for request_id in (None, "_invented", "_other")
    }

    assert codes == {"saml_signature_invalid"}
    assert host.hits == []


@pytest.mark.django_db
def test_a_changed_response_with_the_known_key_fetches_nothing(host: MetadataHost) -> None:
    acme = acme_at(host)
    browser = a_browser(acme)
    known = a_key_pair().der_base64
    named = (
        '<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>'
        f"<ds:X509Certificate>{known}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    )
    forged = Signing(key=a_key_pair("mallory"), key_info=named)

    answer = browser.post(browser.response(request_id=browser.begun()), signing=forged)

    assert answer.json()["code"] == "saml_signature_invalid"
    assert host.hits == []


@pytest.mark.django_db
def test_keys_of_another_entity_are_not_taken_over(host: MetadataHost) -> None:
    acme = acme_at(host)
    host.document = metadata_xml(a_key_pair("mallory"), entity_id="https://evil.example/")
    browser = a_browser(acme)

    answer = browser.post(
        browser.response(request_id=browser.begun()), signing=Signing(key=a_key_pair("mallory"))
    )

    assert answer.json()["code"] == "saml_signature_invalid"
    assert fingerprints(acme) == {a_key_pair().fingerprint}


@pytest.mark.django_db(transaction=True)
def test_of_many_who_come_with_the_new_key_none_fails_and_one_fetches(host: MetadataHost) -> None:
    acme = acme_at(host)
    host.document = metadata_xml(a_key_pair(RENEWED))
    host.before_answering = threading.Event()
    browsers = [a_browser(acme) for _ in range(6)]
    responses = [
        browser.response(
            request_id=browser.begun(),
            assertion_id=f"_a{number}",
            name_id=f"person{number}@customer.example",
        )
        for number, browser in enumerate(browsers)
    ]
    threading.Timer(0.5, host.before_answering.set).start()

    def post(number: int) -> int:
        try:
            signing = Signing(key=a_key_pair(RENEWED))
            return int(browsers[number].post(responses[number], signing=signing).status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=6) as pool:
        statuses = list(pool.map(post, range(6)))

    assert statuses == [302] * 6
    assert len(host.hits) == 1
    with namespace_scope(acme.pk):
        assert UserSession.objects.count() == 6


@pytest.mark.django_db(transaction=True)
def test_a_key_that_is_found_while_somebody_is_refused_for_it_counts_for_them(
    host: MetadataHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scheduled refresh, or another person's search, ends between refusal and looking again."""
    acme = acme_at(host)
    host.document = metadata_xml(a_key_pair(RENEWED))
    browser = a_browser(acme)
    complete = sign_ins.complete

    def refreshed() -> None:
        try:
            refresh(acme)
        finally:
            connections.close_all()

    def refused_meanwhile(**options: Any) -> sign_ins.Landing:
        try:
            return complete(**options)
        except ResponseRefused:
            with ThreadPoolExecutor(max_workers=1) as pool:
                pool.submit(refreshed).result()
            raise

    monkeypatch.setattr(sign_ins, "complete", refused_meanwhile)

    answer = browser.post(
        browser.response(request_id=browser.begun()), signing=Signing(key=a_key_pair(RENEWED))
    )

    assert answer.status_code == 302, answer.content


# --- under attack


@pytest.mark.django_db
@pytest.mark.parametrize("allow_idp_initiated", [False, True])
def test_a_stranger_makes_us_search_four_times_a_minute(
    host: MetadataHost, monkeypatch: pytest.MonkeyPatch, *, allow_idp_initiated: bool
) -> None:
    monkeypatch.setattr(key_searches, "PAUSE", timedelta(0))
    monkeypatch.setattr(key_searches, "SHARE", 0)
    acme = acme_at(host, allow_idp_initiated=allow_idp_initiated)
    mallory = a_browser(acme)

    for _ in range(8):
        request_id = None if allow_idp_initiated else mallory.begun()
        answer = mallory.post(mallory.response(request_id=request_id), signing=FORGED)
        assert answer.json()["code"] == "saml_signature_invalid"

    assert len(host.hits) == 4


@pytest.mark.django_db
def test_whom_a_stranger_was_before_waits_for_the_pause_and_comes_in(
    host: MetadataHost, pause: timedelta
) -> None:
    """The search was spent a moment before the provider changed its key."""
    acme = acme_at(host)
    posted(a_browser(acme), FORGED)
    assert len(host.hits) == 1
    host.document = metadata_xml(a_key_pair(RENEWED))
    began = timezone.now()

    answer = posted(a_browser(acme), NEW)

    assert answer.status_code == 302, answer.content
    assert timezone.now() - began < 2 * pause
    assert len(host.hits) == 2


@pytest.mark.django_db(transaction=True)
def test_people_come_in_while_many_networks_go_on_attacking(
    host: MetadataHost, pause: timedelta
) -> None:
    acme = acme_at(host)
    over = threading.Event()

    def attacked(_: int) -> None:
        try:
            while not over.is_set():
                posted(a_browser(acme), FORGED)
        finally:
            connections.close_all()

    def signed_in(number: int) -> int:
        try:
            browser = a_browser(acme)
            name = f"person{number}@customer.example"
            response = browser.response(
                request_id=begun(browser), name_id=name, assertion_id=f"_person{number}"
            )
            return int(browser.post(response, signing=NEW).status_code)
        finally:
            connections.close_all()

    began = time.monotonic()
    with ThreadPoolExecutor(max_workers=8) as pool:
        attackers = [pool.submit(attacked, number) for number in range(4)]
        time.sleep(1.5 * pause.total_seconds())
        host.document = metadata_xml(a_key_pair(), a_key_pair(RENEWED))
        statuses = list(pool.map(signed_in, range(4)))
        over.set()
        for attacker in attackers:
            attacker.result()
    took = time.monotonic() - began

    assert statuses == [302] * 4
    # However many attack, the provider is asked once in a pause.
    assert len(host.hits) <= took / pause.total_seconds() + 1


@pytest.mark.django_db
def test_a_network_that_used_up_its_searches_profits_from_those_of_others(
    host: MetadataHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_searches, "PAUSE", timedelta(0))
    monkeypatch.setattr(key_searches, "SHARE", 0)
    acme = acme_at(host)
    for _ in range(4):
        posted(a_browser(acme, network="203.0.113.250"), FORGED)
    host.document = metadata_xml(a_key_pair(RENEWED))
    neighbour = a_browser(acme, network="203.0.113.250")
    assert posted(neighbour, NEW).json()["code"] == "saml_signature_invalid"

    assert posted(a_browser(acme), NEW).status_code == 302

    assert posted(neighbour, NEW).status_code == 302


@pytest.mark.django_db
def test_nobody_is_kept_waiting_for_a_host_that_is_slow(host: MetadataHost) -> None:
    """It took four seconds, so it is not asked for forty: waiting for that is of no use."""
    acme = acme_at(host)
    now = timezone.now()
    with namespace_scope(acme.pk):
        IdentityProvider.objects.update(
            keys_sought_at=now - timedelta(seconds=6),
            keys_search_ended_at=now - timedelta(seconds=2),
        )

    answer = posted(a_browser(acme), NEW)

    assert answer.json()["code"] == "saml_signature_invalid"
    assert timezone.now() - now < timedelta(seconds=2)
    assert host.hits == []


@pytest.mark.django_db
def test_a_search_whose_process_died_is_made_anew(host: MetadataHost) -> None:
    acme = acme_at(host)
    host.document = metadata_xml(a_key_pair(RENEWED))
    with namespace_scope(acme.pk):
        IdentityProvider.objects.update(
            keys_sought_at=timezone.now() - timedelta(seconds=30), keys_search_ended_at=None
        )

    assert posted(a_browser(acme), NEW).status_code == 302


@pytest.mark.django_db
def test_without_counters_nobody_makes_us_search(
    host: MetadataHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = acme_at(host)
    monkeypatch.setattr(wiring, "key_search_throttle", Unreachable)

    answer = posted(a_browser(acme), NEW)

    assert answer.json()["code"] == "saml_signature_invalid"
    assert host.hits == []


@pytest.mark.django_db
def test_nobody_waits_for_ever_where_the_address_was_taken_away_meanwhile(
    host: MetadataHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = acme_at(host)
    browser = a_browser(acme)
    sought, naps, nap = services.sought, count(1), time.sleep

    def taken_away(**what: Any) -> bool:
        with namespace_scope(acme.pk):
            IdentityProvider.objects.update(metadata_url="")
        return sought(**what)

    def not_for_ever(seconds: float) -> None:
        assert next(naps) < 50
        nap(seconds)

    monkeypatch.setattr(key_searches, "LONGEST_WAIT", timedelta(seconds=1))
    monkeypatch.setattr(services, "sought", taken_away)
    monkeypatch.setattr(time, "sleep", not_for_ever)

    answer = posted(browser, NEW)

    assert answer.json()["code"] == "saml_signature_invalid"
    assert host.hits == []


class Unreachable:
    """A throttle whose counters do not answer."""

    def take(self, *, knock: Knock) -> None:
        del knock
        raise CountersUnavailable
