"""A dataset is tried before it is indexed: what can be read, and what identifies people in it."""

from collections.abc import Callable, Sequence

from django.test import Client
from django.utils import timezone

from governance.audit.models import AuditEvent
from governance.isolation.scopes import namespace_scope
from purge.models import Dataset, LakeObject
from purge.ports import ProbeStep
from purge.services import dataset_probes
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy


def tried(acme: Company, **changes: object) -> Sequence[ProbeStep]:
    with namespace_scope(acme.namespace.pk):
        Dataset.objects.update(**changes) if changes else None
        return dataset_probes.probe(
            dataset_id=acme.dataset.pk,
            lake=acme.lake,
            actor=tenancy.an_actor(acme.ivan, role="admin"),
            now=timezone.now(),
        )


def test_the_first_objects_are_read_and_counted_and_nothing_is_kept(acme: Company) -> None:
    for name in ("1", "2", "3", "4"):
        (acme.folder / f"{name}.ndjson").write_bytes(purge.records(5, 7, 6))

    listed, *read = tried(acme)

    assert listed.ok
    assert [(step.name, step.ok) for step in read] == [
        (f"read {name}.ndjson", True) for name in ("1", "2", "3")
    ]
    assert "of its first 3 records: customer_id in 3" in read[0].detail
    with namespace_scope(acme.namespace.pk):
        assert not LakeObject.objects.exists()
        assert AuditEvent.objects.filter(action="dataset.tested").get().detail == {"ok": True}


def test_an_identifier_that_is_nowhere_fails(acme: Company) -> None:
    (acme.folder / "1.ndjson").write_bytes(purge.records(5))

    step = tried(acme, identifiers=[{"name": "phone", "path": "phone", "type": "string"}])[-1]

    assert not step.ok
    assert "phone in 0" in step.detail


def test_an_empty_prefix_and_another_format_are_said(acme: Company) -> None:
    assert "no object's name begins" in tried(acme)[-1].detail

    (acme.folder / "1.ndjson").write_bytes(purge.records(5))
    step = tried(acme, format="parquet")[-1]

    assert not step.ok


def test_a_name_that_may_be_somebodys_is_not_shown(acme: Company) -> None:
    (acme.folder / "dora.ndjson").write_bytes(b"{}\n")

    pattern = [{"name": "person", "pattern": r"^(?P<person>\w+)\.ndjson$", "type": "string"}]
    listed, step = tried(acme, locator="file_name", identifiers=pattern)

    assert listed.ok
    assert (step.name, step.ok, step.detail) == ("object 1", True, "person")


def test_ivan_tries_it_with_a_button_and_a_script_by_rest(acme: Company) -> None:
    (acme.folder / "1.ndjson").write_bytes(purge.records(5, 7))
    ivan: Client = tenancy.signed_in(acme.ivan, role="admin")

    page = ivan.post(f"/admin/purge/dataset/{acme.dataset.pk}/do/test/", {}).content.decode()
    rest = ivan.post(f"/api/v1/namespaces/acme/datasets/{acme.dataset.pk}/test/")

    assert "Its objects can be read, and hold every identifier." in page
    assert [step["ok"] for step in rest.json()["steps"]] == [True, True]


def test_an_officer_and_another_company_may_not_try_it(
    acme: Company, make_company: Callable[[str], Company]
) -> None:
    evil = make_company("evil")
    address = f"/datasets/{acme.dataset.pk}/test/"
    olga: Client = tenancy.signed_in(acme.olga, role="officer")
    eve: Client = tenancy.signed_in(evil.ivan, role="admin")

    assert olga.post(f"/api/v1/namespaces/acme{address}").status_code == 403
    assert eve.post(f"/api/v1/namespaces/evil{address}").status_code == 404
    assert eve.post(f"/api/v1/namespaces/acme{address}").status_code == 404
