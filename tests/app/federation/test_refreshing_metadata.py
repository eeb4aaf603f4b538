"""Metadata by URL: refreshed by itself and when a key is unknown; a failure keeps what worked."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone
from pytest_django import Settings

from federation import job_names, wiring
from federation.domain.saml import ResponseRefused
from federation.models import IdentityProvider
from federation.services import metadata_refreshes, provider_tending, sign_ins
from federation.tasks import refresh_metadata, tend_providers
from governance.audit.models import AuditEvent
from governance.isolation.scopes import namespace_scope, system_scope
from governance.outbox.models import OutboxMessage
from governance.tenancy.models import Namespace, UserSession
from governance.tenancy.services import actors
from tests.factories.federation_saml import an_identity_provider, metadata_xml, the_walk_through
from tests.factories.saml_sign_ins import SAMLBrowser
from tests.factories.tenancy import a_namespace
from tests.fakes.idp import Signing, a_key_pair
from tests.fakes.job_runs import Run
from tests.servers import metadata_host
from tests.servers.metadata_host import MetadataHost

RENEWED = "renewed"


@pytest.fixture
def host(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MetadataHost]:
    with metadata_host.running(tmp_path, document=metadata_xml()) as (running, authority):
        settings.EGRESS_ALLOWED_NETWORKS = ["127.0.0.0/8"]
        settings.EGRESS_ALLOWED_PORTS = [running.port]
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        yield running


def acme_at(host: MetadataHost, *, allow_idp_initiated: bool = False) -> Namespace:
    acme = a_namespace("acme")
    with namespace_scope(acme.pk):
        provider = an_identity_provider(allow_idp_initiated=allow_idp_initiated)
        IdentityProvider.objects.update(metadata_url=host.url)
        the_walk_through(provider)
    return acme


def the_provider(acme: Namespace) -> IdentityProvider:
    with namespace_scope(acme.pk):
        return IdentityProvider.objects.prefetch_related("certificates").get()


def fingerprints(acme: Namespace) -> set[str]:
    return {one.fingerprint for one in the_provider(acme).certificates.all()}


def refresh(acme: Namespace) -> None:
    refresh_metadata(Run(namespace_id=acme.pk), identity_provider_id=str(the_provider(acme).pk))


# --- on a schedule


@pytest.mark.django_db
def test_a_refresh_takes_the_certificates_of_a_rollover(host: MetadataHost) -> None:
    acme = acme_at(host)
    host.document = metadata_xml(a_key_pair(), a_key_pair(RENEWED))

    refresh(acme)

    assert fingerprints(acme) == {a_key_pair().fingerprint, a_key_pair(RENEWED).fingerprint}
    provider = the_provider(acme)
    assert provider.last_refreshed_at is not None
    assert provider.last_refresh_problem == ""
    with namespace_scope(acme.pk):
        event = AuditEvent.objects.get(action="identity_provider.refreshed")
    assert event.detail["certificates_added"] == [a_key_pair(RENEWED).fingerprint]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("document", "said"),
    [
        (None, "did not answer"),
        ("not metadata", "not plain XML"),
        (metadata_xml(entity_id="https://evil.example/"), "does not describe"),
        (metadata_xml(a_key_pair("weak", kind="rsa1024")), "no certificate"),
        (
            metadata_xml().replace(
                "<md:IDPSSODescriptor", '<md:IDPSSODescriptor validUntil="2020-01-01T00:00:00Z"'
            ),
            "valid until 2020-01-01",
        ),
    ],
)
def test_a_failed_refresh_keeps_what_worked_and_says_why(
    host: MetadataHost, document: str | None, said: str
) -> None:
    acme = acme_at(host)
    host.document = document

    refresh(acme)
    refresh(acme)

    provider = the_provider(acme)
    assert said in provider.last_refresh_problem
    assert fingerprints(acme) == {a_key_pair().fingerprint}
    assert provider.enabled
    assert SAMLBrowser(acme).signed_in().status_code == 302
    with namespace_scope(acme.pk):
        assert AuditEvent.objects.filter(action="identity_provider.refresh_failed").count() == 1


@pytest.mark.django_db
def test_a_refresh_that_succeeds_again_clears_the_problem(host: MetadataHost) -> None:
    acme = acme_at(host)
    good, host.document = host.document, None
    refresh(acme)
    host.document = good

    refresh(acme)

    assert the_provider(acme).last_refresh_problem == ""


@pytest.mark.django_db
def test_each_provider_with_an_address_is_fetched_every_six_hours(host: MetadataHost) -> None:
    acme = acme_at(host)
    with namespace_scope(acme.pk):
        an_identity_provider("Pasted")
        now = timezone.now()
        assert list(metadata_refreshes.due(now=now)) == [
            IdentityProvider.objects.get(name="AzureActiveDirectory").pk
        ]
        provider_tending.tend(key_maker=wiring.own_key_maker(), now=now)
        messages = OutboxMessage.objects.filter(name=job_names.REFRESH_METADATA)
        assert messages.count() == 1
    with namespace_scope(acme.pk):
        IdentityProvider.objects.update(last_refresh_tried_at=now)
        assert list(metadata_refreshes.due(now=now + timedelta(hours=5))) == []
        assert len(list(metadata_refreshes.due(now=now + timedelta(hours=6)))) == 1


@pytest.mark.django_db
def test_the_tick_writes_one_job_a_namespace(host: MetadataHost) -> None:
    acme_at(host)
    a_namespace("empty")

    with system_scope("test"):
        tend_providers(Run(namespace_id=None))
        jobs = OutboxMessage.objects.filter(name=job_names.TEND_PROVIDERS_OF_NAMESPACE)
        assert jobs.count() == 1


@pytest.mark.django_db
def test_metadata_that_moved_meanwhile_is_not_applied(host: MetadataHost) -> None:
    acme = acme_at(host)
    with namespace_scope(acme.pk):
        provider = IdentityProvider.objects.get()
        wanted = metadata_refreshes.begun(provider=provider, now=timezone.now())
        assert wanted is not None
        IdentityProvider.objects.update(metadata_url="https://elsewhere.example/")
        changed = metadata_refreshes.applied(
            wanted=wanted,
            xml=metadata_xml(a_key_pair(RENEWED)),
            reader=wiring.provider_ports().reader,
            actor=actors.system(),
            now=timezone.now(),
        )

    assert not changed
    assert fingerprints(acme) == {a_key_pair().fingerprint}


# --- when a key is unknown


@pytest.mark.django_db
def test_a_key_that_is_new_is_found_within_the_sign_in(host: MetadataHost) -> None:
    acme = acme_at(host)
    host.document = metadata_xml(a_key_pair(RENEWED))
    browser = SAMLBrowser(acme)

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
    browser = SAMLBrowser(acme)

    answer = browser.post(
        browser.response(request_id=browser.begun()), signing=Signing(key=a_key_pair(RENEWED))
    )

    assert answer.status_code == 302, answer.content


@pytest.mark.django_db
def test_a_strangers_forged_posts_fetch_nothing(host: MetadataHost) -> None:
    acme = acme_at(host)
    stranger = SAMLBrowser(acme)
    forged = Signing(key=a_key_pair("mallory"))

    codes = {
        stranger.post(stranger.response(request_id=request_id), signing=forged).json()["code"]
        for request_id in (None, "_invented", "_other")
    }

    assert codes == {"saml_signature_invalid"}
    assert host.hits == []


@pytest.mark.django_db
@pytest.mark.parametrize("allow_idp_initiated", [False, True])
def test_somebody_who_begins_sign_ins_makes_us_fetch_once_in_two_minutes(
    host: MetadataHost, *, allow_idp_initiated: bool
) -> None:
    acme = acme_at(host, allow_idp_initiated=allow_idp_initiated)
    mallory = SAMLBrowser(acme)
    forged = Signing(key=a_key_pair("mallory"))

    for _ in range(5):
        request_id = None if allow_idp_initiated else mallory.begun()
        answer = mallory.post(mallory.response(request_id=request_id), signing=forged)
        assert answer.json()["code"] == "saml_signature_invalid"

    assert len(host.hits) == 1
    with namespace_scope(acme.pk):
        IdentityProvider.objects.update(keys_sought_at=timezone.now() - timedelta(minutes=3))
    mallory.post(mallory.response(request_id=mallory.begun()), signing=forged)
    assert len(host.hits) == 2


@pytest.mark.django_db
def test_a_changed_response_with_the_known_key_fetches_nothing(host: MetadataHost) -> None:
    acme = acme_at(host)
    browser = SAMLBrowser(acme)
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
    browser = SAMLBrowser(acme)

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
    browsers = [SAMLBrowser(acme) for _ in range(6)]
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
    browser = SAMLBrowser(acme)
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
