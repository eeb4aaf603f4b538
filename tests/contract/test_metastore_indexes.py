"""What every metastore index must do, run on the fake and on PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg
import pytest
from django.db import connection, connections
from psycopg import sql

from governance.isolation.scopes import current_namespace_id, namespace_scope
from governance.project.embedded.postgres import APP_ROLE
from purge.adapters.postgresql.metastore_index import PostgreSQLMetastoreIndex
from purge.domain.spans import Span
from purge.ports import IndexEntries, MetastoreIndex, Place
from purge.services import keyrings
from tests.factories import tenancy
from tests.fakes.metastore import FakeMetastoreIndex
from tests.servers import postgres
from tests.settings import SERVERS

LARGEST = 2**63 - 1
TABLES = ["purge_indexentry", "purge_indexblock"]
PARTS = "SELECT relid::text FROM pg_partition_tree(%s) WHERE isleaf"
POSTGRESQL = "purge.adapters.postgresql.metastore_index"


def rolled_back(name: str) -> object:
    return pytest.param(name, marks=pytest.mark.django_db)


def committed(name: str) -> object:
    return pytest.param(name, marks=pytest.mark.django_db(transaction=True))


@pytest.fixture(params=[rolled_back("fake"), rolled_back("small"), committed("large")])
def index(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MetastoreIndex]:
    """The fake, PostgreSQL's, and PostgreSQL's where each object is a large one."""
    if request.param == "large":
        monkeypatch.setattr(f"{POSTGRESQL}.LARGE", 0)
        monkeypatch.setattr(f"{POSTGRESQL}.RUN", 1500)
    namespace = tenancy.a_namespace().pk
    with namespace_scope(namespace):
        keyrings.keys()
    with namespace_scope(namespace):
        yield FakeMetastoreIndex() if request.param == "fake" else PostgreSQLMetastoreIndex()


def stored(index: MetastoreIndex, number: int, *entries: tuple[int, int, int]) -> int:
    with closing(index.batch(namespace_id=current_namespace_id())) as batch:
        batch.add(columns(*entries))
        return batch.store(object_number=number)


def columns(*entries: tuple[int, int, int]) -> IndexEntries:
    prints, offsets, lengths = ([one[column] for one in entries] for column in range(3))
    return IndexEntries(prints, offsets, lengths)


def places(index: MetastoreIndex, *prints: int, within: list[int] | None = None) -> list[Place]:
    return list(index.places(fingerprints=prints, object_numbers=within))


def test_what_was_stored_is_found_by_object_and_offset(index: MetastoreIndex) -> None:
    assert stored(index, 2, (7, 100, 9), (-LARGEST - 1, 0, 100)) == 2
    assert stored(index, 1, (7, 50, 5), (7, 0, 50), (8, 0, 50)) == 3

    assert places(index, 7, LARGEST) == [
        Place(1, 7, Span(0, 50)),
        Place(1, 7, Span(50, 5)),
        Place(2, 7, Span(100, 9)),
    ]
    assert places(index, 7, within=[2]) == [Place(2, 7, Span(100, 9))]
    assert places(index, 9) == []


def test_storing_again_replaces_all_of_the_object(index: MetastoreIndex) -> None:
    stored(index, 1, (7, 0, 50))
    stored(index, 2, (7, 0, 50))

    stored(index, 1, (8, 0, 9))

    assert places(index, 7, 8) == [Place(1, 8, Span(0, 9)), Place(2, 7, Span(0, 50))]


def test_an_object_without_people_is_stored_too(index: MetastoreIndex) -> None:
    stored(index, 1, (7, 0, 50))

    assert stored(index, 1) == 0
    assert places(index, 7) == []


@pytest.mark.parametrize("count", [3, 5000])
def test_an_object_that_is_new_needs_no_looking_for(index: MetastoreIndex, count: int) -> None:
    stored(index, 1, (7, 0, 50))

    with closing(index.batch(namespace_id=current_namespace_id())) as batch:
        batch.add(columns(*((one, one * 2**17, 2**16 + 1) for one in range(1, count + 1))))
        assert batch.store(object_number=2, is_known=False) == count

    assert places(index, 1, 7, within=[2])[0] == Place(2, 1, Span(2**17, 2**16 + 1))
    assert places(index, 7, within=[1]) == [Place(1, 7, Span(0, 50))]


def test_forgetting_drops_every_fingerprint_at_the_offset(index: MetastoreIndex) -> None:
    stored(index, 1, (7, 0, 50), (8, 0, 50), (8, 50, 5))
    stored(index, 2, (7, 0, 50))

    assert index.forget(offsets={1: [0]}) == 2

    assert places(index, 7, 8) == [Place(1, 8, Span(50, 5)), Place(2, 7, Span(0, 50))]


def test_forgetting_in_several_objects_drops_of_each_its_own(index: MetastoreIndex) -> None:
    stored(index, 1, (7, 0, 50), (7, 50, 5))
    stored(index, 2, (7, 0, 50), (7, 50, 5), (8, 100, 5))

    assert index.forget(offsets={1: [0], 2: [50, 100], 3: [0]}) == 3

    assert places(index, 7, 8) == [Place(1, 7, Span(50, 5)), Place(2, 7, Span(0, 50))]


def test_what_two_fingerprints_side_by_side_look_like_is_not_found(index: MetastoreIndex) -> None:
    """The end of one and the beginning of the next are the bytes of a third."""
    stored(index, 1, (9 << 32, 0, 50), ((9 << 32) + 7, 50, 5))

    assert places(index, (7 << 32) + 9) == []
    assert places(index, 9 << 32) == [Place(1, 9 << 32, Span(0, 50))]


def test_a_removed_object_is_gone(index: MetastoreIndex) -> None:
    stored(index, 1, (7, 0, 50))

    assert index.remove(object_number=1) == 1
    assert index.remove(object_number=1) == 0
    assert places(index, 7) == []


def test_another_namespace_sees_and_writes_nothing(db: None) -> None:
    index = PostgreSQLMetastoreIndex()
    acme, evil = tenancy.a_namespace("acme"), tenancy.a_namespace("evil")
    with namespace_scope(acme.pk):
        keyrings.keys()
        stored(index, 1, (7, 0, 50))

    with namespace_scope(evil.pk):
        keyrings.keys()
        assert places(index, 7) == []
        assert index.remove(object_number=1) == 0
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM purge_indexentry")
            assert cursor.fetchone()[0] == 0
    with namespace_scope(acme.pk):
        assert len(places(index, 7)) == 1


def bytes_on_disk(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree(%s)", [table]
        )
        return int(cursor.fetchone()[0])


@pytest.fixture
def fresh_database(transactional_db: None) -> None:
    """One in which no rolled-back test left half-empty pages behind."""
    connections.close_all()
    postgres.clone_template(SERVERS.postgres, name=str(connection.settings_dict["NAME"]))


def test_a_place_far_in_and_a_record_of_any_length_are_kept_whole(index: MetastoreIndex) -> None:
    entries = [(7, 0, 2**31 - 1), (7, 1, 32767), (7, 2, 32768), (7, 2**47 - 1, 65536)]

    stored(index, 1, *entries)

    assert places(index, 7) == [Place(1, 7, Span(offset, size)) for _, offset, size in entries]
    assert index.forget(offsets={1: [2**47 - 1, 2]}) == 2


@pytest.mark.parametrize("table", TABLES)
def test_the_parts_of_the_table_answer_nobody(
    connect_as: Callable[[str], psycopg.Connection], table: str
) -> None:
    service = connect_as(APP_ROLE)

    parts = [name for (name,) in service.execute(PARTS, [table]).fetchall()]

    assert len(parts) == 16
    for name in parts:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            service.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(name)))


@pytest.mark.parametrize(
    ("table", "large", "bytes_"), [("purge_indexentry", 200_000, 90), ("purge_indexblock", 0, 30)]
)
def test_a_record_costs_at_most_so_many_bytes(
    fresh_database: None, monkeypatch: pytest.MonkeyPatch, table: str, large: int, bytes_: int
) -> None:
    monkeypatch.setattr(f"{POSTGRESQL}.LARGE", large)
    index, count = PostgreSQLMetastoreIndex(), 100_000
    acme = tenancy.a_namespace()
    with namespace_scope(acme.pk):
        keyrings.keys()
    with namespace_scope(acme.pk):
        stored(
            index,
            1,
            *(((one * 0x9E3779B97F4A7C15) % 2**62, one * 300, 300) for one in range(1, count + 1)),
        )
        # The trees of the first are full by now: what comes later splits their pages.
        stored(
            index,
            2,
            *(((one * 0xC2B2AE3D27D4EB4F) % 2**62, one * 300, 300) for one in range(1, count + 1)),
        )

        assert bytes_on_disk(table) / (2 * count) <= bytes_
