"""After a restore: the ledger is learned again from certificates, and who is back is found."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from psycopg import sql

from governance.isolation.scopes import namespace_scope
from governance.tenancy.services import erased_people
from purge.domain.reports import canonical_json, digest
from purge.models import ErasureRequest, Return, Suppression
from purge.services import certificate_copies, certificates, keyrings
from tests.app.purge.conftest import Company
from tests.app.purge.test_telling_people import delivered
from tests.conftest import DATABASE_NAME, SERVERS
from tests.factories import purge, tenancy

EMAIL = "c7@customer.example"


@pytest.fixture
def acme(make_company: Callable[[str], Company]) -> Company:
    made = make_company("acme")
    (made.folder / "1.ndjson").write_bytes(purge.records(5, 7, 6))
    return made


def erased(acme: Company, tmp_path: Path) -> Path:
    with namespace_scope(acme.namespace.pk):
        request = acme.erase(acme.approved())
        body = certificates.body(request.certificates.get())
    file = tmp_path / "certificate.json"
    file.write_text(json.dumps(body), encoding="utf-8")
    return file


def reconciled(*files: Path) -> str:
    out = StringIO()
    call_command("reconcile_erasures", namespace="acme", certificates=list(files), stdout=out)
    return out.getvalue()


def test_a_restored_lake_is_searched_for_who_was_erased(acme: Company, tmp_path: Path) -> None:
    erased(acme, tmp_path)
    assert "nobody is back" in reconciled()

    (acme.folder / "1.ndjson").write_bytes(purge.records(5, 7, 6))

    assert "1 erased people back" in reconciled()
    assert "1 to decide on" in reconciled()
    with namespace_scope(acme.namespace.pk):
        assert Return.objects.count() == 1


def test_a_restored_database_learns_from_certificates(acme: Company, tmp_path: Path) -> None:
    file = erased(acme, tmp_path)
    with namespace_scope(acme.namespace.pk):
        before = Suppression.objects.values_list("fingerprint", "public_fingerprint").get()
        Suppression.objects.all().delete()

    assert "1 fingerprints learned" in reconciled(file)
    assert "0 fingerprints learned" in reconciled(file)

    with namespace_scope(acme.namespace.pk):
        known = Suppression.objects.values_list("fingerprint", "public_fingerprint").get()
    assert known == before
    (acme.folder / "1.ndjson").write_bytes(purge.records(5, 7, 6))
    assert "1 erased people back" in reconciled()


def test_a_forged_certificate_teaches_nothing(acme: Company, tmp_path: Path) -> None:
    file = erased(acme, tmp_path)
    body = json.loads(file.read_text())
    body["document"]["ledger"].append({"subject": "customer_id:00", "fingerprint": "5"})
    file.write_text(json.dumps(body))

    with pytest.raises(CommandError, match="wrong: Hash, Signature"):
        reconciled(file)
    with namespace_scope(acme.namespace.pk):
        assert Suppression.objects.count() == 1


def of_an_older_release(acme: Company, file: Path) -> None:
    """As it was signed before certificates carried the ledger."""
    body = json.loads(file.read_text())
    del body["document"]["ledger"]
    with namespace_scope(acme.namespace.pk):
        signature = keyrings.signing_key().sign(canonical_json(body["document"]))
    body |= {"hash": digest(body["document"]), "signature": b64encode(signature).decode()}
    file.write_text(json.dumps(body))


def test_a_certificate_without_fingerprints_is_refused_in_words(
    acme: Company, tmp_path: Path
) -> None:
    file = erased(acme, tmp_path)
    of_an_older_release(acme, file)

    with pytest.raises(CommandError, match="Certificate 1 is genuine, but of a release"):
        reconciled(file)


def the_copy_of_an_erasure(acme: Company) -> Path:
    """Of its certificate, kept here: the erasure that waits is approved, and carried out."""
    with namespace_scope(acme.namespace.pk):
        acme.approve(ErasureRequest.objects.get())
    delivered()
    [copy] = certificate_copies.kept(acme.namespace.pk)
    return copy


@pytest.mark.django_db(transaction=True)
def test_a_restored_request_says_what_its_older_certificate_does_not(
    acme: Company, restorable: Callable[[], None]
) -> None:
    copy = the_copy_of_an_erasure(acme)
    of_an_older_release(acme, copy)
    restorable()

    assert "2 fingerprints learned from 1 copies kept here" in reconciled()

    with namespace_scope(acme.namespace.pk):
        again = ErasureRequest.objects.get()
        assert (again.state, again.subjects) == ("cancelled", "")
    assert "0 fingerprints learned from 1 copies kept here" in reconciled()


def test_a_certificate_of_another_namespace_teaches_nothing(
    make_company: Callable[[str], Company], acme: Company, tmp_path: Path
) -> None:
    evil = make_company("evil")
    (evil.folder / "1.ndjson").write_bytes(purge.records(7))
    with namespace_scope(acme.namespace.pk):
        acme.ask()

    with pytest.raises(CommandError, match="wrong: Key"):
        reconciled(erased(evil, tmp_path))


def test_a_certificate_is_verified_by_a_command(acme: Company, tmp_path: Path) -> None:
    file, out = erased(acme, tmp_path), StringIO()

    call_command("verify_certificate", str(file), namespace="acme", stdout=out)

    assert out.getvalue().count("right") == 5
    body = json.loads(file.read_text())
    body["document"]["totals"] = {}
    file.write_text(json.dumps(body))
    with pytest.raises(SystemExit):
        call_command("verify_certificate", str(file), namespace="acme", stdout=out)
    for name in ("missing.json", str(tmp_path)):
        with pytest.raises(CommandError):
            call_command("verify_certificate", name, namespace="acme")
    with pytest.raises(CommandError):
        call_command("verify_certificate", str(file), namespace="nowhere")


@pytest.fixture
def restorable(acme: Company) -> Iterator[Callable[[], None]]:
    """The database as it was when this was made, put back by calling it. As a dump, but quicker."""
    backup = f"backup_of_{DATABASE_NAME}"
    server = SERVERS.postgres

    def copy(of: str, to: str) -> None:
        connections.close_all()
        with server.connect() as root:
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            root.execute(drop.format(sql.Identifier(to)))
            server.create_database(to, connection=root, template=of)

    with namespace_scope(acme.namespace.pk):
        acme.located(people=[{"customer_id": 7, "email": EMAIL}], contact="dora@other.example")
    copy(DATABASE_NAME, backup)
    yield lambda: copy(backup, DATABASE_NAME)
    connections.close_all()
    with server.connect() as root:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        root.execute(drop.format(sql.Identifier(backup)))


@pytest.mark.django_db(transaction=True)
def test_a_restored_dump_and_lake_are_reconciled_by_one_command(
    acme: Company, restorable: Callable[[], None]
) -> None:
    """T66: the backup was made while the erasure waited for its decision."""
    with namespace_scope(acme.namespace.pk):
        request = ErasureRequest.objects.get()
        acme.approve(request)
    delivered()
    with namespace_scope(acme.namespace.pk):
        assert ErasureRequest.objects.get().state == "completed"

    restorable()
    (acme.folder / "1.ndjson").write_bytes(purge.records(5, 7, 6))

    with namespace_scope(acme.namespace.pk):
        assert not Suppression.objects.exists()
        assert ErasureRequest.objects.get().subjects
    answer = reconciled()

    assert "2 fingerprints learned from 1 copies kept here" in answer
    assert "1 erased people back" in answer
    with namespace_scope(acme.namespace.pk):
        again = ErasureRequest.objects.get()
        assert (again.state, again.subjects, again.contact) == ("cancelled", "", "")
        with pytest.raises(erased_people.PersonWasErased):
            tenancy.a_user("dora", email=EMAIL)
    assert "0 fingerprints learned from 1 copies kept here" in reconciled()


@pytest.mark.django_db(transaction=True)
def test_a_copy_that_was_tampered_with_teaches_nothing_and_stops_nothing(
    acme: Company, restorable: Callable[[], None]
) -> None:
    copy = the_copy_of_an_erasure(acme)
    copy.write_text(copy.read_text().replace('"records": 1', '"records": 2'))
    restorable()

    assert "0 fingerprints learned from 1 copies kept here" in reconciled()
