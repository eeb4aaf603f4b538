"""A sign-in that fails after its session was opened leaves nothing, and can be made again once."""

import pytest
from django.contrib.sessions.models import Session

from federation.domain.saml import ResponseRefused
from federation.models import ConsumedAssertion, SignInRequest
from federation.services import fresh_proofs
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Identity, Namespace, UserSession
from tests.factories.federation_saml import an_identity_provider, the_walk_through
from tests.factories.saml_sign_ins import SAMLBrowser
from tests.factories.tenancy import a_namespace

pytestmark = pytest.mark.django_db(transaction=True)


class RefusedLate(ResponseRefused):
    code = "refused_late"
    sentence = "No."
    check = "late"


@pytest.fixture
def acme() -> Namespace:
    acme = a_namespace("acme")
    with namespace_scope(acme.pk):
        the_walk_through(an_identity_provider())
    return acme


def left(acme: Namespace) -> list[int]:
    with namespace_scope(acme.pk):
        used = SignInRequest.objects.filter(consumed_at__isnull=False)
        return [
            rows.count()
            for rows in (
                *(UserSession.objects, Identity.objects, ConsumedAssertion.objects, used),
                Session.objects,
            )
        ]


def test_nothing_is_left_and_the_same_response_counts_once(
    acme: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = SAMLBrowser(acme)
    response = browser.response(request_id=browser.begun())

    def refuse(*what: object, **named: object) -> None:
        raise RefusedLate

    with monkeypatch.context() as patched:
        patched.setattr(fresh_proofs, "replace", refuse)
        assert browser.post(response).json()["code"] == "refused_late"

    assert left(acme) == [0, 0, 0, 0, 0]
    assert browser.client.get("/").status_code == 302
    assert browser.post(response).status_code == 302
    assert browser.client.get("/").status_code == 200
    assert left(acme) == [1, 1, 1, 1, 1]
    assert browser.post(response).status_code == 403
    assert left(acme) == [1, 1, 1, 1, 1]
