"""One table of doors: whoever is deactivated comes in by none of them, within seconds (T17)."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from federation.domain.attempts import Budget
from federation.domain.directories import SignInRefused
from federation.models import IdentityProvider
from federation.services import directory_sign_ins
from federation.services.directory_sign_ins import Claim, Wish
from governance.audit.models import AuditEvent
from governance.isolation.scopes import namespace_scope
from governance.kernel.personal import Personal
from governance.tenancy.models import Namespace, User, UserSession
from governance.tenancy.services import tokens
from tests.factories import tenancy
from tests.factories.directories import a_directory, a_mapping
from tests.factories.federation_saml import an_identity_provider, the_walk_through
from tests.factories.saml_sign_ins import SAMLBrowser, as_member_of
from tests.factories.scim import Entra, an_entra
from tests.fakes.directory import FakeDirectory, FakePerson, FakeThrottle
from tests.servers import slapd as openldap

pytestmark = pytest.mark.django_db

AWS = "https://aws.amazon.com/SAML/Attributes/"
ACCOUNT = "arn:aws:iam::253914981264"
PROVIDER_ARN = f"{ACCOUNT}:saml-provider/AzureActiveDirectory"
CHOOSER = "/saml/acme/AzureActiveDirectory/role/"
JOE = "joe@acme.example"
UMA = FakePerson(
    name="uma", dn=f"uid=uma,{openldap.TENANT1}", password="uma-pw", groups=("analysts",)
)
BUDGET = Budget(
    per_account=30, per_network=30, window_seconds=60, remember_seconds=60, wait_seconds=0
)


@dataclass
class House:
    """A namespace with every door, and two people who stand in them already."""

    acme: Namespace
    provider: IdentityProvider
    session: Client
    token: str
    saml: SAMLBrowser
    waiting: list[SAMLBrowser]
    entra: Entra

    def get(self, path: str, **headers: str) -> bool:
        """Whether the page or the resource answers, rather than asking for a sign-in."""
        client = Client() if headers else self.session
        return client.get(path, headers=headers).status_code not in {302, 401, 403}


@pytest.fixture
def house() -> House:
    acme = tenancy.a_namespace("acme")
    with namespace_scope(acme.pk):
        provider = an_identity_provider()
        the_walk_through(provider)
        a_mapping(a_directory(), "analysts", role="officer")
        olga = tenancy.a_user("olga", roles=["officer", "admin"])
        _, token = tokens.create(
            name="script",
            scopes=["usage:read"],
            actor=tenancy.an_actor(olga),
            now=timezone.now(),
        )
    return House(
        acme=acme,
        provider=provider,
        session=tenancy.signed_in(olga),
        token=token,
        waiting=[with_a_choice(acme), with_a_choice(acme)],
        saml=with_a_session(acme),
        entra=an_entra(provider),
    )


def with_a_session(acme: Namespace) -> SAMLBrowser:
    browser = with_a_choice(acme)
    browser.client.post(CHOOSER, {"role": role_id(acme)})
    return browser


def with_a_choice(acme: Namespace) -> SAMLBrowser:
    """Somebody whose proof waits for a choice of role."""
    browser = SAMLBrowser(acme)
    pairs = [f"{ACCOUNT}:role/{name},{PROVIDER_ARN}" for name in ("author", "reader")]
    claims = as_member_of("QuickSight-Author") | {f"{AWS}Role": pairs}
    browser.signed_in(name_id=JOE, attributes=claims)
    return browser


def role_id(acme: Namespace) -> str:
    with namespace_scope(acme.pk):
        return str(tenancy.the_role("reader").pk)


Door = Callable[[House], bool]


def open_page(house: House) -> bool:
    return house.get("/")


def approval_link(house: House) -> bool:
    """The address in the mail: to a person who is let in, no request of that id is 404."""
    return house.get(f"/n/acme/erasures/{uuid4()}/")


def admin(house: House) -> bool:
    return house.get("/admin/")


def rest_by_session(house: House) -> bool:
    return house.get("/api/v1/me/")


def api_token(house: House) -> bool:
    return house.get("/api/v1/me/", authorization=f"Bearer {house.token}")


def password(house: House) -> bool:
    answer = Client().post("/admin/login/", {"username": "olga", "password": tenancy.PASSWORD})
    return answer.status_code == 302


def step_up(house: House) -> bool:
    answer = house.session.post("/step-up/", {"password": tenancy.PASSWORD, "next": "/here/"})
    return answer["Location"] == "/here/"


def single_sign_on(house: House) -> bool:
    browser = SAMLBrowser(house.acme)
    return bool(browser.signed_in(name_id=JOE).status_code == 302)


def saml_session(house: House) -> bool:
    return bool(house.saml.client.get("/api/v1/me/").status_code == 200)


def choice_of_role(house: House) -> bool:
    """A choice that waited: its proof is from before."""
    answer = house.waiting.pop().client.post(CHOOSER, {"role": role_id(house.acme)})
    return answer.status_code == 302


def directory(house: House) -> bool:
    claim = Claim(
        username=Personal("uma@acme.example"), password=Personal("uma-pw"), network="192.0.2.7/32"
    )
    now = timezone.now()
    try:
        admitted = directory_sign_ins.authenticate(
            claim=claim,
            directory=FakeDirectory(people=[UMA]),
            throttle=FakeThrottle(budget=BUDGET),
            now=now,
        )
        directory_sign_ins.enter(admitted=admitted, wish=Wish(), now=now)
    except SignInRefused:
        return False
    return True


LOCAL_DOORS: list[Door] = [
    *(open_page, approval_link, admin, rest_by_session, api_token, password, step_up),
]
SAML_DOORS: list[Door] = [single_sign_on, saml_session, choice_of_role]


def names(door: Any) -> str:
    return str(door.__name__)


def deactivated(house: House, **person: str) -> None:
    """By the API, as an administrator does it."""
    with namespace_scope(house.acme.pk):
        user = User.objects.get(**person)
    answer = tenancy.signed_in(tenancy.ivan(house.acme)).patch(
        f"/api/v1/namespaces/acme/users/{user.pk}/",
        {"active": False},
        content_type="application/json",
    )
    assert answer.status_code == 200, answer.content


@pytest.mark.parametrize("door", LOCAL_DOORS, ids=names)
def test_a_local_person_who_is_deactivated_finds_it_shut(house: House, door: Door) -> None:
    assert door(house)
    began = time.monotonic()

    deactivated(house, login_name="olga")

    assert not door(house)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("door", SAML_DOORS, ids=names)
def test_a_person_of_single_sign_on_who_is_deactivated_finds_it_shut(
    house: House, door: Door
) -> None:
    assert door(house)
    began = time.monotonic()

    deactivated(house, source="saml")

    assert not door(house)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("door", SAML_DOORS, ids=names)
def test_scim_shuts_it_too(house: House, door: Door) -> None:
    assert door(house)
    with namespace_scope(house.acme.pk):
        entra = an_entra(house.provider)
    joe = entra.user(JOE, externalId="")

    entra.patch(f"Users/{joe}", {"op": "Replace", "path": "active", "value": "False"})

    assert not door(house)


def test_a_person_of_a_directory_who_is_deactivated_finds_it_shut(house: House) -> None:
    assert directory(house)

    deactivated(house, source="ldap")

    assert not directory(house)


def test_scim_shuts_the_directory_too(house: House) -> None:
    assert directory(house)
    with namespace_scope(house.acme.pk):
        entra = an_entra(house.provider)
    uma = entra.user("uma@acme.example")

    entra.patch(f"Users/{uma}", {"op": "Replace", "path": "active", "value": "False"})

    assert not directory(house)


@pytest.mark.parametrize("how", ["deactivates", "deletes"])
def test_a_partners_scim_that_may_not_shut_directories_does_not(house: House, how: str) -> None:
    assert directory(house)
    with namespace_scope(house.acme.pk):
        IdentityProvider.objects.update(scim_shuts_directories=False)
    uma = house.entra.user("uma@acme.example")

    if how == "deletes":
        house.entra.send("DELETE", f"Users/{uma}")
    else:
        house.entra.patch(f"Users/{uma}", {"op": "Replace", "path": "active", "value": "False"})

    assert directory(house)


def test_who_came_by_the_directory_is_neither_adopted_nor_changed(house: House) -> None:
    """SCIM's person of the same name is another person: what it says of them stays theirs."""
    assert directory(house)

    house.entra.user("uma@acme.example", emails=[{"type": "work", "value": "eve@evil.example"}])

    with namespace_scope(house.acme.pk):
        theirs, ours = User.objects.get(source="ldap"), User.objects.get(source="scim")
        assert theirs.pk != ours.pk
        assert "evil" not in theirs.email
    assert directory(house)


# --- a namespace that is suspended as a whole


def scim(house: House) -> bool:
    return bool(house.entra.send("GET", "Users").status_code == 200)


def sign_in_page(house: House) -> bool:
    return b"AzureActiveDirectory" in Client().get("/login/", {"namespace": "acme"}).content


def beginning(house: House) -> bool:
    return bool(Client().get(f"{house.saml.base}/login/").status_code == 302)


EVERY_DOOR: list[Door] = [
    *LOCAL_DOORS,
    *(saml_session, choice_of_role, directory, scim, sign_in_page, beginning),
]


def told(house: House, status: str) -> Any:
    """By the API, as a platform administrator does it."""
    root = tenancy.signed_in(tenancy.a_platform_administrator(f"root-{status.lower()}"))
    return root.patch(
        "/api/v1/namespaces/acme/", {"status": status}, content_type="application/json"
    )


@pytest.mark.parametrize("door", EVERY_DOOR, ids=names)
def test_who_belongs_to_a_suspended_namespace_finds_it_shut(house: House, door: Door) -> None:
    assert door(house)
    began = time.monotonic()

    assert told(house, "SUSPENDED").json()["status"] == "SUSPENDED"

    assert not door(house)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("door", [api_token, password, single_sign_on, directory, scim], ids=names)
def test_once_it_is_reopened_they_may_come_in_again(house: House, door: Door) -> None:
    told(house, "SUSPENDED")

    assert told(house, "CREATED").status_code == 200

    assert door(house)


def test_a_session_that_a_suspension_ended_stays_ended(house: House) -> None:
    told(house, "SUSPENDED")
    told(house, "CREATED")

    assert not rest_by_session(house)
    assert not saml_session(house)


def test_a_session_that_was_opened_while_it_closed_does_not_outlast_it(house: House) -> None:
    told(house, "SUSPENDED")
    with namespace_scope(house.acme.pk):
        UserSession.objects.update(ended_at=None)
    assert not saml_session(house)

    told(house, "CREATED")

    assert not saml_session(house)


def test_other_namespaces_go_on(house: House) -> None:
    eve = tenancy.signed_in(tenancy.ivan(tenancy.a_namespace("eve-s", account_id="111111111111")))

    told(house, "SUSPENDED")

    assert eve.get("/api/v1/me/").status_code == 200


def test_nobody_suspends_their_own_namespace(house: House) -> None:
    answer = tenancy.signed_in(tenancy.ivan(house.acme)).patch(
        "/api/v1/namespaces/acme/", {"status": "SUSPENDED"}, content_type="application/json"
    )

    assert answer.status_code == 403
    assert api_token(house)


def test_a_namespace_that_is_going_cannot_be_reopened(house: House) -> None:
    with namespace_scope(house.acme.pk):
        Namespace.objects.update(status="DELETING")

    answer = told(house, "CREATED")

    assert (answer.status_code, answer.json()["code"]) == (409, "namespace_not_there")
    assert not api_token(house)


def test_the_admin_suspends_and_reopens(house: House) -> None:
    root = tenancy.signed_in(tenancy.a_platform_administrator())
    page = f"/admin/tenancy/namespace/{house.acme.pk}"
    assert "are refused" in root.get(f"{page}/do/suspend/").content.decode()

    root.post(f"{page}/do/suspend/", {"sure": "yes"})

    assert not api_token(house)
    root.post(f"{page}/do/reopen/")
    assert api_token(house)
    with namespace_scope(house.acme.pk):
        done = AuditEvent.objects.filter(action__in=("namespace.suspended", "namespace.reopened"))
        assert done.count() == 2
