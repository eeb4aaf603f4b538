"""What is kept of a configuration between sign-ins is never older than the sign-in."""

from collections.abc import Callable

import pytest
from django.db import connection, transaction

from federation.models import ClaimRule, IdentityProvider, ProviderCertificate
from federation.selectors import configurations
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace, Role
from tests.factories.federation_saml import a_role_rule, an_identity_provider
from tests.factories.saml_sign_ins import NAME, SAMLBrowser
from tests.factories.tenancy import a_namespace, the_role

pytestmark = pytest.mark.django_db


def disable(provider: IdentityProvider) -> None:
    IdentityProvider.objects.filter(pk=provider.pk).update(enabled=False)


def forget_certificates(provider: IdentityProvider) -> None:
    ProviderCertificate.objects.filter(identity_provider=provider).delete()


def forget_rules(provider: IdentityProvider) -> None:
    ClaimRule.objects.filter(identity_provider=provider).delete()


def distrust(provider: IdentityProvider) -> None:
    Role.objects.update(trust_policy={"Version": "2012-10-17", "Statement": []})


def close_namespace(provider: IdentityProvider) -> None:
    Namespace.objects.filter(pk=provider.namespace_id).update(status="DELETING")


def by_hand(_provider: IdentityProvider) -> None:
    """As another process does it, which tells nobody here."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE federation_identityprovider SET enabled = false")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (disable, "saml_provider_disabled"),
        (forget_certificates, "saml_no_trusted_certificate"),
        (forget_rules, "saml_no_role"),
        (distrust, "saml_role_does_not_trust_provider"),
        (close_namespace, "saml_namespace_closed"),
        (by_hand, "saml_provider_disabled"),
    ],
)
def test_a_change_takes_effect_at_the_next_response(
    browser: SAMLBrowser,
    acme: Namespace,
    provider: IdentityProvider,
    change: Callable[[IdentityProvider], None],
    code: str,
) -> None:
    assert browser.signed_in().status_code == 302
    response = browser.response(request_id=browser.begun())

    with namespace_scope(acme.pk):
        change(provider)

    answer = browser.post(response)
    assert (answer.status_code, answer.json()["code"]) == (403, code)


def test_a_removed_provider_is_not_found(
    browser: SAMLBrowser, acme: Namespace, provider: IdentityProvider
) -> None:
    assert browser.signed_in().status_code == 302

    with namespace_scope(acme.pk):
        assert configurations.named(provider.name) is not None
        provider.delete()
        assert configurations.named(provider.name) is None


def test_a_namespace_is_never_served_the_configuration_of_another(
    browser: SAMLBrowser, provider: IdentityProvider
) -> None:
    assert browser.signed_in().status_code == 302
    other = a_namespace("other")
    with namespace_scope(other.pk):
        assert configurations.named(provider.name) is None
        theirs = an_identity_provider()
        a_role_rule(theirs, role="reader")
        found = configurations.named(provider.name)
        assert found is not None
        assert (found.provider.pk, len(found.rules)) == (theirs.pk, 1)
        role = found.role("reader")
        assert role is not None
        assert role.namespace_id == other.pk


def test_unchanged_rows_are_read_once(
    browser: SAMLBrowser,
    acme: Namespace,
    provider: IdentityProvider,
    django_assert_num_queries: Callable[[int], object],
) -> None:
    browser.signed_in()
    with namespace_scope(acme.pk):
        first = configurations.named(provider.name)
        assert first is not None
        with django_assert_num_queries(1):  # type: ignore[attr-defined]
            second = configurations.named(provider.name)
        assert second is not None
        assert second.rules is first.rules
        first.provider.enabled = False
        assert second.provider.enabled


def test_what_was_rolled_back_was_never_kept(acme: Namespace, provider: IdentityProvider) -> None:
    with namespace_scope(acme.pk):
        configurations.named(provider.name)
    with namespace_scope(acme.pk):
        disable(provider)
        during = configurations.named(provider.name)
        transaction.set_rollback(True)
    assert during is not None
    assert not during.provider.enabled
    with namespace_scope(acme.pk):
        after = configurations.named(provider.name)
        assert after is not None
        assert after.provider.enabled


def test_a_sign_in_keeps_its_own_values(browser: SAMLBrowser, acme: Namespace) -> None:
    """Prepared statements: what one person brought is never another's."""
    with namespace_scope(acme.pk):
        the_role("author")
    for name in ("joe@customer.example", "uma@customer.example", "joe@customer.example"):
        answer = browser.signed_in(
            name_id=name,
            attributes={**browser.response().attributes, NAME: (name,)},
        )
        assert answer.status_code == 302
        me = browser.client.get("/api/v1/me/").json()
        assert me["username"] == f"author/{name.partition('@')[0]}"
