"""Several are approved together, while stores take their time to say that nothing changed."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from psycopg.pq import TransactionStatus

from governance.isolation.scopes import namespace_scope
from purge.adapters.filesystem.storage_layer import FilesystemStorageLayer
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy


@pytest.mark.django_db(transaction=True)
def test_no_transaction_waits_for_stores_while_several_are_approved(
    make_company: Callable[[str], Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The third of them changed: it alone is looked for again."""
    seen = []
    version = FilesystemStorageLayer.version

    def looked(self: FilesystemStorageLayer, *, key: str) -> str | None:
        seen.append(connection.connection.info.transaction_status)
        return version(self, key=key)

    company = make_company("acme")
    for customer in (5, 6, 7):
        (company.folder / f"{customer}.ndjson").write_bytes(purge.records(customer))
    with namespace_scope(company.namespace.pk):
        requests = [company.located(people=[{"customer_id": one}]) for one in (5, 6, 7)]
        browser: Client = tenancy.signed_in(company.olga, role="officer")
    with (company.folder / "7.ndjson").open("ab") as writer:
        writer.write(purge.records(9))
    monkeypatch.setattr(FilesystemStorageLayer, "version", looked)

    answer = browser.post(
        "/api/v1/namespaces/acme/erasure-requests/approve/",
        {"approvals": [{"id": str(one.pk), "report_hash": one.report_hash} for one in requests]},
        content_type="application/json",
    )

    assert [(one["state"], one["code"]) for one in answer.json()["results"]] == [
        ("approved", ""),
        ("approved", ""),
        ("locating", "report_stale"),
    ]
    assert set(seen) == {TransactionStatus.IDLE}
    assert len(seen) >= 3
