"""Before a certificate, a key of ours or metadata ends, the IT admins hear of it."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from federation.domain.expiry import Ending, EndingKind, Nearness
from federation.models import IdentityProvider, ProviderCertificate
from federation.services import expiry_warnings
from governance.isolation.scopes import namespace_scope
from governance.outbox.models import OutboxMessage
from governance.tenancy.models import Namespace
from tests.factories.federation_saml import an_identity_provider, metadata_xml
from tests.factories.tenancy import a_namespace, a_user, ivan, signed_in
from tests.fakes.idp import a_key_pair

HOUR = timedelta(hours=1)


@pytest.fixture
def acme() -> Namespace:
    acme = a_namespace("acme")
    with namespace_scope(acme.pk):
        an_identity_provider()
        a_user("olga", roles=["officer"])
    ivan(acme)
    return acme


def ending(at: datetime) -> Ending:
    return Ending(kind=EndingKind.CERTIFICATE, what="It", ends_at=at, key="k")


@pytest.mark.parametrize(
    ("days", "threshold", "nearness", "words"),
    [
        (61, None, Nearness.FAR, "61 days left"),
        (60, 60, Nearness.SOON, "60 days left"),
        (31, 60, Nearness.SOON, "31 days left"),
        (30, 30, Nearness.SOON, "30 days left"),
        (8, 30, Nearness.SOON, "8 days left"),
        (7, 7, Nearness.NEAR, "7 days left"),
        (2, 7, Nearness.NEAR, "2 days left"),
        (1, 1, Nearness.NEAR, "1 day left"),
        (0, None, Nearness.PAST, "ended 2026-03-18"),
    ],
)
def test_an_end_in_words(
    now: datetime, days: int, threshold: int | None, nearness: Nearness, words: str
) -> None:
    one = ending(now + timedelta(days=days))

    assert one.threshold(now=now) == threshold
    assert one.nearness(now=now) is nearness
    assert one.words(now=now) == words


def mails(acme: Namespace) -> list[dict[str, object]]:
    with namespace_scope(acme.pk):
        rows = OutboxMessage.objects.filter(name="federation/email/ends_soon").order_by("id")
        return [row.payload["context"] for row in rows]


@pytest.mark.django_db
def test_each_threshold_is_mailed_once_to_the_it_admins(acme: Namespace) -> None:
    end = timezone.now() + timedelta(days=100)
    with namespace_scope(acme.pk):
        ProviderCertificate.objects.update(not_after=end)
        for days in (70, 60, 59, 30, 29, 7, 6, 1, 1):
            expiry_warnings.send(now=end - timedelta(days=days) + HOUR)
            expiry_warnings.send(now=end - timedelta(days=days) + 2 * HOUR)
        expiry_warnings.send(now=end + HOUR)

    assert [mail["days_left"] for mail in mails(acme)] == [60, 30, 7, 1]


@pytest.mark.django_db
def test_metadata_and_our_own_keys_are_warned_of_too(acme: Namespace) -> None:
    now = timezone.now()
    with namespace_scope(acme.pk):
        provider = IdentityProvider.objects.get()
        provider.metadata_valid_until = now + timedelta(days=5)
        provider.save()
        provider.service_provider_keys.create(
            certificate="x",
            private_key="x",
            fingerprint="ab" * 32,
            not_after=now + timedelta(days=20),
        )
        expiry_warnings.send(now=now)

    assert {(mail["kind"], mail["days_left"]) for mail in mails(acme)} == {
        ("metadata", 5),
        ("own_key", 20),
    }


@pytest.mark.django_db
def test_a_certificate_with_a_successor_is_said_to_be_replaced(acme: Namespace) -> None:
    now = timezone.now()
    with namespace_scope(acme.pk):
        IdentityProvider.objects.all().delete()
        an_identity_provider(metadata=metadata_xml(a_key_pair(), a_key_pair("renewed")))
        first = ProviderCertificate.objects.order_by("id").first()
        assert first is not None
        first.not_after = now + timedelta(days=20)
        first.save()
        expiry_warnings.send(now=now)

    (mail,) = mails(acme)
    assert mail["is_replaced"] is True


@pytest.mark.django_db
def test_the_admin_shows_a_badge_in_list_and_page(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        ProviderCertificate.objects.update(not_after=timezone.now() + timedelta(days=6, hours=1))
        provider = IdentityProvider.objects.get()
        admin = signed_in(a_user(roles=["admin"]))

    listed = admin.get("/admin/federation/identityprovider/").content.decode()
    page = admin.get(f"/admin/federation/identityprovider/{provider.pk}/change/").content.decode()

    assert "7 days left" in listed
    assert "7 days left" in page
    assert "Never by itself: there is no metadata URL." in page


@pytest.mark.django_db
def test_the_page_says_why_a_refresh_failed(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        IdentityProvider.objects.update(
            metadata_url="https://idp.customer.example/metadata",
            last_refresh_tried_at=timezone.now(),
            last_refresh_problem="The address did not answer as it should.",
        )
        provider = IdentityProvider.objects.get()
        admin = signed_in(a_user(roles=["admin"]))

    page = admin.get(f"/admin/federation/identityprovider/{provider.pk}/change/").content.decode()

    assert "The address did not answer as it should." in page
    assert "What worked is kept" in page
