"""The index only says where to look: the record itself says whose it is."""

import os
from collections.abc import Callable, Collection, Sequence

import pytest

from governance.isolation.scopes import namespace_scope
from purge.models import ErasureStep
from purge.services import index_entries, places
from tests.app.purge.conftest import Company
from tests.factories import purge

MANY = 120_000 if os.environ.get("LAKEWARDEN_FULL") else 12_000


def test_people_whose_fingerprints_are_the_same_are_told_apart_by_their_records(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight bytes may be the same for two people. Here they are for all of them."""

    def all_the_same(_key: bytes) -> object:
        def of(_kind: str, _name: str, values: Collection[str]) -> Sequence[int]:
            return [42] * len(values)

        return of

    monkeypatch.setattr(index_entries, "fingerprints", all_the_same)
    monkeypatch.setattr(places, "fingerprint", lambda **_value: 42)
    (company.folder / "1.ndjson").write_bytes(purge.records(5, 7, 6, 8, 9))
    purge.indexed(company.dataset)

    request = company.erase(company.approved(people=[{"customer_id": 7}, {"customer_id": 8}]))

    assert request.state == "completed"
    left = (company.folder / "1.ndjson").read_bytes().splitlines()
    assert left == [purge.records(5, 7, 6, 8, 9).splitlines()[at] for at in (0, 2, 4)]


@pytest.mark.django_db(transaction=True)
def test_a_hundred_thousand_records_and_more_are_one_erasure(
    make_company: Callable[[str], Company],
) -> None:
    """Peers stop at a queue of 100,000 matches; so many only in `make test-full`."""
    company = make_company("acme")
    theirs, others = purge.records(7), purge.records(5)
    (company.folder / "1.ndjson").write_bytes((theirs + others) * (MANY // 2) + theirs * 10)
    (company.folder / "2.ndjson").write_bytes(theirs * (MANY // 2))

    purge.indexed(company.dataset)
    with namespace_scope(company.namespace.pk):
        request = company.approved()
    company.carry_out(request)

    assert (company.folder / "1.ndjson").read_bytes() == others * (MANY // 2)
    assert (company.folder / "2.ndjson").read_bytes() == b""
    with namespace_scope(company.namespace.pk):
        request.refresh_from_db()
        steps = ErasureStep.objects.filter(erasure_request=request)
        assert request.state == "completed"
        assert sum(step.records for step in steps) == MANY + 10
        assert request.certificates.get().document["totals"]["records"] == MANY + 10
