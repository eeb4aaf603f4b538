"""The demo identity provider: a few people, on loopback only."""

import html
import json
import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from federation.models import IdentityProvider
from governance.isolation.scopes import namespace_scope
from governance.project.demo import signing_in
from governance.project.demo_idp import existence
from governance.tenancy.models import Namespace, Role, UserSession
from governance.tenancy.services import actors
from tests.factories.tenancy import a_namespace, ivan as tenancy_ivan, signed_in

pytestmark = pytest.mark.django_db


def _responses(page: str) -> list[str]:
    found = re.findall(r'name="SAMLResponse"\s+value="([^"]+)"', page)
    return [html.unescape(value) for value in found]


@pytest.mark.parametrize(
    ("index", "username"), [(0, "admin/ida"), (1, "author/arno"), (2, "reader/uma")]
)
def test_whoever_asks_may_be_one_of_three_people(index: int, username: str) -> None:
    acme = a_namespace("acme")
    with namespace_scope(acme.pk):
        signing_in.make(namespace=acme, actor=actors.system(acme.pk), now=timezone.now())
    browser = Client()
    page = browser.get("/login/?namespace=acme&next=/n/acme/")
    assert "/saml/acme/DemoIdP/login/" in page.content.decode()

    begun = browser.get("/saml/acme/DemoIdP/login/?next=/n/acme/")
    choice = browser.get(begun["Location"])
    answer = browser.post(
        "/saml/acme/DemoIdP/acs/",
        {"SAMLResponse": _responses(choice.content.decode())[index], "RelayState": "/n/acme/"},
    )

    assert answer.status_code == 302, answer.content
    assert answer["Location"] == "/n/acme/"
    with namespace_scope(acme.pk):
        session = UserSession.objects.select_related("user").get()
        assert session.user.username == username


def arrived_as(index: int) -> tuple[Namespace, Client, Any]:
    """Somebody of the demo, with what our ACS answered them."""
    acme = a_namespace("acme")
    with namespace_scope(acme.pk):
        signing_in.make(namespace=acme, actor=actors.system(acme.pk), now=timezone.now())
    browser = Client()
    begun = browser.get("/saml/acme/DemoIdP/login/?next=/n/acme/")
    responses = _responses(browser.get(begun["Location"]).content.decode())
    answer = browser.post("/saml/acme/DemoIdP/acs/", {"SAMLResponse": responses[index]})
    return acme, browser, answer


def test_who_has_two_roles_is_asked_which_and_may_change_it_later() -> None:
    acme, browser, answer = arrived_as(3)
    assert answer["Location"] == "/saml/acme/DemoIdP/role/"
    page = browser.get(answer["Location"])
    offered = {role.name: str(role.pk) for role in page.context["roles"]}
    assert sorted(offered) == ["Lake-Author-Role", "Lake-Reader-Role"]

    chosen = browser.post("/saml/acme/DemoIdP/role/", {"role": offered["Lake-Reader-Role"]})

    assert chosen["Location"] == "/n/acme/"
    me = browser.get("/api/v1/me/").json()
    assert (me["username"], me["role"]) == ("Lake-Reader-Role/rosa", "Lake-Reader-Role")
    browser.post("/roles/", {"role": offered["Lake-Author-Role"]})
    assert browser.get("/api/v1/me/").json()["role"] == "Lake-Author-Role"
    with namespace_scope(acme.pk):
        assert "saml-provider/DemoIdP" in str(
            Role.objects.get(name="Lake-Author-Role").trust_policy
        )


def test_the_rules_are_tried_with_a_group_of_the_demos_own() -> None:
    acme = a_namespace("acme")
    with namespace_scope(acme.pk):
        signing_in.make(namespace=acme, actor=actors.system(acme.pk), now=timezone.now())
        pk = IdentityProvider.objects.get().pk
    ivan = signed_in(tenancy_ivan(acme))
    address = f"/admin/federation/identityprovider/{pk}/do/try-rules/"

    page = ivan.get(address)

    assert "Lake-Reader" in page.content.decode()
    tried = ivan.post(
        address,
        {
            "name_id": page.context["form"]["name_id"].value(),
            "attributes": json.dumps(page.context["form"]["attributes"].initial),
        },
    )
    assert "They would act as reader" in tried.content.decode()


def test_loading_the_demo_again_changes_nothing() -> None:
    acme = a_namespace("acme")
    with namespace_scope(acme.pk):
        for _ in range(2):
            signing_in.make(namespace=acme, actor=actors.system(acme.pk), now=timezone.now())

        assert IdentityProvider.objects.get().claim_rules.count() == 4
        assert Role.objects.count() == 6


def test_nobody_is_offered_who_was_not_asked_for() -> None:
    assert Client().get("/demo-idp/sign-in/?SAMLRequest=nonsense").status_code == 400
    assert Client().get("/demo-idp/sign-in/").status_code == 400


def test_its_metadata_can_be_pasted() -> None:
    page = Client().get("/demo-idp/metadata/")

    assert page.status_code == 200
    assert f"{settings.PUBLIC_URL}/demo-idp/sign-in/" in page.content.decode()


@pytest.mark.parametrize(
    ("demo", "bind", "public_url"),
    [
        (False, "127.0.0.1", "http://localhost:8000"),
        (True, "0.0.0.0", "http://localhost:8000"),  # noqa: S104 - what must not be
        (True, "127.0.0.1", "https://lake.customer.example"),
    ],
)
def test_it_exists_in_a_demo_on_loopback_only(*, demo: bool, bind: str, public_url: str) -> None:
    assert not existence.exists(demo=demo, bind=bind, public_url=public_url)
    assert existence.exists(demo=True, bind="127.0.0.1", public_url="http://localhost:8000")
