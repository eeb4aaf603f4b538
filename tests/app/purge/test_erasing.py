"""An erasure from the request to the certificate, over real files and the real database."""

import json

from django.db import connection

from governance.audit.models import AuditEvent
from governance.outbox.models import OutboxMessage
from purge import job_names
from purge.domain import signatures
from purge.models import ErasureCertificate, ErasureReport, ErasureStep, LakeObject
from tests.app.purge.conftest import Company
from tests.factories import purge


def entries() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM purge_indexentry")
        return int(cursor.fetchone()[0])


def test_a_person_is_erased_and_nobody_else(company: Company) -> None:
    (company.folder / "1.ndjson").write_bytes(purge.records(5, 7, 6, 7))
    (company.folder / "2.ndjson").write_bytes(purge.records(5, 6))
    (company.folder / "3.ndjson").write_bytes(purge.records(7)[:-1])
    untouched = (company.folder / "2.ndjson").stat().st_ino

    request = company.erase(company.approved())

    assert request.state == "completed"
    kept = [json.loads(line) for line in (company.folder / "1.ndjson").read_text().splitlines()]
    assert [one["n"] for one in kept] == [0, 2]
    assert (company.folder / "2.ndjson").stat().st_ino == untouched
    assert (company.folder / "3.ndjson").read_bytes() == b""


def test_the_report_says_what_was_found_where(company: Company) -> None:
    (company.folder / "customer-7.ndjson").write_bytes(purge.records(5, 7, 6, 7))

    request = company.located()

    assert request.state == "awaiting_approval"
    report = ErasureReport.objects.get(erasure_request=request)
    assert report.hash == request.report_hash
    [found] = report.document["objects"]
    line = len(purge.records(7))
    assert (found["records"], found["bytes"]) == (2, 2 * line)
    assert found["name"] == "sales/customer-•••.ndjson"
    assert report.document["subjects"] == request.fingerprints


def test_the_index_keeps_its_positions_and_forgets_the_person(company: Company) -> None:
    (company.folder / "1.ndjson").write_bytes(purge.records(5, 7, 6, 8))
    company.erase(company.approved())

    row = LakeObject.objects.get()
    line = len(purge.records(5))
    assert row.cuts == [[line, line]]
    assert entries() == 6

    request = company.erase(company.approved(people=[{"customer_id": 8}]))

    assert request.state == "completed"
    assert purge.records(5, 7, 6, 8).splitlines()[2] in (company.folder / "1.ndjson").read_bytes()
    assert LakeObject.objects.get().cuts == [[line, line], [3 * line, line]]
    assert entries() == 4


def test_the_certificate_can_be_verified_and_names_nobody(company: Company) -> None:
    (company.folder / "7.ndjson").write_bytes(purge.records(5, 7))
    request = company.erase(
        company.approved(people=[{"customer_id": 7, "email": "c7@customer.example"}])
    )

    certificate = ErasureCertificate.objects.get(erasure_request=request)

    assert signatures.is_genuine(
        document=certificate.document,
        signature=certificate.signature,
        public_key=certificate.public_key,
    )
    altered = certificate.document | {"namespace": "other"}
    assert not signatures.is_genuine(
        document=altered, signature=certificate.signature, public_key=certificate.public_key
    )
    assert "c7@" not in json.dumps(certificate.document)
    assert certificate.document["totals"]["records"] == 1
    event = AuditEvent.objects.get(pk=certificate.audit_event_id)
    assert event.detail["sha256"] == certificate.hash


def test_certificates_are_chained(company: Company) -> None:
    (company.folder / "1.ndjson").write_bytes(purge.records(5, 7, 8))
    first = company.erase(company.approved())
    second = company.erase(company.approved(people=[{"customer_id": 8}]))

    before = first.certificates.get(kind="complete")
    after = second.certificates.get(kind="complete")
    assert before.number + 1 == after.number
    assert after.document["previous_certificate"] == before.hash


def test_what_outlives_the_erasure_names_nobody(company: Company) -> None:
    (company.folder / "1.ndjson").write_bytes(purge.records(77123, 5))
    company.erase(
        company.approved(people=[{"customer_id": 77123, "email": "c77123@customer.example"}])
    )

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', ["%77123%"])  # noqa: S608 - a name from the catalogue
            assert cursor.fetchone()[0] == 0, table


def test_nothing_found_is_an_answer_too(company: Company) -> None:
    (company.folder / "1.ndjson").write_bytes(purge.records(5))

    request = company.erase(company.approved())

    assert request.state == "completed"
    assert request.certificates.get(kind="complete").document["totals"]["records"] == 0


def test_the_officers_and_then_the_people_are_told(company: Company) -> None:
    request = company.erase(company.approved())

    names = OutboxMessage.objects.filter(payload__erasure_request_id=str(request.pk)).values_list(
        "name", flat=True
    )
    assert set(names) == {
        job_names.LOCATE,
        job_names.ASK_OFFICERS,
        job_names.ERASE,
        job_names.TELL_OUTCOME,
    }


def test_doing_it_again_changes_nothing(company: Company) -> None:
    (company.folder / "1.ndjson").write_bytes(purge.records(5, 7))
    request = company.erase(company.approved())
    content = (company.folder / "1.ndjson").read_bytes()

    company.erase(request)
    company.locate(request.pk)

    assert (company.folder / "1.ndjson").read_bytes() == content
    assert ErasureCertificate.objects.count() == 1
    assert ErasureStep.objects.get().records == 1
