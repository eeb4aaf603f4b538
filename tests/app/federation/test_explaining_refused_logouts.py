"""A refused logout shows a code and a reference that the administrator opens, as a sign-in does."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from federation.adapters.lxml_saml_logout_captures import LXMLLogoutReader
from federation.domain import stages
from federation.models import SignInAttempt
from governance.isolation.scopes import namespace_scope
from tests.factories import tenancy
from tests.factories.logouts import Acme
from tests.fakes.hostile_logouts import HOSTILE_LOGOUTS, HostileLogout
from tests.fakes.idp import a_key_pair, encoded
from tests.fakes.idp_logouts import Query, a_signed_tree

pytestmark = pytest.mark.django_db
SLS = "/saml/acme/AzureActiveDirectory/sls/"


@pytest.fixture
def acme() -> Acme:
    return Acme()


def attempt(acme: Acme) -> SignInAttempt:
    with namespace_scope(acme.namespace.pk):
        return SignInAttempt.objects.exclude(outcome="accepted").get()


def opened(acme: Acme, row: SignInAttempt) -> str:
    admin = tenancy.signed_in(tenancy.ivan(acme.namespace))
    return admin.get(f"/admin/federation/signinattempt/{row.pk}/change/").content.decode()


def test_the_administrator_opens_what_the_person_was_shown(acme: Acme) -> None:
    query = Query(key=a_key_pair("mallory")).of(acme.logout(issuer="https://other.example/"))

    page = Client().get(f"{SLS}?{query}").content.decode()

    row = attempt(acme)
    assert row.reference in page
    assert (row.code, row.door) == ("saml_signature_invalid", "out_by_redirect")
    shown = opened(acme, row)
    assert "Sign-out by HTTP-Redirect" in shown
    assert "https://other.example/" in shown
    assert "in the query, by rsa-sha256" in shown
    assert "Import the provider&#x27;s current metadata" in shown
    assert "A sign-out asks none." in shown


def test_a_form_is_explained_too(acme: Acme) -> None:
    document = a_signed_tree(acme.logout(destination="https://elsewhere.example/sls/"))

    Client().post(SLS, {"SAMLRequest": encoded(document)})

    row = attempt(acme)
    assert (row.code, row.door) == ("saml_logout_destination_mismatch", "out_by_form")
    shown = opened(acme, row)
    assert "https://elsewhere.example/sls/" in shown
    assert "Expected: http" in shown
    assert "in the document" in shown


def test_the_log_is_searched_by_the_reference_and_told_apart(acme: Acme) -> None:
    acme.signed_in()
    acme.send(acme.logout(version="1.1"))
    row = attempt(acme)
    admin = tenancy.signed_in(tenancy.ivan(acme.namespace))

    found = admin.get("/admin/federation/signinattempt/", {"q": row.reference}).content.decode()
    outs = admin.get("/admin/federation/signinattempt/", {"door__exact": "out_by_redirect"})

    assert row.reference in found
    assert row.reference in outs.content.decode()
    assert outs.content.decode().count("saml_logout_version") == 1


def test_it_names_nobody(acme: Acme) -> None:
    acme.send(acme.logout(version="1.1"))

    row = attempt(acme)
    kept = str([getattr(row, field.attname) for field in SignInAttempt._meta.fields])
    assert "joe" not in kept
    assert "_session1" not in kept


def test_what_cannot_be_read_is_still_explained(acme: Acme) -> None:
    client = Client(headers={"accept": "application/json"})

    answers = [
        client.get(SLS, {"SAMLRequest": "never"}).json(),
        client.post(SLS, {"SAMLRequest": "never"}).json(),
        client.post(SLS, {"SAMLRequest": "A" * 300_000}).json(),
        client.get(SLS).json(),
    ]

    assert [one["code"] for one in answers] == [
        "saml_logout_unsigned",
        "saml_response_not_decodable",
        "saml_logout_body_too_large",
        "saml_logout_parameters",
    ]
    with namespace_scope(acme.namespace.pk):
        kept = set(SignInAttempt.objects.values_list("reference", flat=True))
    assert {one["reference"] for one in answers} == kept


def test_a_replay_is_told_and_ends_nothing_twice(acme: Acme) -> None:
    acme.signed_in()
    logout = acme.logout()
    acme.send(logout)

    acme.send(logout)

    assert attempt(acme).code == "saml_logout_replayed"


def test_a_stranger_writes_thirty_lines_a_minute(acme: Acme) -> None:
    references = [
        Client(headers={"accept": "application/json"}).get(SLS).json()["reference"]
        for _ in range(32)
    ]

    assert references[-2:] == ["", ""]
    with namespace_scope(acme.namespace.pk):
        assert SignInAttempt.objects.count() == 30


def test_a_logout_that_is_obeyed_is_in_the_trail_and_not_in_this_log(acme: Acme) -> None:
    acme.signed_in()

    acme.send(acme.logout())

    with namespace_scope(acme.namespace.pk):
        assert not SignInAttempt.objects.exclude(door="sign_in").exists()


@pytest.mark.parametrize("hostile", HOSTILE_LOGOUTS, ids=[one.name for one in HOSTILE_LOGOUTS])
def test_every_hostile_message_has_its_check_and_reading_it_costs_nothing(
    hostile: HostileLogout,
) -> None:
    message: Any = hostile.message()
    is_query = isinstance(message, str)
    checks = stages.SIGN_OUT_BY_REDIRECT if is_query else stages.SIGN_OUT_BY_FORM
    reader = LXMLLogoutReader()
    before = timezone.now()

    if is_query:
        reader.redirected(query=message)
    else:
        reader.posted(parameters=message)

    assert hostile.code in {code for stage in checks for code in stage.codes}
    assert (timezone.now() - before).total_seconds() < 0.5
