"""Indexing where others read the objects: the same rows, whatever happens to the readers."""

import gzip

import pytest
from django.utils import timezone

from purge.domain.fingerprints import fingerprints
from purge.domain.identifiers import UNREADABLE
from purge.models import LakeObject
from purge.ports.extraction import SparkFailed
from purge.services import indexing, keyrings
from purge.services.indexing import Refreshed
from tests.app.purge.conftest import Company
from tests.factories import purge
from tests.fakes.readers import FakeReaders

Kept = dict[str, tuple[str, int, int, list[tuple[int, int]]]]


@pytest.fixture
def acme(company: Company) -> Company:
    (company.folder / "a.ndjson").write_bytes(purge.records(5, 7, 6, 7))
    (company.folder / "b.ndjson").write_bytes(gzip.compress(purge.records(8)) + b"x")
    (company.folder / "c.ndjson").write_bytes(b"{broken\n" + purge.records(7))
    return company


def refreshed(company: Company, readers: FakeReaders | None) -> Refreshed:
    return indexing.refresh(
        dataset_id=company.dataset.pk,
        work=purge.DirectWork(company.namespace.pk),
        lake=company.lake,
        clock=timezone.now,
        readers=readers,
    )


def kept(company: Company) -> Kept:
    """Of each object what its row says, and where the index knows its records."""
    spans: dict[int, list[tuple[int, int]]] = {}
    of = fingerprints(keyrings.fingerprint_key())
    prints = [UNREADABLE, *of("integer", "customer_id", ["5", "6", "7", "8"])]
    for place in company.lake.index.places(fingerprints=prints):
        spans.setdefault(place.object_number, []).append(place.span)
    return {
        one.key: (one.version, one.entries, one.unreadable, spans.get(one.number, []))
        for one in LakeObject.objects.all()
    }


def forget(company: Company) -> None:
    for number in LakeObject.objects.values_list("number", flat=True):
        company.lake.index.remove(object_number=number)
    LakeObject.objects.all().delete()


def test_the_index_is_the_same(acme: Company) -> None:
    here = refreshed(acme, None)
    rows = kept(acme)
    forget(acme)

    elsewhere = refreshed(acme, FakeReaders(acme.lake))

    assert elsewhere == here
    assert kept(acme) == rows
    assert rows["a.ndjson"][1] == 8
    assert refreshed(acme, FakeReaders(acme.lake)).read == 0


def test_what_they_had_read_is_kept_when_they_fail(acme: Company) -> None:
    def dying(key: str) -> None:
        if key == "c.ndjson":
            raise SparkFailed(why="power cut")

    with pytest.raises(SparkFailed, match="power cut"):
        refreshed(acme, FakeReaders(acme.lake, before=dying))
    before = set(kept(acme))

    again = refreshed(acme, FakeReaders(acme.lake))

    assert "a.ndjson" in before
    assert "c.ndjson" not in before
    assert again.objects == 3
    assert again.read == 3 - len(before)


def test_an_object_that_changes_meanwhile_is_read_here(acme: Company) -> None:
    def writing(key: str) -> None:
        (acme.folder / key).write_bytes(purge.records(9, 9, 9))

    result = refreshed(acme, FakeReaders(acme.lake, before=writing))

    assert result.read == 3
    assert {one.entries for one in LakeObject.objects.all()} == {6}
    assert refreshed(acme, None).read == 0


def test_an_object_that_is_gone_meanwhile_is_no_trouble(acme: Company) -> None:
    readers = FakeReaders(acme.lake, before=lambda key: (acme.folder / key).unlink())

    result = refreshed(acme, readers)

    assert (result.read, result.unreachable) == (0, [])
    assert not LakeObject.objects.exists()
