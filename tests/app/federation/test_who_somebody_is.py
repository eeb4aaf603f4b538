"""One name at one provider of one namespace is one person, and nothing else (T13 to T16, T22)."""

from typing import Any

import pytest
from django.utils import timezone

from governance.isolation.scopes import namespace_scope, system_scope
from governance.tenancy.models import Identity, Namespace, RoleBinding, User
from governance.tenancy.services import actors, users
from tests.factories import tenancy
from tests.factories.federation_saml import (
    a_role_rule,
    a_session_name_rule,
    an_identity_provider,
    the_walk_through,
)
from tests.factories.saml_sign_ins import SAMLBrowser, as_member_of

pytestmark = pytest.mark.django_db

MAIL = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"
PAGES = ("/n/acme/", "/n/acme/sql/", "/n/acme/dashboards/", "/n/acme/usage/")
RESOURCES = ("users", "roles", "policies", "identity-providers", "queries", "audit-events", "jobs")


@pytest.fixture
def acme() -> Namespace:
    return a_company("acme")


@pytest.fixture
def rival() -> Namespace:
    return a_company("rival", account_id="999988887777")


def a_company(name: str, **account: str) -> Namespace:
    namespace = tenancy.a_namespace(name, **account)
    with namespace_scope(namespace.pk):
        the_walk_through(an_identity_provider())
    return namespace


def came(namespace: Namespace, name_id: str, *, mail: str = "", group: str = "Author") -> Any:
    attributes = as_member_of(f"QuickSight-{group}") | ({MAIL: [mail]} if mail else {})
    return SAMLBrowser(namespace).signed_in(name_id=name_id, attributes=attributes)


def by_saml(namespace: Namespace) -> list[tuple[str, str]]:
    with namespace_scope(namespace.pk):
        rows = Identity.objects.filter(provider_kind="saml").order_by("subject")
        return list(rows.values_list("subject", "user__email"))


def test_a_rivals_provider_that_names_our_administrator_makes_somebody_of_theirs(
    acme: Namespace, rival: Namespace
) -> None:
    with namespace_scope(acme.pk):
        ivan = tenancy.a_user("ivan", roles=["admin"], email="ivan@acme.example")
    visitor = SAMLBrowser(rival)

    answer = visitor.signed_in(
        name_id="ivan@acme.example",
        attributes=as_member_of("QuickSight-Admin") | {MAIL: ["ivan@acme.example"]},
    )

    assert answer.status_code == 302
    assert by_saml(acme) == []
    assert by_saml(rival) == [("ivan@acme.example", "ivan@acme.example")]
    me = visitor.client.get("/api/v1/me/").json()
    assert (me["namespace"], me["role"]) == ("rival", "admin")
    for path in (*PAGES, *(f"/api/v1/namespaces/acme/{name}/" for name in RESOURCES)):
        assert visitor.client.get(path).status_code == 404, path
    with namespace_scope(acme.pk):
        assert User.objects.get(pk=ivan.pk).source == "local"


def test_a_local_administrator_of_the_same_namespace_is_not_who_has_their_mail(
    acme: Namespace,
) -> None:
    with namespace_scope(acme.pk):
        ivan = tenancy.a_user("ivan@acme.example", roles=["admin"], email="ivan@acme.example")

    came(acme, "ivan@acme.example", mail="ivan@acme.example", group="Reader")

    with namespace_scope(acme.pk):
        assert User.objects.filter(email="ivan@acme.example").count() == 2
        roles = RoleBinding.objects.filter(user=ivan).values_list("role__name", flat=True)
        assert list(roles) == ["admin"]


def test_a_platform_administrator_is_nobodys_name(acme: Namespace) -> None:
    root = tenancy.a_platform_administrator("root@acme.example")

    came(acme, "root@acme.example", mail="root@acme.example", group="Admin")

    with system_scope("test"):
        assert not Identity.objects.filter(user=root).exists()
        assert User.objects.get(source="saml").namespace_id == acme.pk


def test_who_takes_over_somebodys_mail_takes_nothing_else(acme: Namespace) -> None:
    came(acme, "one", mail="one@acme.example", group="Reader")
    came(acme, "two", mail="two@acme.example", group="Admin")

    came(acme, "one", mail="two@acme.example", group="Reader")

    assert by_saml(acme) == [("one", "two@acme.example"), ("two", "two@acme.example")]
    with namespace_scope(acme.pk):
        one = Identity.objects.get(subject="one").user
        roles = RoleBinding.objects.filter(user=one).values_list("role__name", flat=True)
        assert list(roles) == ["reader"]


@pytest.mark.parametrize(
    "change",
    [
        {"identities": [{"provider": "AzureActiveDirectory", "subject": "two"}]},
        {"source": "local"},
        {"namespace": "rival"},
    ],
)
def test_no_administrator_moves_an_identity(acme: Namespace, change: dict[str, Any]) -> None:
    came(acme, "one")
    with namespace_scope(acme.pk):
        one = User.objects.get(source="saml")

    answer = tenancy.signed_in(tenancy.ivan(acme)).patch(
        f"/api/v1/namespaces/acme/users/{one.pk}/", change, content_type="application/json"
    )

    assert answer.status_code == 400
    with namespace_scope(acme.pk):
        assert Identity.objects.get().subject == "one"
        assert User.objects.get(pk=one.pk).source == "saml"


def test_who_is_deactivated_between_question_and_answer_stays_out(acme: Namespace) -> None:
    came(acme, "one")
    visitor = SAMLBrowser(acme)
    request_id = visitor.begun()
    with namespace_scope(acme.pk):
        users.set_active(
            user=User.objects.get(source="saml"),
            active=False,
            actor=actors.system(acme.pk),
            now=timezone.now(),
        )

    answer = visitor.post(visitor.response(request_id=request_id, name_id="one"))

    assert answer.json()["code"] == "user_inactive"


def test_a_group_that_means_something_elsewhere_means_nothing_here(
    acme: Namespace, rival: Namespace
) -> None:
    with namespace_scope(rival.pk):
        provider = an_identity_provider("Okta")
        a_role_rule(provider, role="admin", groups=["Owners"])
        a_session_name_rule(provider)

    answer = SAMLBrowser(acme).signed_in(attributes=as_member_of("Owners"))

    assert answer.json()["code"] == "saml_no_role"


def test_ten_thousand_groups_are_refused_and_give_nothing(acme: Namespace) -> None:
    groups = [f"g{n}" for n in range(10_000)]

    answer = SAMLBrowser(acme).signed_in(attributes=as_member_of("QuickSight-Admin", *groups))

    assert answer.status_code == 403
    assert by_saml(acme) == []


def test_an_address_that_is_too_long_to_keep_is_not_kept(acme: Namespace) -> None:
    address = f"joe@{'.'.join(['department' * 6] * 4)}.example"  # valid, and of 256 characters

    assert came(acme, "joe", mail=address).status_code == 302

    assert by_saml(acme) == [("joe", "")]
