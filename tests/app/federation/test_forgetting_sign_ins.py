"""What is kept of sign-ins is forgotten in time, by the hourly round and not by who signs in."""

from datetime import timedelta

import pytest
from django.utils import timezone

from federation import wiring
from federation.models import ConsumedAssertion, SignInAttempt
from federation.services import housekeeping
from governance.isolation.scopes import namespace_scope
from tests.factories.federation_saml import an_identity_provider, the_walk_through
from tests.factories.saml_sign_ins import SAMLBrowser
from tests.factories.tenancy import a_namespace


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("later", "assertions", "attempts"),
    [(timedelta(0), 1, 1), (timedelta(hours=3), 0, 1), (timedelta(days=91), 0, 0)],
)
def test_an_assertion_is_forgotten_once_time_refuses_it_and_an_attempt_after_three_months(
    later: timedelta, assertions: int, attempts: int
) -> None:
    acme = a_namespace("acme")
    with namespace_scope(acme.pk):
        the_walk_through(an_identity_provider())
    assert SAMLBrowser(acme).signed_in().status_code == 302

    with namespace_scope(acme.pk):
        housekeeping.keep_house(key_maker=wiring.own_key_maker(), now=timezone.now() + later)

        assert ConsumedAssertion.objects.count() == assertions
        assert SignInAttempt.objects.count() == attempts
