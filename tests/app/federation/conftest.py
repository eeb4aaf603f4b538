"""The real directory server, started once; and a company with its identity provider."""

import pytest

from federation.models import IdentityProvider
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace
from tests.factories.federation_saml import an_identity_provider, the_walk_through
from tests.factories.saml_sign_ins import SAMLBrowser
from tests.factories.scim import Entra, an_entra
from tests.factories.tenancy import a_namespace
from tests.servers.slapd_fixture import slapd

__all__ = ["slapd"]


@pytest.fixture
def acme() -> Namespace:
    return a_namespace("acme")


@pytest.fixture
def provider(acme: Namespace) -> IdentityProvider:
    """The provider of the walk-through, with its rules."""
    with namespace_scope(acme.pk):
        provider = an_identity_provider()
        the_walk_through(provider)
    return provider


@pytest.fixture
def browser(acme: Namespace, provider: IdentityProvider) -> SAMLBrowser:
    return SAMLBrowser(acme)


@pytest.fixture
def entra(provider: IdentityProvider) -> Entra:
    return an_entra(provider)
