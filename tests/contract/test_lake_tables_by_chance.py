"""Random tables, people and holds: Delta and Iceberg against a slow and obvious model."""

import random
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyiceberg.catalog.sql import SqlCatalog

from purge.adapters.arrow.rows import comparable
from purge.adapters.tables.delta_table_store import DeltaTableStore
from purge.adapters.tables.iceberg_table_store import IcebergTableStore
from purge.domain import matching
from purge.domain.identifiers import identifiers_of, wanted_in
from purge.domain.matching import Verdict
from purge.ports import Sought, TableStore
from tests.factories.tables import Hold, at_once

Rows = list[dict[str, Any]]
TABLE = "sales.orders"
SCHEMA = pa.schema(
    [
        ("a", pa.int64()),
        ("b", pa.string()),
        ("c", pa.struct([("d", pa.string()), ("e", pa.int32())])),
        ("f", pa.float64()),
        ("g", pa.list_(pa.string())),
        ("n", pa.int64()),
    ]
)
WHOLE_OF_D = {"column": "c.d", "type": "string"}
IDENTIFIERS: Rows = [
    {"name": "a", "path": "a", "type": "integer"},
    {"name": "b", "path": "b", "type": "string"},
    {"name": "number", "path": "b", "type": "integer"},
    {"name": "d", "path": "c.d", "type": "string"},
    {"name": "f", "path": "f", "type": "integer"},
    {"name": "g", "path": "g", "type": "string"},
    {"name": "ab", "columns": [{"column": "a", "type": "integer"}, "b"]},
    {"name": "de", "columns": [WHOLE_OF_D, {"column": "c.e", "type": "integer"}]},
]
ASKED: dict[str, list[object]] = {
    "a": [1, 2, 3],
    "b": ["x", "y", "1"],
    "number": [1, 2],
    "d": ["x", "y"],
    "f": [1, 2],
    "g": ["x"],
    "ab": [[1, None], [None, "x"], [2, "y"]],
    "de": [["x", None], [None, 1], ["x", 1]],
}


def a_delta(home: Path, batches: list[Rows]) -> tuple[TableStore, Callable[[], pa.Table]]:
    folder = home / TABLE
    for rows in batches:
        write_deltalake(folder, pa.Table.from_pylist(rows, schema=SCHEMA), mode="append")
    return DeltaTableStore(home=home), lambda: DeltaTable(folder).to_pyarrow_table()


def an_iceberg(home: Path, batches: list[Rows]) -> tuple[TableStore, Callable[[], pa.Table]]:
    catalog = SqlCatalog("default", uri=f"sqlite:///{home}/catalog.db", warehouse=f"file://{home}")
    catalog.create_namespace("sales")
    table = catalog.create_table(TABLE, schema=SCHEMA)
    for rows in batches:
        table.append(pa.Table.from_pylist(rows, schema=SCHEMA))
    return IcebergTableStore(home=home), lambda: catalog.load_table(TABLE).scan().to_arrow()


MAKERS = {"delta": a_delta, "iceberg": an_iceberg}


def a_row(chance: random.Random, number: int) -> dict[str, Any]:
    inner = {"d": chance.choice([None, "x", "y"]), "e": chance.choice([None, 1, 2])}
    return {
        "a": chance.choice([None, 1, 2, 3]),
        "b": chance.choice([None, "x", "y", "1", " 2"]),
        "c": chance.choice([None, inner]),
        "f": chance.choice([None, 1.0, 2.0, 2.5, float("nan")]),
        "g": chance.choice([None, [], ["x"], ["x", "y"]]),
        "n": number,
    }


def people(chance: random.Random, how_many: int) -> Hold:
    described = chance.sample(IDENTIFIERS, chance.randint(1, 4))
    identifiers = identifiers_of(described)
    subjects = [
        {(name := str(chance.choice(described)["name"])): chance.choice(ASKED[name])}
        for _ in range(how_many)
    ]
    return Hold(identifiers, wanted_in(subjects, identifiers=identifiers))


def verdict(row: dict[str, Any], of: Hold) -> Verdict:
    found = matching.candidates(comparable(row), identifiers=of.identifiers)
    return matching.verdict(found, wanted=of.people)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_exactly_theirs_goes_but_for_who_is_on_hold(tmp_path: Path, make: Any, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same ones each time
    home = tmp_path / "acme"
    home.mkdir()
    batches = [
        [a_row(chance, 100 * part + number) for number in range(chance.randint(1, 8))]
        for part in range(chance.randint(1, 3))
    ]
    asked, held = people(chance, 6), people(chance, 3)
    sought = Sought(identifiers=asked.identifiers, wanted=asked.people, keeper=held)
    rows = [row for batch in batches for row in batch]
    theirs = [row for row in rows if verdict(row, asked) is Verdict.THEIRS]
    going = {row["n"] for row in theirs if verdict(row, held) is Verdict.OTHER}
    everybody = {row["n"] for row in rows}
    store, table = make(home, batches)

    found = store.find(table=TABLE, sought=sought)
    assert (found.rows, found.held) == (len(going), len(theirs) - len(going))
    assert store.delete(table=TABLE, sought=sought, announce=at_once) == len(going)
    assert sorted(table()["n"].to_pylist()) == sorted(everybody - going)
    store.reclaim(table=TABLE, keeper=held, moment=nullcontext)
    assert sorted(table()["n"].to_pylist()) == sorted(everybody - going)
