"""Odd names and values of columns in Delta and Iceberg: exactly theirs goes, or nothing."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyiceberg.catalog.sql import SqlCatalog

from purge.adapters.tables.delta_table_store import DeltaTableStore
from purge.adapters.tables.iceberg_table_store import IcebergTableStore
from purge.domain.identifiers import identifiers_of, wanted_in
from purge.ports import NOBODY, ObjectUnreachable, Sought, TableStore
from tests.factories.tables import at_once

Made = tuple[TableStore, Callable[[], list[int]]]
TABLE = "sales.orders"


def a_delta(home: Path, rows: pa.Table) -> Made:
    folder = home / TABLE
    write_deltalake(folder, rows)
    return DeltaTableStore(home=home), lambda: _numbers(DeltaTable(folder).to_pyarrow_table())


def an_iceberg(home: Path, rows: pa.Table) -> Made:
    catalog = SqlCatalog("default", uri=f"sqlite:///{home}/catalog.db", warehouse=f"file://{home}")
    catalog.create_namespace("sales")
    catalog.create_table(TABLE, schema=rows.schema).append(rows)
    return IcebergTableStore(home=home), lambda: _numbers(
        catalog.load_table(TABLE).scan().to_arrow()
    )


def _numbers(rows: pa.Table) -> list[int]:
    found: list[int] = sorted(rows["n"].to_pylist())
    return found


MAKERS = {"delta": a_delta, "iceberg": an_iceberg}
every_lake = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def made(make: Any, folder: Path, column: str, values: list[Any], kind: pa.DataType) -> Made:
    home = folder / "acme"
    home.mkdir()
    result: Made = make(
        home, pa.table({column: pa.array(values, kind), "n": list(range(len(values)))})
    )
    return result


def sought(column: str, kind: str, value: object) -> Sought:
    path = "/" + column.replace("~", "~0").replace("/", "~1")
    identifiers = identifiers_of([{"name": "one", "path": path, "type": kind}])
    wanted = wanted_in([{"one": value}], identifiers=identifiers)
    return Sought(identifiers=identifiers, wanted=wanted)


@every_lake
@pytest.mark.parametrize(
    ("kind", "values", "asked", "wanted"),
    [
        (pa.string(), ["a\\'b\"c", "b"], "string", "a\\'b\"c"),
        (pa.string(), ["a\n\0b", "b"], "string", "a\n\0b"),
        (pa.string(), ["ü", "u\u0308"], "string", "ü"),
        (pa.string(), ["x" * 100 + "a", "x" * 100 + "b"], "string", "x" * 100 + "a"),
        (pa.string(), ["0123456789abcdef", "0123456789abcdefg"], "string", "0123456789abcdef"),
        (pa.string(), ["7", "7.0"], "string", "7"),
        (pa.int8(), [7, 8], "integer", 7),
        (pa.int64(), [2**62 + 1, 2**62], "integer", 2**62 + 1),
        (pa.float64(), [7.0, 7.5], "integer", 7),
        (pa.decimal128(20, 2), [Decimal("7.00"), Decimal("7.01")], "integer", 7),
        (pa.date32(), [date(2020, 1, 1), date(2018, 1, 1)], "string", "2020-01-01"),
    ],
)
def test_a_value_is_told_from_others(
    tmp_path: Path, make: Any, kind: pa.DataType, values: list[Any], asked: str, wanted: object
) -> None:
    store, left = made(make, tmp_path, "value", values, kind)

    assert store.delete(table=TABLE, sought=sought("value", asked, wanted), announce=at_once) == 1
    assert left() == [1]
    assert store.reclaim(table=TABLE, keeper=NOBODY, moment=nullcontext)


@pytest.mark.parametrize("name", ["Email", "é", "a b", "select", "we\"ird 'n.a`me/~x"])
@every_lake
def test_a_column_of_any_name_is_that_column(tmp_path: Path, make: Any, name: str) -> None:
    store, left = made(make, tmp_path, name, ["a", "b"], pa.string())

    assert store.delete(table=TABLE, sought=sought(name, "string", "a"), announce=at_once) == 1
    assert left() == [1]


@every_lake
def test_a_name_in_another_case_is_another_column(tmp_path: Path, make: Any) -> None:
    store, left = made(make, tmp_path, "Email", ["a", "b"], pa.string())

    with pytest.raises(ObjectUnreachable, match="column_missing"):
        store.delete(table=TABLE, sought=sought("email", "string", "a"), announce=at_once)
    assert left() == [0, 1]


def test_a_file_of_one_number_is_not_dropped_with_what_is_no_number(tmp_path: Path) -> None:
    """Its smallest and largest value are equal, for they leave NaN out."""
    store, left = made(an_iceberg, tmp_path, "value", [7.0, float("nan")], pa.float64())

    assert store.delete(table=TABLE, sought=sought("value", "integer", 7), announce=at_once) == 1
    assert left() == [1]


def test_rows_without_the_struct_that_an_identifier_lies_in_stay(tmp_path: Path) -> None:
    """The library's own deletion takes them along, for they compare neither true nor false."""
    rows = [{"id": 7}, None, {"id": 8}, {"id": None}]
    kind = pa.struct([("id", pa.int64())])
    store, left = made(an_iceberg, tmp_path, "customer", rows, kind)
    described = [
        {"name": "one", "path": "customer.id", "type": "integer"},
        {"name": "n", "path": "n", "type": "integer"},
    ]
    identifiers = identifiers_of(described)
    wanted = wanted_in([{"one": 7, "n": 2}], identifiers=identifiers)
    both = Sought(identifiers=identifiers, wanted=wanted)

    assert store.delete(table=TABLE, sought=both, announce=at_once) == 2
    assert left() == [1, 3]


@pytest.mark.parametrize(
    ("kind", "theirs", "another"),
    [
        (pa.float64(), 7.0, float("nan")),
        (pa.decimal128(20, 0), Decimal(2**53 + 1), Decimal(2**53)),
        (pa.decimal128(38, 0), Decimal(10**28 + 1), Decimal(10**28)),
    ],
)
def test_neighbours_that_an_engine_cannot_tell_apart_are_not_taken(
    tmp_path: Path, kind: pa.DataType, theirs: float | Decimal, another: float | Decimal
) -> None:
    """Delta's library compares long decimals as numbers of floating point, and takes NaN along."""
    store, left = made(a_delta, tmp_path, "value", [theirs, another], kind)

    with pytest.raises(ObjectUnreachable, match=r"rows_not_told_apart|table_not_readable"):
        store.delete(table=TABLE, sought=sought("value", "integer", int(theirs)), announce=at_once)
    assert left() == [0, 1]
