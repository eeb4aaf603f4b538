"""Large objects arrive in the index while they are read, and are found from one moment on."""

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module

import psycopg
import pytest
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper
from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from governance.project.embedded.postgres import OWNER_ROLE
from purge.adapters.postgresql import index_arrivals, index_blocks
from purge.adapters.postgresql.index_arrivals import ArrivalLostError
from purge.adapters.postgresql.index_rows import IndexRows
from purge.domain.fingerprints import fingerprints
from purge.models import LakeObject
from purge.ports import IndexEntries
from purge.services import indexing, keyrings, returns
from tests.app.purge.conftest import Company
from tests.factories import purge
from tests.fakes.killer import Killer, was_killed

pytestmark = pytest.mark.django_db(transaction=True)

MIGRATION = import_module("purge.migrations.0011_pack_large_objects_into_blocks").Migration
SOME = 8
BEFORE, AFTER = range(100, 130), range(200, 240)
COUNT = """
SELECT (SELECT sum(length(fingerprints)) / 8 FROM purge_indexblock),
  (SELECT count(*) FROM purge_indexarrival), (SELECT count(*) FROM purge_indexentry)
"""
FEWEST_POINTS, MOST_POINTS = 20, 80


@pytest.fixture
def acme(make_company: Callable[[str], Company], monkeypatch: pytest.MonkeyPatch) -> Company:
    """A few records are a large object here."""
    monkeypatch.setattr("purge.adapters.postgresql.metastore_index.LARGE", SOME)
    monkeypatch.setattr("purge.adapters.postgresql.metastore_index.RUN", SOME)
    monkeypatch.setattr("purge.adapters.text.blocks.BLOCK", 300)
    company = make_company("acme")
    with namespace_scope(company.namespace.pk):
        keyrings.keys()
    return company


def refresh(company: Company) -> indexing.Refreshed:
    return indexing.refresh(
        dataset_id=company.dataset.pk,
        work=purge.DirectWork(company.namespace.pk),
        lake=company.lake,
        clock=timezone.now,
    )


def found(company: Company) -> set[int]:
    """Those customers whom the index knows, of all."""
    with namespace_scope(company.namespace.pk):
        people = [*BEFORE, *AFTER]
        of = fingerprints(keyrings.fingerprint_key())
        prints = of("integer", "customer_id", [str(one) for one in people])
        known = dict(zip(prints, people, strict=True))
        numbers = list(LakeObject.objects.values_list("number", flat=True))
        places = list(company.lake.index.places(fingerprints=prints))
        assert {place.object_number for place in places} <= set(numbers)
        assert places == list(
            company.lake.index.places(fingerprints=prints, object_numbers=numbers)
        )
        assert len(places) == len({place.fingerprint for place in places})
        return {known[place.fingerprint] for place in places}


def count(company: Company) -> tuple[int, int]:
    """Entries in blocks, and the numbers under which they arrived. None are rows."""
    with namespace_scope(company.namespace.pk), connection.cursor() as cursor:
        cursor.execute(COUNT)
        entries, numbers, rows = cursor.fetchone()
    assert rows == 0
    return int(entries or 0), numbers


def test_all_of_it_is_found_and_replaced_as_one(acme: Company) -> None:
    path = acme.folder / "a.ndjson"
    path.write_bytes(purge.records(*BEFORE))
    refresh(acme)
    assert found(acme) == set(BEFORE)

    path.write_bytes(purge.records(*AFTER))
    refresh(acme)

    assert found(acme) == set(AFTER)
    assert count(acme) == (2 * len(AFTER), 1)
    path.unlink()
    refresh(acme)
    assert count(acme) == (0, 0)


def test_records_of_it_are_forgotten_by_their_place(acme: Company) -> None:
    (acme.folder / "a.ndjson").write_bytes(purge.records(*BEFORE))
    refresh(acme)

    with namespace_scope(acme.namespace.pk):
        number = LakeObject.objects.get().number
        assert acme.lake.index.forget(offsets={number: [0]}) == 2

    assert found(acme) == set(BEFORE[1:])


def test_a_migration_back_has_it_read_again(
    acme: Company, connect_as: Callable[[str], psycopg.Connection]
) -> None:
    (acme.folder / "a.ndjson").write_bytes(purge.records(*BEFORE))
    refresh(acme)
    owner = connect_as(OWNER_ROLE)
    with owner.transaction(force_rollback=True):
        owner.execute(MIGRATION.operations[0].reverse_sql)

        version = owner.execute("SELECT version, entries FROM purge_lakeobject").fetchall()

        assert version == [("", 0)]


def test_an_erasure_of_it_completes(acme: Company) -> None:
    (acme.folder / "a.ndjson").write_bytes(purge.records(*BEFORE, 7, *AFTER))

    with namespace_scope(acme.namespace.pk):
        request = acme.erase(acme.approved())

    assert request.state == "completed"
    assert found(acme) == {*BEFORE, *AFTER}


def test_nobody_finds_what_is_still_arriving(acme: Company) -> None:
    with namespace_scope(acme.namespace.pk):
        (print_,) = fingerprints(keyrings.fingerprint_key())("integer", "customer_id", ["100"])
    batch = acme.lake.index.batch(namespace_id=acme.namespace.pk)
    for first in range(0, 100, 10):
        batch.add(IndexEntries([print_] * 10, range(first, first + 10), [1] * 10))

    assert found(acme) == set()

    batch.close()
    assert count(acme) == (0, 0)


def test_what_goes_wrong_while_it_arrives_is_raised_where_it_is_read(
    acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(rows: IndexRows, *, number: int) -> None:
        message = "no space"
        raise OSError(message)

    (acme.folder / "a.ndjson").write_bytes(purge.records(*BEFORE, *AFTER))
    monkeypatch.setattr(index_blocks, "insert", failing)

    with pytest.raises(OSError, match="no space"):
        refresh(acme)

    assert (found(acme), count(acme)) == (set(), (0, 0))


def test_what_goes_wrong_after_it_was_published_leaves_nothing(
    acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(**what: object) -> None:
        message = "late"
        raise OSError(message)

    (acme.folder / "a.ndjson").write_bytes(purge.records(*BEFORE))
    monkeypatch.setattr(returns, "note", failing)

    with pytest.raises(OSError, match="late"):
        refresh(acme)

    assert found(acme) == set()
    assert count(acme) == (0, 0)


def test_another_namespace_neither_finds_nor_clears_it(
    acme: Company, make_company: Callable[[str], Company]
) -> None:
    evil = make_company("evil")
    (acme.folder / "a.ndjson").write_bytes(purge.records(*BEFORE))
    refresh(acme)

    with namespace_scope(acme.namespace.pk):
        number = LakeObject.objects.get().number
    with namespace_scope(evil.namespace.pk):
        keyrings.keys()
        assert index_arrivals.numbers_of([number]) == {}
        assert evil.lake.index.remove(object_number=number) == 0
        assert evil.lake.index.clear(begun_before=timezone.now() + timedelta(days=1)) == 0
    assert count(evil) == (0, 0)
    assert count(acme) == (2 * len(BEFORE), 1)
    assert found(acme) == set(BEFORE)


def test_an_arrival_that_was_cleared_away_is_not_published(acme: Company) -> None:
    batch = acme.lake.index.batch(namespace_id=acme.namespace.pk)
    batch.add(IndexEntries(range(30), range(30), [1] * 30))
    while count(acme)[0] < 2 * SOME:
        pass
    with namespace_scope(acme.namespace.pk):
        assert acme.lake.index.clear(begun_before=timezone.now()) == 1

    with pytest.raises(ArrivalLostError), namespace_scope(acme.namespace.pk):
        batch.store(object_number=1)

    batch.close()
    assert count(acme) == (0, 0)


def test_wherever_the_reader_is_killed_the_next_one_ends_the_same(acme: Company) -> None:
    def read(killer: Killer) -> None:
        killer.around(DatabaseWrapper, "_commit")
        killer.around(index_blocks, "insert")
        refresh(acme)

    path, point, killed = acme.folder / "a.ndjson", 0, True
    while killed:
        point += 1
        assert point < MOST_POINTS
        path.write_bytes(purge.records(*BEFORE))
        refresh(acme)
        path.write_bytes(purge.records(*AFTER))

        killed = was_killed(read, at=point)

        assert found(acme) in (set(BEFORE), set(AFTER))
        refresh(acme)
        assert found(acme) == set(AFTER)
        with namespace_scope(acme.namespace.pk):
            acme.lake.index.clear(begun_before=timezone.now())
        assert count(acme) == (2 * len(AFTER), 1)
    assert point > FEWEST_POINTS
