"""The demo identity provider: three people, on loopback only."""

import html
import re

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from federation.models import IdentityProvider
from governance.isolation.scopes import namespace_scope
from governance.project.demo import signing_in
from governance.project.demo_idp import existence
from governance.tenancy.models import UserSession
from governance.tenancy.services import actors
from tests.factories.tenancy import a_namespace

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


def test_loading_the_demo_again_changes_nothing() -> None:
    acme = a_namespace("acme")
    with namespace_scope(acme.pk):
        for _ in range(2):
            signing_in.make(namespace=acme, actor=actors.system(acme.pk), now=timezone.now())

        assert IdentityProvider.objects.get().claim_rules.count() == 4


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
