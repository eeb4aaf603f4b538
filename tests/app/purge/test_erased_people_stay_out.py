"""T66: who was erased comes back by no door of their own accord, until somebody lets them in."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from federation.domain.directories import Reason, SignInRefused
from federation.models import IdentityProvider
from governance.audit.models import AuditEvent
from governance.isolation.scopes import namespace_scope
from governance.tenancy.domain.people import ProvidedPerson
from governance.tenancy.models import Identity, User
from governance.tenancy.services import actors, erased_people, tokens, users
from purge.domain.identifiers import SubjectInvalid
from purge.models import Return, ReturnState, Suppression
from purge.services import free_texts, suppression
from tests.app.federation.test_signing_in_by_directory import BUDGET, UMA, Door
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy
from tests.factories.directories import a_directory, a_mapping
from tests.factories.federation_saml import an_identity_provider, the_walk_through
from tests.factories.saml_sign_ins import SAMLBrowser, as_member_of
from tests.factories.scim import USER, Entra
from tests.fakes.directory import FakeDirectory, FakeThrottle

pytestmark = pytest.mark.django_db

JOE, DORA = "joe@acme.example", "uma@acme.example"
OID = "58342554-38d6-4ec8-948c-50044d0a33fd"
MAIL = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"
IDENTIFIERS = [*purge.IDENTIFIERS, {"name": "object_id", "path": "oid", "type": "uuid"}]


@pytest.fixture
def acme(make_company: Callable[[str], Company]) -> Company:
    """Three people were erased from the lake: by email, by another, and by object id."""
    made = make_company("acme")
    with namespace_scope(made.namespace.pk):
        made.dataset.identifiers = IDENTIFIERS
        made.dataset.save()
        people: list[dict[str, object]] = [
            {"email": JOE, "customer_id": 7},
            {"email": DORA},
            {"object_id": OID},
        ]
        assert made.erase(made.approved(people=people)).state == "completed"
    return made


@pytest.fixture
def provider(acme: Company) -> IdentityProvider:
    with namespace_scope(acme.namespace.pk):
        made = an_identity_provider()
        the_walk_through(made)
    return made


@pytest.fixture
def entra(acme: Company, provider: IdentityProvider) -> Entra:
    with namespace_scope(acme.namespace.pk):
        _, token = tokens.create(
            name="Entra",
            scopes=["scim"],
            days=30,
            provider_id=provider.pk,
            actor=actors.system(),
            now=timezone.now(),
        )
    return Entra(token)


def people_of(company: Company) -> set[str]:
    with namespace_scope(company.namespace.pk):
        return set(User.objects.values_list("email", flat=True))


def let_back(company: Company, **subject: object) -> int:
    with namespace_scope(company.namespace.pk):
        return suppression.let_back(
            subject=subject,
            reason="A new contract of May",
            actor=tenancy.an_actor(company.ivan),
            now=timezone.now(),
        )


def test_saml_just_in_time_makes_no_account_of_an_erased_person(
    acme: Company, provider: IdentityProvider
) -> None:
    browser = SAMLBrowser(acme.namespace)
    groups = as_member_of("QuickSight-Author", name=JOE)

    refused = browser.signed_in(name_id=JOE, attributes=groups)

    assert (refused.status_code, refused.json()["code"]) == (403, "person_was_erased")
    assert JOE not in people_of(acme)
    other = as_member_of("QuickSight-Author", name="ada@acme.example")
    assert browser.signed_in(name_id="ada@acme.example", attributes=other).status_code == 302


def test_scim_makes_no_account_of_an_erased_person(acme: Company, entra: Entra) -> None:
    for changes in (
        {"user_name": JOE, "externalId": "4e2d3c1b-0000-4000-8000-000000000001"},
        {"user_name": "renamed@acme.example", "externalId": OID},
        {"user_name": JOE.upper(), "externalId": "4e2d3c1b-0000-4000-8000-000000000002"},
    ):
        with pytest.raises(AssertionError, match="erased"):
            entra.user(changes.pop("user_name"), **changes)

    assert entra.read("Users")["totalResults"] == 0
    assert entra.user("ada@acme.example", externalId="4e2d3c1b-0000-4000-8000-000000000003")


def test_a_directory_makes_no_account_of_an_erased_person(acme: Company, now: datetime) -> None:
    with namespace_scope(acme.namespace.pk):
        a_mapping(a_directory(), "analysts", role="author")
    door = Door(FakeDirectory(people=[UMA]), FakeThrottle(budget=BUDGET), now)

    with pytest.raises(SignInRefused) as refused:
        door.sign_in(DORA)

    assert refused.value.reason is Reason.USER_INACTIVE
    assert DORA not in people_of(acme)
    let_back(acme, email=DORA)
    assert door.sign_in(DORA).user.username == DORA


def test_nobody_makes_the_account_by_hand(acme: Company) -> None:
    with namespace_scope(acme.namespace.pk), pytest.raises(erased_people.PersonWasErased):
        tenancy.a_user("joe", email=JOE)


@pytest.mark.parametrize(
    "spelled", [f" {JOE}", f"{JOE}\n", "jo\uff45@acme.example", "JOE@Acme.example"]
)
def test_another_spelling_of_the_same_name_is_no_way_in(acme: Company, spelled: str) -> None:
    with namespace_scope(acme.namespace.pk), pytest.raises(erased_people.PersonWasErased):
        erased_people.check({spelled})


def test_case_and_width_as_erased_are_no_way_in_either(
    acme: Company, provider: IdentityProvider, entra: Entra
) -> None:
    """Records are erased as they are spelled; accounts are compared as directories do."""
    oid = "6C84FB90-12C4-11E1-840D-7B25C5EE775A"
    with namespace_scope(acme.namespace.pk):
        people: list[dict[str, object]] = [{"email": "An\uff4e.Stra\xdfe@Acme.example"}]
        people += [{"email": oid}]
        assert acme.erase(acme.approved(people=people)).state == "completed"
        for spelled in ("ann.strasse@acme.example", "author/ANN.STRASSE@acme.example", oid.lower()):
            with pytest.raises(erased_people.PersonWasErased):
                erased_people.check({spelled})
        erased_people.check({"ann.stras@acme.example"})
        assert not Suppression.objects.filter(account_fingerprint__contains="ann").exists()

    with pytest.raises(AssertionError, match="erased"):
        entra.user("ann.strasse@acme.example", externalId="e-1")
    assert let_back(acme, email="ANN.strasse@acme.example") == 1
    assert entra.user("ann.strasse@acme.example", externalId="e-1")


def test_the_ledger_of_an_older_release_goes_on_to_know_people(acme: Company) -> None:
    with namespace_scope(acme.namespace.pk):
        Suppression.objects.update(account_fingerprint="")

        with pytest.raises(erased_people.PersonWasErased):
            erased_people.check({JOE.upper()})


def test_an_account_is_not_renamed_to_an_erased_person_by_saml(
    acme: Company, provider: IdentityProvider
) -> None:
    def signed_in(email: str) -> Any:
        attributes = as_member_of("QuickSight-Author", name="ada@acme.example") | {MAIL: [email]}
        return SAMLBrowser(acme.namespace).signed_in(name_id="p-1", attributes=attributes)

    assert signed_in("ada@acme.example").status_code == 302

    refused = signed_in(JOE.title())

    assert (refused.status_code, refused.json()["code"]) == (403, "person_was_erased")
    assert people_of(acme).isdisjoint({JOE, JOE.title()})
    assert signed_in("ADA@acme.example").status_code == 302


def test_an_account_is_not_renamed_to_an_erased_person_by_scim(acme: Company, entra: Entra) -> None:
    ada = entra.user("ada@acme.example", externalId="e-1")
    joe = {"emails": [{"value": JOE.title(), "type": "work", "primary": True}]}

    def put(user_name: str, **changes: object) -> Any:
        body = {"schemas": [USER], "userName": user_name, **changes}
        return entra.send("PUT", f"Users/{ada}", body)

    for changes in (joe, {"externalId": OID.upper()}):
        refused = put("ada@acme.example", **changes)
        assert refused.status_code == 403
        assert "erased" in refused.json()["detail"]
    rename = {"op": "Replace", "path": "userName", "value": JOE.title()}
    assert entra.patch(f"Users/{ada}", rename).status_code == 403
    assert put("Ada@acme.example").status_code == 200

    # Shutting somebody out is never refused; coming in again is.
    assert put(JOE, active=False, **joe).status_code == 200
    assert put(JOE, active=True, **joe).status_code == 403
    with pytest.raises(AssertionError, match="erased"):
        entra.user("eva@acme.example", externalId="e-2", **joe)


def test_an_account_is_not_given_an_erased_persons_address_by_hand(acme: Company) -> None:
    with namespace_scope(acme.namespace.pk):
        ada = tenancy.a_user("ada", email="ada@acme.example")
        token = tenancy.a_token("tenancy:write")
    client = tenancy.signed_in(acme.ivan)

    patched = Client().patch(
        f"/api/v1/namespaces/acme/users/{ada.pk}/",
        {"email": JOE.title()},
        content_type="application/json",
        headers={"authorization": f"Bearer {token}"},
    )
    form = {"display_name": "Ada", "email": JOE.title(), "_save": "Save"}
    page = client.post(f"/admin/tenancy/user/{ada.pk}/change/", form, follow=True)

    assert (patched.status_code, patched.json()["code"]) == (403, "person_was_erased")
    assert "was erased here" in page.content.decode()
    assert people_of(acme).isdisjoint({JOE, JOE.title()})


def test_who_has_an_account_keeps_it(acme: Company, provider: IdentityProvider) -> None:
    """The erasure was of the lake's records; an account is closed where it comes from."""
    person = ProvidedPerson(
        source="saml", provider_id=provider.pk, subject=JOE, username="author/joe", email=JOE
    )
    with namespace_scope(acme.namespace.pk):
        user = tenancy.a_user("joe", email="other@acme.example")
        Identity.objects.create(
            user=user, provider_kind="saml", provider_id=provider.pk, subject=JOE
        )
        again = users.provision(person=person, roles=[], actor=actors.system(), now=timezone.now())

    assert again.pk == user.pk


def test_a_number_that_is_somebody_elses_elsewhere_shuts_nobody_out(
    acme: Company, provider: IdentityProvider
) -> None:
    person = ProvidedPerson(
        source="saml", provider_id=provider.pk, subject="7", username="author/7"
    )

    with namespace_scope(acme.namespace.pk):
        users.provision(person=person, roles=[], actor=actors.system(), now=timezone.now())
        assert Identity.objects.get(subject="7").user.username == "author/7"


def test_another_namespace_knows_nothing_of_it(
    acme: Company, make_company: Callable[[str], Company]
) -> None:
    evil = make_company("evil")

    with namespace_scope(evil.namespace.pk):
        tenancy.a_user("joe", email=JOE)

    assert JOE in people_of(evil)


def test_whoever_is_let_back_comes_in_and_that_is_written_down(
    acme: Company, provider: IdentityProvider
) -> None:
    assert let_back(acme, customer_id=7) == 2  # the person, by both of their identifiers

    groups = as_member_of("QuickSight-Author", name=JOE)
    answer = SAMLBrowser(acme.namespace).signed_in(name_id=JOE, attributes=groups)

    assert answer.status_code == 302
    with namespace_scope(acme.namespace.pk):
        event = AuditEvent.objects.get(action="person.let_back")
        assert event.detail["reason"] == "A new contract of May"
        assert JOE not in str(event.detail)
        assert Suppression.objects.filter(lifted_at__isnull=True).count() == 2


def test_letting_back_settles_what_waits_for_a_decision(acme: Company) -> None:
    (acme.folder / "1.ndjson").write_bytes(purge.records(5, 7))
    with namespace_scope(acme.namespace.pk):
        purge.indexed(acme.dataset)
        assert Return.objects.get().state == ReturnState.OPEN

    let_back(acme, email=JOE)

    with namespace_scope(acme.namespace.pk):
        assert Return.objects.get().state == ReturnState.DISMISSED
        (acme.folder / "2.ndjson").write_bytes(purge.records(7))
        purge.indexed(acme.dataset)
        assert Return.objects.count() == 1


@pytest.mark.parametrize(
    ("subject", "reason", "refusal"),
    [
        ({"email": "nobody@acme.example"}, "New contract", suppression.NotErased),
        ({"shoe_size": 7}, "New contract", SubjectInvalid),
        ({"email": JOE}, " ", free_texts.RequestInvalid),
        ({"email": JOE}, f"{JOE} asked", free_texts.RequestInvalid),
    ],
)
def test_letting_back_is_refused_in_words(
    acme: Company, subject: Any, reason: str, refusal: type[Exception]
) -> None:
    with namespace_scope(acme.namespace.pk), pytest.raises(refusal):
        suppression.let_back(
            subject=subject,
            reason=reason,
            actor=tenancy.an_actor(acme.ivan),
            now=timezone.now(),
        )


def test_letting_back_on_the_page(acme: Company) -> None:
    client = tenancy.signed_in(acme.ivan)
    page = "/n/acme/erasures/returns/"
    assert b"Let somebody back in" in client.get(page).content

    wrong = client.post(f"{page}let-back/", {"person": "email=who@acme.example", "reason": "x"})
    assert wrong.status_code == 400
    assert b"Nobody who was erased" in wrong.content
    done = client.post(f"{page}let-back/", {"person": f"email={JOE}", "reason": "New contract"})

    assert done.status_code == 302
    assert let_back_count(acme) == 2
    for other in (acme.olga, Client()):
        visitor = other if isinstance(other, Client) else tenancy.signed_in(other)
        values = {"person": f"email={DORA}", "reason": "x"}
        assert visitor.post(f"{page}let-back/", values).status_code in {302, 403}
    assert let_back_count(acme) == 2


def test_letting_back_by_rest(acme: Company, make_company: Callable[[str], Company]) -> None:
    with namespace_scope(acme.namespace.pk):
        token = tenancy.a_token("purge:write")
    address = "/api/v1/namespaces/acme/returns/let-back/"

    def post(token: str, **subject: object) -> Any:
        return Client().post(
            address,
            {"subject": subject, "reason": "New contract"},
            content_type="application/json",
            headers={"authorization": f"Bearer {token}"},
        )

    assert post(token, email=JOE).json() == {"identifiers": 2}
    assert post(token, email=JOE).json()["code"] == "nobody_erased_is_called_so"
    evil = make_company("evil")
    with namespace_scope(evil.namespace.pk):
        eve = tenancy.a_token("purge:write")
    assert post(eve, email=DORA).status_code == 404


def let_back_count(company: Company) -> int:
    with namespace_scope(company.namespace.pk):
        return Suppression.objects.filter(lifted_at__isnull=False).count()
