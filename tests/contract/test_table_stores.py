"""What every table store must do, run on the fake and on real PostgreSQL, Delta and Iceberg."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from psycopg import sql
from pyiceberg.catalog.sql import SqlCatalog

from purge.adapters.postgresql.addresses import Server
from purge.adapters.postgresql.table_store import PostgreSQLTableStore
from purge.adapters.tables.delta_table_store import DeltaTableStore
from purge.adapters.tables.iceberg_table_store import IcebergTableStore
from purge.domain.identifiers import identifiers_of, wanted_in
from purge.ports import (
    NOBODY,
    ObjectUnreachable,
    Sought,
    StoredTable,
    TableFinding,
    TableStore,
)
from tests.factories.tables import at_once
from tests.fakes.tables import FakeTableStore
from tests.settings import SERVERS, WORKER

Row = Mapping[str, Any]
TABLE = "sales.orders"
IDENTIFIERS = identifiers_of(
    [
        {"name": "customer_id", "path": "customer_id", "type": "integer"},
        {"name": "email", "path": "email", "type": "string"},
        {"name": "device", "path": "device", "type": "uuid"},
        {"name": "shipment", "columns": ["region", {"column": "parcel", "type": "integer"}]},
    ]
)
DEVICE = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
DORA, UMA = "dora.quirke@customer.example", "uma@customer.example"
SCHEMA = pa.schema(
    [
        ("customer_id", pa.int64()),
        ("email", pa.string()),
        ("device", pa.string()),
        ("region", pa.string()),
        ("parcel", pa.int64()),
    ]
)


class Bench(Protocol):
    """A store, and the hands of somebody who writes to its tables."""

    store: TableStore

    def put(self, table: str, *rows: Row) -> None: ...
    def rows(self, table: str) -> list[Row]: ...


class FakeBench:
    def __init__(self) -> None:
        self._fake = FakeTableStore()
        self.store: TableStore = self._fake

    def put(self, table: str, *rows: Row) -> None:
        self._fake.put(table, *rows)

    def rows(self, table: str) -> list[Row]:
        return list(self._fake.rows[table])


class DeltaBench:
    def __init__(self, folder: Path) -> None:
        self.folder = folder / "acme" / "tables"
        self.store: TableStore = DeltaTableStore(home=folder / "acme", path="tables")

    def put(self, table: str, *rows: Row) -> None:
        path = self.folder / table
        path.mkdir(parents=True, exist_ok=True)
        write_deltalake(path, pa.Table.from_pylist(list(rows), schema=SCHEMA), mode="append")

    def rows(self, table: str) -> list[Row]:
        found: list[Row] = DeltaTable(self.folder / table).to_pyarrow_table().to_pylist()
        return found


class IcebergBench:
    def __init__(self, folder: Path) -> None:
        self.folder = folder / "acme" / "tables"
        self.folder.mkdir(parents=True)
        uri = f"sqlite:///{self.folder}/catalog.db"
        self.catalog = SqlCatalog("default", uri=uri, warehouse=f"file://{self.folder}")
        self.store: TableStore = IcebergTableStore(home=folder / "acme", path="tables")

    def put(self, table: str, *rows: Row) -> None:
        self.catalog.create_namespace_if_not_exists(table.partition(".")[0])
        made = self.catalog.create_table_if_not_exists(table, schema=SCHEMA)
        made.append(pa.Table.from_pylist(list(rows), schema=SCHEMA))

    def rows(self, table: str) -> list[Row]:
        found: list[Row] = self.catalog.load_table(table).scan().to_arrow().to_pylist()
        return found


class Socket(Server):
    """The session's server, which listens on a private socket alone."""

    def pinned(self) -> dict[str, str]:
        return dict(self.parameters)


class PostgreSQLBench:
    def __init__(self) -> None:
        self.where = {
            "host": str(SERVERS.postgres.run),
            "dbname": f"shop_{WORKER}",
            "user": f"shop_{WORKER}",
            "password": "open sesame",
        }
        with SERVERS.postgres.connect() as root:
            name = sql.Identifier(self.where["dbname"])
            root.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            root.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(name))
            password = sql.Literal(self.where["password"])
            root.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(name, password))
            root.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(name))
        self.server = Socket(parameters=self.where, allowed=())
        self.store: TableStore = PostgreSQLTableStore(server=self.server)

    def run(self, statement: str, *values: object) -> list[Any]:
        with psycopg.connect(**self.where, autocommit=True) as connection:  # type: ignore[arg-type]
            cursor = connection.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def put(self, table: str, *rows: Row) -> None:
        self.run(f"CREATE SCHEMA IF NOT EXISTS {table.partition('.')[0]}")
        self.run(
            f"CREATE TABLE IF NOT EXISTS {table} "
            "(customer_id bigint, email text, device text, region text, parcel bigint)"
        )
        for row in rows:
            self.run(
                f"INSERT INTO {table} VALUES (%s, %s, %s, %s, %s)",  # noqa: S608 - our own names
                *(row.get(name) for name in SCHEMA.names),
            )

    def rows(self, table: str) -> list[Row]:
        found = self.run(f"SELECT * FROM {table}")  # noqa: S608 - our own names
        return [dict(zip(SCHEMA.names, one, strict=True)) for one in found]


@pytest.fixture(params=["fake", "delta", "iceberg", "postgresql"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    match request.param:
        case "fake":
            yield FakeBench()
        case "delta":
            yield DeltaBench(tmp_path)
        case "iceberg":
            yield IcebergBench(tmp_path)
        case _:
            request.getfixturevalue("django_db_setup")
            yield PostgreSQLBench()


def row(customer: int | None = None, **values: object) -> Row:
    return dict.fromkeys(SCHEMA.names) | {"customer_id": customer} | values


def find(bench: Bench, subject: Mapping[str, object], table: str = TABLE) -> TableFinding | None:
    wanted = wanted_in([subject], identifiers=IDENTIFIERS)
    return bench.store.find(table=table, sought=Sought(identifiers=IDENTIFIERS, wanted=wanted))


def counted(bench: Bench, subject: Mapping[str, object]) -> tuple[int, int]:
    found = find(bench, subject)
    assert found is not None
    return found.rows, found.unclear


def delete(bench: Bench, subject: Mapping[str, object]) -> int:
    wanted = wanted_in([subject], identifiers=IDENTIFIERS)
    return bench.store.delete(
        table=TABLE, sought=Sought(identifiers=IDENTIFIERS, wanted=wanted), announce=at_once
    )


def customers(bench: Bench) -> list[int | None]:
    return sorted((one["customer_id"] for one in bench.rows(TABLE)), key=lambda one: one or 0)


def test_tables_are_listed_by_prefix(bench: Bench) -> None:
    bench.put("sales.orders", row(1))
    bench.put("sales.returns", row(1))
    bench.put("staff.wages", row(1))

    listed = list(bench.store.tables(prefix="sales."))

    assert [one.name for one in listed if isinstance(one, StoredTable)] == [
        "sales.orders",
        "sales.returns",
    ]
    assert all(step.ok for step in bench.store.probe(prefix="sales."))


def test_a_table_that_is_gone_is_none(bench: Bench) -> None:
    bench.put("sales.returns", row(1))

    assert find(bench, {"customer_id": 7}) is None
    assert delete(bench, {"customer_id": 7}) == 0


def test_rows_are_counted_and_nobody_else_is(bench: Bench) -> None:
    bench.put(TABLE, row(7), row(70), row(None), row(7, email=UMA))

    assert counted(bench, {"customer_id": 7}) == (2, 0)
    assert counted(bench, {"customer_id": 700}) == (0, 0)


def test_a_row_is_theirs_by_any_identifier(bench: Bench) -> None:
    bench.put(TABLE, row(7), row(8, email=DORA), row(9))

    assert counted(bench, {"customer_id": 7, "email": DORA}) == (2, 0)


def test_text_is_matched_exactly(bench: Bench) -> None:
    bench.put(TABLE, row(1, email=DORA), row(2, email=DORA.upper()), row(3, email=f"{DORA} "))

    assert delete(bench, {"email": DORA}) == 1
    assert customers(bench) == [2, 3]


def test_quotes_and_wild_cards_are_only_characters(bench: Bench) -> None:
    odd = "o'dora\"%_\\; DROP TABLE x --"
    bench.put(TABLE, row(1, email=odd), row(2, email="o'dora"))

    assert delete(bench, {"email": odd}) == 1
    assert customers(bench) == [2]


def test_a_uuid_is_theirs_however_it_is_spelled(bench: Bench) -> None:
    bench.put(TABLE, row(1, device=DEVICE.upper()), row(2, device=DEVICE.replace("-", "")), row(3))

    assert delete(bench, {"device": DEVICE}) == 2
    assert customers(bench) == [3]


def test_a_composite_matches_by_all_of_its_columns_and_null_is_a_value(bench: Bench) -> None:
    bench.put(
        TABLE,
        row(1, region="north", parcel=5),
        row(2, region="north", parcel=6),
        row(3, region="south", parcel=5),
        row(4, region="north"),
        row(5, parcel=5),
    )

    assert counted(bench, {"shipment": ["north", None]}) == (1, 0)
    assert delete(bench, {"shipment": ["north", 5]}) == 1
    assert delete(bench, {"shipment": [None, 5]}) == 1
    assert customers(bench) == [2, 3, 4]


def test_a_number_in_a_text_column_is_flagged_and_left(bench: Bench) -> None:
    identifiers = identifiers_of([{"name": "customer_id", "path": "email", "type": "integer"}])
    wanted = wanted_in([{"customer_id": 7}], identifiers=identifiers)
    bench.put(TABLE, row(1, email="7"), row(2, email=" 007 "), row(3, email="70"))

    found = bench.store.find(table=TABLE, sought=Sought(identifiers=identifiers, wanted=wanted))

    assert found is not None
    assert (found.rows, found.unclear) == (0, 2)
    assert (
        bench.store.delete(
            table=TABLE, sought=Sought(identifiers=identifiers, wanted=wanted), announce=at_once
        )
        == 0
    )


def test_samples_are_their_rows_whole(bench: Bench) -> None:
    bench.put(TABLE, row(7, email=DORA), row(7, email=UMA), row(8))
    wanted = wanted_in([{"customer_id": 7}], identifiers=IDENTIFIERS)

    shown: Sequence[str] = bench.store.sample(
        table=TABLE, sought=Sought(identifiers=IDENTIFIERS, wanted=wanted), limit=1
    )

    assert len(shown) == 1
    assert json.loads(shown[0])["email"] in {DORA, UMA}


def test_deleting_and_reclaiming_again_changes_nothing(bench: Bench) -> None:
    bench.put(TABLE, row(7), row(8))

    assert delete(bench, {"customer_id": 7}) == 1
    assert bench.store.reclaim(table=TABLE, keeper=NOBODY, moment=nullcontext)
    assert delete(bench, {"customer_id": 7}) == 0
    assert bench.store.reclaim(table=TABLE, keeper=NOBODY, moment=nullcontext)

    assert counted(bench, {"customer_id": 7}) == (0, 0)
    assert customers(bench) == [8]


def test_a_table_can_be_written_after_it_was_reclaimed(bench: Bench) -> None:
    bench.put(TABLE, row(7), row(8))
    delete(bench, {"customer_id": 7})
    bench.store.reclaim(table=TABLE, keeper=NOBODY, moment=nullcontext)

    bench.put(TABLE, row(9))

    assert customers(bench) == [8, 9]


def test_a_column_that_is_not_there_is_said(bench: Bench) -> None:
    if isinstance(bench.store, FakeTableStore):
        pytest.skip("the fake has no columns")
    bench.put(TABLE, row(7))
    identifiers = identifiers_of([{"name": "customer_id", "path": "nowhere", "type": "integer"}])
    wanted = wanted_in([{"customer_id": 7}], identifiers=identifiers)

    with pytest.raises(ObjectUnreachable, match="column_missing"):
        bench.store.find(table=TABLE, sought=Sought(identifiers=identifiers, wanted=wanted))
