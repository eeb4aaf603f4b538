"""One person by two roads: provisioned by SCIM, and signing in through the same provider."""

from typing import Any

import pytest

from federation.models import ScimUser
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace, User, UserSession
from governance.tenancy.services import identities
from tests.factories import tenancy
from tests.factories.saml_sign_ins import SAMLBrowser, as_member_of
from tests.factories.scim import OID, Entra

pytestmark = pytest.mark.django_db

OBJECT_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier"


def signed_in(
    acme: Namespace, *, name_id: str, object_id: str = OID, group: str = "QuickSight-Author"
) -> Any:
    attributes = as_member_of(group, name="joe@acme.example") | {OBJECT_ID: [object_id]}
    return SAMLBrowser(acme).signed_in(name_id=name_id, attributes=attributes)


def test_the_object_id_of_a_sign_in_is_the_external_id_of_provisioning(
    acme: Namespace, entra: Entra
) -> None:
    made = entra.user()

    signed_in(acme, name_id="opaque-1")

    with namespace_scope(acme.pk):
        person = ScimUser.objects.get(pk=made).user
        assert UserSession.objects.get().user_id == person.pk
        assert User.objects.filter(source__in=["saml", "scim"]).count() == 1


def test_whoever_signed_in_first_is_provisioned_as_the_same_person(
    acme: Namespace, entra: Entra
) -> None:
    signed_in(acme, name_id="opaque-1")

    made = entra.user()
    entra.patch(f"Users/{made}", {"op": "Replace", "path": "active", "value": "False"})

    assert signed_in(acme, name_id="opaque-1").json()["code"] == "user_inactive"


def test_names_of_two_people_make_no_third(acme: Namespace, entra: Entra) -> None:
    entra.user("joe@acme.example", externalId="oid-of-joe")
    entra.user("ann@acme.example", externalId="oid-of-ann")

    answer_ = signed_in(acme, name_id="joe@acme.example", object_id="oid-of-ann")

    assert answer_.status_code == 403
    assert answer_.json()["code"] == "subject_taken"


def test_the_address_alone_makes_nobody_the_same(acme: Namespace, entra: Entra) -> None:
    entra.user("joe@acme.example")

    signed_in(acme, name_id="somebody-else", object_id="another-oid")

    with namespace_scope(acme.pk):
        assert User.objects.filter(source__in=["saml", "scim"]).count() == 2


@pytest.mark.parametrize("name", ["ivan", "ivan-acme@acme.example"])
def test_local_people_and_administrators_are_never_adopted(
    acme: Namespace, entra: Entra, name: str
) -> None:
    with namespace_scope(acme.pk):
        ivan = tenancy.a_user(name, roles=["admin"], email="ivan@acme.example")
    root = tenancy.a_platform_administrator("root@acme.example")

    for user_name, external in ((name, str(ivan.pk)), ("root@acme.example", str(root.pk))):
        made = entra.user(user_name, externalId=external)
        entra.patch(f"Users/{made}", {"op": "Replace", "path": "active", "value": "False"})
        entra.send("DELETE", f"Users/{made}")

    with namespace_scope(acme.pk):
        ivan.refresh_from_db()
        assert ivan.is_active
        assert identities.known_as(provider_id=acme.pk, subject=name) == ""
    assert tenancy.signed_in(root).get("/admin/").status_code == 200
