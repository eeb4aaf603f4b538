"""The admin's first page: what is still to be set up, and pictures of what goes on."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from federation.models import ClaimRule, IdentityProvider, SignInAttempt
from governance.adminsite.overview import SettingUp
from governance.analytics.models import Engine, LakeTable, Query
from governance.audit.models import AuditEvent
from governance.isolation.scopes import namespace_scope, system_scope
from governance.tenancy.models import Namespace, User
from purge.models import Dataset, ErasureRequest
from tests.factories import usage_limits
from tests.factories.rows import a_row_of
from tests.factories.tenancy import (
    PASSWORD,
    a_namespace,
    a_platform_administrator,
    a_user,
    ivan,
    signed_in,
)
from usage_limits.models import AlertChannel

pytestmark = pytest.mark.django_db

OTHER_ACCOUNT = "111111111111"


@pytest.fixture
def browser(acme: Namespace) -> Client:
    return signed_in(ivan(acme))


def steps(browser: Client) -> SettingUp | None:
    found: SettingUp | None = browser.get("/admin/").context["setting_up"]
    return found


def titles(browser: Client) -> list[str]:
    return [glance.title for glance in browser.get("/admin/").context["glances"]]


def test_an_empty_namespace_begins_with_the_sign_in(browser: Client) -> None:
    found = steps(browser)
    page = browser.get("/admin/").content.decode()

    assert found is not None
    assert (found.done, len(found.steps)) == (0, 9)
    assert found.following is not None
    assert found.following.title == "Connect the company's sign-in"
    assert 'href="/admin/federation/identityprovider/add/"' in page
    for step in found.steps:
        assert browser.get(step.link).status_code == 200, step.link


def test_a_provider_that_is_off_is_no_sign_in_yet(acme: Namespace, browser: Client) -> None:
    with namespace_scope(acme.pk):
        provider = a_row_of(IdentityProvider)
        IdentityProvider.objects.filter(pk=provider.pk).update(enabled=False)

    found = steps(browser)

    assert found is not None
    assert found.following is not None
    assert found.following.link_text == "Switch a provider on"


def test_once_everything_is_set_up_nothing_is_said_of_it(acme: Namespace, browser: Client) -> None:
    now = timezone.now()
    with namespace_scope(acme.pk):
        IdentityProvider.objects.filter(pk=a_row_of(IdentityProvider).pk).update(
            enabled=True, metadata_xml="<x/>", entity_id="https://idp.customer.example/"
        )
        ClaimRule.objects.filter(pk=a_row_of(ClaimRule).pk).update(claim="Role")
        User.objects.filter(pk=a_user("uma").pk).update(
            source="saml", login_name=None, last_sign_in_at=now
        )
        a_row_of(Engine)
        a_row_of(LakeTable)
        usage_limits.a_limit(usage_limits.some_terms(), now=now)
        AlertChannel.objects.filter(pk=a_row_of(AlertChannel).pk).update(enabled=True)
        dataset = a_row_of(Dataset)
        Dataset.objects.filter(pk=dataset.pk).update(locator="row", format="ndjson")
        a_user("olga", roles=["officer"])

        found = steps(browser)
        assert found is not None
        assert [step.title for step in found.steps if not step.done] == ["Index it"]
        page = browser.get("/admin/").content.decode()
        assert page.count("Open a dataset and index it") == 2  # in the closed list, and beside it
        Dataset.objects.filter(pk=dataset.pk).update(indexed_at=now)

    assert steps(browser) is None


def test_an_officer_is_asked_to_set_up_nothing(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        olga = a_user("olga", roles=["officer"])

    assert steps(signed_in(olga)) is None


def test_what_another_namespace_has_is_not_done_here(acme: Namespace, browser: Client) -> None:
    other = a_namespace("other", account_id=OTHER_ACCOUNT)
    with namespace_scope(other.pk):
        a_row_of(Engine)
        a_row_of(LakeTable)
        a_row_of(SignInAttempt)

    found = steps(browser)

    assert found is not None
    assert found.done == 0
    assert titles(browser) == []


def test_a_picture_for_each_thing_that_goes_on(acme: Namespace, browser: Client) -> None:
    now = timezone.now()
    with namespace_scope(acme.pk):
        usage_limits.a_limit(usage_limits.some_terms(amount=Decimal(2)), now=now)
        query = a_row_of(Query)
        Query.objects.filter(pk=query.pk).update(
            state="failed", submitted_at=now, started_at=now, finished_at=now
        )
        attempt = a_row_of(SignInAttempt)
        SignInAttempt.objects.filter(pk=attempt.pk).update(
            outcome="refused", door="sign_in", is_test=False, at=now
        )
        request = a_row_of(ErasureRequest)
        ErasureRequest.objects.filter(pk=request.pk).update(
            state="awaiting_approval", due_at=now - timedelta(days=1)
        )

    page = browser.get("/admin/").content.decode()

    assert titles(browser) == ["Used of the limits", "Queries", "Single sign-on", "Erasures"]
    assert "Queries by day: 0 succeeded, 1 failed or stopped; at most 1 on one day" in page
    assert "Single sign-on by day: 0 succeeded, 1 refused" in page
    assert "1 requests: 1 to decide" in page
    assert "Overdue since" in page
    assert "0 % is used" in page


def test_an_officer_sees_the_picture_of_erasures_alone(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        olga = a_user("olga", roles=["officer"])
        a_row_of(ErasureRequest)
        a_row_of(SignInAttempt)

    assert "Single sign-on" not in titles(signed_in(olga))


def sign_in(browser: Client, user: User) -> None:
    browser.post("/admin/login/", {"username": user.login_name, "password": PASSWORD})


def test_where_there_is_one_namespace_its_operator_works_in_it(acme: Namespace) -> None:
    browser = Client()

    sign_in(browser, a_platform_administrator())

    page = browser.get("/admin/").content.decode()
    assert "You work in <strong>acme</strong>" in page
    with system_scope("the test reads the trail"):
        assert AuditEvent.objects.filter(action="namespace.entered").count() == 1


def test_where_there_are_two_nobody_chooses_for_the_operator(acme: Namespace) -> None:
    a_namespace("other", account_id=OTHER_ACCOUNT)
    browser = Client()

    sign_in(browser, a_platform_administrator())

    assert "You look at all namespaces" in browser.get("/admin/").content.decode()


def test_who_looks_at_all_namespaces_is_told_where_to_add(acme: Namespace) -> None:
    operator = signed_in(a_platform_administrator())

    everywhere = operator.get("/admin/purge/dataset/").content.decode()
    operator.post("/admin/namespace/", {"namespace": str(acme.pk)})
    here = operator.get("/admin/purge/dataset/").content.decode()

    assert "all of them together can only be read" in everywhere
    assert "all of them together can only be read" not in here
    assert "/admin/purge/dataset/add/" in here
