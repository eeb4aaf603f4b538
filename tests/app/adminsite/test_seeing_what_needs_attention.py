"""The admin's first page says what waits for somebody, to whom may act on it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from federation.models import ProviderCertificate
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace
from purge.models import ErasureRequest
from tests.factories.rows import a_row_of
from tests.factories.tenancy import (
    a_namespace,
    a_platform_administrator,
    a_user,
    ivan,
    signed_in,
)

pytestmark = pytest.mark.django_db


def first_page(namespace: Namespace) -> str:
    shown: str = signed_in(ivan(namespace)).get("/admin/").content.decode()
    return shown


def test_where_nothing_waits_it_says_so(acme: Namespace) -> None:
    assert "All clear" in first_page(acme)


def test_an_erasure_that_waits_for_a_decision_is_shown(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        row = a_row_of(ErasureRequest)
        ErasureRequest.objects.filter(pk=row.pk).update(state="awaiting_approval")

    page = first_page(acme)

    assert "1 erasure waits for an officer" in page
    assert "/n/acme/erasures/?show=decide" in page


def test_who_looks_at_all_namespaces_is_led_to_the_admins_list(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        row = a_row_of(ErasureRequest)
        ErasureRequest.objects.filter(pk=row.pk).update(state="awaiting_approval")

    page = signed_in(a_platform_administrator()).get("/admin/").content.decode()

    assert "/admin/purge/erasurerequest/?state__exact=awaiting_approval" in page


def test_an_erasure_of_another_namespace_is_not(acme: Namespace) -> None:
    other = a_namespace("other", account_id="111111111111")
    with namespace_scope(other.pk):
        row = a_row_of(ErasureRequest)
        ErasureRequest.objects.filter(pk=row.pk).update(state="awaiting_approval")

    assert "All clear" in first_page(acme)


def test_a_certificate_that_ends_within_a_month_is_shown(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        row = a_row_of(ProviderCertificate)
        soon = timezone.now() + timedelta(days=20)
        ProviderCertificate.objects.filter(pk=row.pk).update(not_after=soon)
        provider = row.identity_provider
        type(provider).objects.filter(pk=provider.pk).update(
            enabled=True, metadata_xml="<x/>", entity_id="https://idp.customer.example/"
        )

    assert "The last certificate of" in first_page(acme)


def test_an_officer_sees_no_certificates(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        olga = a_user("olga", roles=["officer"])

    page = signed_in(olga).get("/admin/").content.decode()

    assert "All clear" in page
    assert "Identity providers" not in page
