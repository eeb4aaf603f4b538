"""Metadata by URL: refreshed by itself and when a key is unknown; a failure keeps what worked."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from federation import job_names, wiring
from federation.models import IdentityProvider
from federation.services import housekeeping, metadata_refreshes
from federation.tasks import keep_house, refresh_metadata
from governance.audit.models import AuditEvent
from governance.isolation.scopes import namespace_scope, system_scope
from governance.outbox.models import OutboxMessage
from governance.tenancy.models import Namespace
from governance.tenancy.services import actors
from tests.factories.federation_saml import an_identity_provider, metadata_xml, the_walk_through
from tests.factories.saml_sign_ins import SAMLBrowser
from tests.factories.tenancy import a_namespace
from tests.fakes.idp import a_key_pair
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
        housekeeping.keep_house(key_maker=wiring.own_key_maker(), now=now)
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
        keep_house(Run(namespace_id=None))
        jobs = OutboxMessage.objects.filter(name=job_names.KEEP_HOUSE_OF_NAMESPACE)
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
