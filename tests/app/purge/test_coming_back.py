"""Erased people who come back: noted once a person, asked for again by rule, left where decided."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from purge.domain.locators import Locator
from purge.models import (
    CameBackPolicy,
    Dataset,
    ErasureRequest,
    Return,
    ReturnState,
    Suppression,
)
from purge.services import certificates, decisions, rules, suppression
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy

BOTH = [{"customer_id": 7, "email": "c7@customer.example"}]


@pytest.fixture
def erased(company: Company) -> Company:
    """Dora was erased, by her number and her address."""
    write(company, "1.ndjson", 5, 7)
    assert company.erase(company.approved(people=BOTH)).state == "completed"
    return company


@pytest.fixture
def asks_again(erased: Company) -> Company:
    rules.change(
        values={"came_back": CameBackPolicy.ERASE_AGAIN},
        actor=tenancy.an_actor(erased.ivan),
        now=timezone.now(),
    )
    return erased


def write(company: Company, name: str, *customers: int) -> None:
    (company.folder / name).write_bytes(purge.records(*customers))


def look(company: Company) -> list[ErasureRequest]:
    """Read what changed, and do as the rule says. The erasures that are open for it."""
    purge.indexed(company.dataset)
    for one in Return.objects.filter(state=ReturnState.OPEN):
        suppression.act_on(return_id=one.pk, now=timezone.now())
    return list(ErasureRequest.objects.filter(origin="came_back", finished_at__isnull=True))


def reject(company: Company, request: ErasureRequest) -> None:
    company.locate(request.pk)
    decisions.reject(
        request_id=request.pk,
        reason="A new contract.",
        actor=tenancy.an_actor(company.olga, role="officer"),
        now=timezone.now(),
    )


def test_a_person_with_two_identifiers_comes_back_once(erased: Company) -> None:
    write(erased, "1.ndjson", 5, 7)
    (erased.folder / "2.ndjson").write_bytes(b'{"email": "c7@customer.example"}\n')

    purge.indexed(erased.dataset)

    row = Return.objects.get()
    request = suppression.ask_again(
        return_id=row.pk, actor=tenancy.an_actor(erased.ivan), now=timezone.now()
    )
    assert {one.partition(":")[0] for one in request.fingerprints} == {"customer_id", "email"}
    erased.locate(request.pk)
    request.refresh_from_db()
    assert erased.erase(erased.approve(request)).state == "completed"
    assert (erased.folder / "2.ndjson").read_bytes() == b""


def test_two_people_of_one_erasure_come_back_as_two(company: Company) -> None:
    write(company, "1.ndjson", 5, 7, 8)
    company.erase(company.approved(people=[{"customer_id": 7}, {"customer_id": 8}]))
    write(company, "1.ndjson", 5, 7, 8)

    purge.indexed(company.dataset)

    assert Return.objects.count() == 2


def test_a_second_value_of_the_same_name_is_another_return(erased: Company) -> None:
    """A person had two addresses: one erasure asks for one value of a name."""
    again = [{"customer_id": 7}, {"customer_id": 9}]
    Suppression.objects.all().delete()
    write(erased, "1.ndjson", 7, 9)
    erased.erase(erased.approved(people=again))
    Suppression.objects.update(person=0)
    write(erased, "1.ndjson", 7, 9)

    purge.indexed(erased.dataset)

    assert Return.objects.count() == 2


def test_who_may_stay_may_stay_by_every_identifier(erased: Company) -> None:
    write(erased, "1.ndjson", 5, 7)
    purge.indexed(erased.dataset)

    suppression.dismiss(
        return_id=Return.objects.get().pk,
        actor=tenancy.an_actor(erased.ivan),
        now=timezone.now(),
    )

    assert not Suppression.objects.filter(lifted_at__isnull=True).exists()


def test_by_rule_an_erasure_is_asked_for_at_once_and_once(asks_again: Company) -> None:
    write(asks_again, "1.ndjson", 5, 7)
    write(asks_again, "2.ndjson", 7)

    assert len(look(asks_again)) == 1
    write(asks_again, "1.ndjson", 5, 7, 6)
    assert len(look(asks_again)) == 1


def test_a_rejection_rests_until_more_of_them_comes_in(asks_again: Company) -> None:
    write(asks_again, "1.ndjson", 5, 7)
    [request] = look(asks_again)
    reject(asks_again, request)

    write(asks_again, "1.ndjson", 5, 7, 6)
    assert look(asks_again) == []
    write(asks_again, "1.ndjson", 6, 7)
    assert look(asks_again) == []
    assert not Return.objects.filter(state=ReturnState.OPEN).exists()
    write(asks_again, "1.ndjson", 6, 7, 7)
    [request] = look(asks_again)

    reject(asks_again, request)
    write(asks_again, "1.ndjson", 6, 7, 7, 8)
    assert look(asks_again) == []
    write(asks_again, "2.ndjson", 7)
    assert len(look(asks_again)) == 1


def test_what_came_between_the_report_and_the_rejection_was_not_decided_on(
    asks_again: Company,
) -> None:
    write(asks_again, "1.ndjson", 5, 7)
    [request] = look(asks_again)
    asks_again.locate(request.pk)
    write(asks_again, "1.ndjson", 5, 7, 7)
    purge.indexed(asks_again.dataset)
    decisions.reject(
        request_id=request.pk,
        reason="A new contract.",
        actor=tenancy.an_actor(asks_again.olga, role="officer"),
        now=timezone.now(),
    )

    write(asks_again, "1.ndjson", 5, 7, 7, 6)

    assert len(look(asks_again)) == 1


def test_an_unreadable_line_hides_no_new_record(asks_again: Company) -> None:
    path = asks_again.folder / "1.ndjson"
    torn = b'{"customer": {"id": 7\n'
    path.write_bytes(purge.records(7) + torn)
    [request] = look(asks_again)
    reject(asks_again, request)

    path.write_bytes(purge.records(7, 5) + torn)
    assert look(asks_again) == []
    path.write_bytes(purge.records(7, 7) + torn)
    assert len(look(asks_again)) == 1


def test_a_dataset_without_an_index_is_compared_whenever_it_is_read(asks_again: Company) -> None:
    Dataset.objects.update(locator=Locator.SCAN)
    write(asks_again, "1.ndjson", 5, 7)
    assert look(asks_again) == []

    asks_again.located(people=[{"customer_id": 5}])

    [request] = look(asks_again)
    reject(asks_again, request)
    write(asks_again, "1.ndjson", 6, 5, 7)
    asks_again.located(people=[{"customer_id": 5}])
    assert look(asks_again) == []
    write(asks_again, "1.ndjson", 6, 7, 7)
    asks_again.located(people=[{"customer_id": 6}])
    assert len(look(asks_again)) == 1


def test_reconciling_reads_a_dataset_without_an_index(company: Company) -> None:
    Dataset.objects.update(locator=Locator.SCAN)
    write(company, "1.ndjson", 5, 7)
    company.erase(company.approved(people=BOTH))
    write(company, "1.ndjson", 5, 7)
    out = StringIO()

    call_command("reconcile_erasures", namespace="acme", stdout=out)

    assert "1 erased people back" in out.getvalue()
    assert "1 objects, 1 read again" in out.getvalue()


def test_a_restored_database_knows_what_belongs_to_one_person(
    company: Company, tmp_path: Path
) -> None:
    write(company, "1.ndjson", 5, 7)
    request = company.erase(company.approved(people=BOTH))
    file = tmp_path / "certificate.json"
    file.write_text(json.dumps(certificates.body(request.certificates.get())), encoding="utf-8")
    Suppression.objects.all().delete()
    write(company, "1.ndjson", 5, 7)

    with namespace_scope(company.namespace.pk):
        call_command("reconcile_erasures", namespace="acme", certificates=[file], stdout=StringIO())

    assert Return.objects.count() == 1
