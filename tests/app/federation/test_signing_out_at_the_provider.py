"""A provider says that somebody signed out: whose sessions end, once, and what it is answered."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from django.utils import timezone

from federation import wiring
from federation.models import IdentityProvider
from federation.services import identity_providers
from governance.audit.models import AuditEvent
from governance.isolation.scopes import namespace_scope
from governance.tenancy.services import actors
from tests.factories.federation_saml import metadata_xml
from tests.factories.logouts import (
    SLO,
    Acme,
    a_provider,
    document_of,
    metadata_with_logout,
    statuses,
)
from tests.factories.tenancy import a_namespace
from tests.fakes.idp import a_key_pair, encoded
from tests.fakes.idp_logouts import Query, a_signed_tree, lower_case

SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
REQUESTER = "urn:oasis:names:tc:SAML:2.0:status:Requester"
pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Acme:
    return Acme()


def test_a_signed_request_ends_the_session_that_it_names_and_no_other(acme: Acme) -> None:
    joe, joe_elsewhere = acme.signed_in(), acme.signed_in(session="_session2")
    acme.signed_in("ann", session="_session1")

    answer = acme.send(acme.logout())

    assert answer.status_code == 302
    assert acme.open_sessions() == ["ann _session1", "joe _session2"]
    assert joe.client.get("/").status_code == 302
    assert joe_elsewhere.client.get("/").status_code == 200


def test_a_request_without_a_session_ends_all_of_that_person(acme: Acme) -> None:
    acme.signed_in()
    acme.signed_in(session="_session2")
    acme.signed_in("ann")

    acme.send(acme.logout(session_indexes=()))

    assert acme.open_sessions() == ["ann _session1"]


def test_a_request_by_form_ends_it_too(acme: Acme) -> None:
    acme.signed_in()
    document = a_signed_tree(acme.logout())

    answer = Client().post(
        "/saml/acme/AzureActiveDirectory/sls/", {"SAMLRequest": encoded(document)}
    )

    assert answer.status_code == 302
    assert acme.open_sessions() == []


def test_the_answer_goes_back_signed_with_the_providers_own_relay_state(acme: Acme) -> None:
    acme.signed_in()
    logout = acme.logout()

    answer = acme.send(logout, relay_state="https://elsewhere.example/?a=b", escape=lower_case)

    assert answer["Location"].startswith(f"{SLO}?SAMLResponse=")
    root, parameters = document_of(answer["Location"])
    assert root.get("InResponseTo") == logout.message_id
    assert root.get("Destination") == SLO
    assert statuses(root) == [SUCCESS]
    assert parameters["RelayState"] == ["https://elsewhere.example/?a=b"]
    assert "Signature" in parameters


def test_the_answer_goes_to_the_address_for_answers_where_there_is_one() -> None:
    namespace = a_namespace("acme")
    a_provider(
        namespace, metadata=metadata_with_logout(response_url="https://idp.customer.example/done")
    )
    here = Acme.__new__(Acme)
    here.namespace = namespace

    answer = here.send(here.logout())

    assert answer["Location"].startswith("https://idp.customer.example/done?")


def test_a_provider_without_an_address_is_answered_with_a_page() -> None:
    here = Acme.__new__(Acme)
    here.namespace = a_namespace("acme")
    a_provider(here.namespace, metadata=metadata_xml())
    here.signed_in()

    answer = here.send(here.logout())

    assert answer.status_code == 200
    assert "You are signed out here" in answer.content.decode()
    assert here.open_sessions() == []


def test_sessions_that_ended_before_are_no_failure(acme: Acme) -> None:
    acme.signed_in()
    acme.send(acme.logout())

    answer = acme.send(acme.logout())

    assert statuses(document_of(answer["Location"])[0]) == [SUCCESS]


def test_a_person_who_never_was_here_is_answered_as_unknown(acme: Acme) -> None:
    acme.signed_in()

    answer = acme.send(acme.logout(name_id="nobody@customer.example"))

    assert statuses(document_of(answer["Location"])[0]) == [
        REQUESTER,
        "urn:oasis:names:tc:SAML:2.0:status:UnknownPrincipal",
    ]
    assert acme.open_sessions() == ["joe _session1"]


def test_a_request_counts_once(acme: Acme) -> None:
    logout = acme.logout(session_indexes=())
    acme.send(logout)
    acme.signed_in()

    answer = acme.send(logout)

    assert answer.status_code == 403
    assert answer.json()["code"] == "saml_logout_replayed"
    assert answer.json()["check"] == "replay"
    assert acme.open_sessions() == ["joe _session1"]


@pytest.mark.parametrize(
    "query", [{"signed": False, "algorithm": None}, {"key": a_key_pair("mallory")}]
)
def test_an_unsigned_or_forged_request_ends_nothing(acme: Acme, query: dict[str, Any]) -> None:
    acme.signed_in()

    answer = acme.send(acme.logout(), **query)

    assert answer.status_code == 403
    assert answer.json()["check"] == "signature"
    assert acme.open_sessions() == ["joe _session1"]


def test_another_providers_request_ends_nothing_here(acme: Acme) -> None:
    """Eve's provider signs rightly, for her namespace, the NameID of a person of acme."""
    acme.signed_in()
    eve_s = a_namespace("eve")
    a_provider(eve_s)
    logout = acme.logout(
        destination=f"{settings.PUBLIC_URL}/saml/eve/AzureActiveDirectory/sls/",
    )

    there = Client().get(f"/saml/eve/AzureActiveDirectory/sls/?{Query().of(logout)}")
    here = acme.send(logout)

    assert there.status_code == 302
    assert here.json()["code"] == "saml_logout_destination_mismatch"
    assert acme.open_sessions() == ["joe _session1"]


def test_a_disabled_provider_signs_nobody_out(acme: Acme) -> None:
    with namespace_scope(acme.namespace.pk):
        identity_providers.change(
            provider=acme.provider,
            values={"enabled": False},
            ports=wiring.provider_ports(),
            actor=actors.system(),
            now=timezone.now(),
        )

    assert acme.send(acme.logout()).json()["code"] == "saml_provider_disabled"


def test_the_second_name_of_entra_is_accepted_once_it_is_entered(acme: Acme) -> None:
    acme.signed_in()
    alias = "https://login.microsoftonline.com/72f988bf/"
    unknown = acme.send(acme.logout(issuer=alias))
    with namespace_scope(acme.namespace.pk):
        IdentityProvider.objects.update(issuer_alias=alias)

    known = acme.send(acme.logout(issuer=alias))

    assert unknown.json()["code"] == "saml_logout_issuer_mismatch"
    assert known.status_code == 302
    assert acme.open_sessions() == []


def test_what_was_ended_is_in_the_trail_and_names_nobody(acme: Acme) -> None:
    acme.signed_in()

    acme.send(acme.logout())

    with namespace_scope(acme.namespace.pk):
        event = AuditEvent.objects.get(action="identity_provider.single_logout")
    assert event.detail == {
        "name": "AzureActiveDirectory",
        "sessions": 1,
        "status": "success",
    }


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_count_once(acme: Acme) -> None:
    acme.signed_in()
    logout = acme.logout()

    def send(_: int) -> int:
        try:
            return int(acme.send(logout).status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(send, range(20)))

    assert sorted(codes) == [302, *[403] * 19]
