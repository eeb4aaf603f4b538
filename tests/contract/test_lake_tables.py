"""Delta and Iceberg: what an erasure leaves below a table's folder, and what it does not follow."""

import io
import json
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake
from pyiceberg.avro.file import AvroFile
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.io.pyarrow import PyArrowFileIO

from purge.adapters.tables.delta_table_store import DeltaTableStore
from purge.adapters.tables.iceberg_table_store import IcebergTableStore
from purge.domain.identifiers import identifiers_of, wanted_in
from purge.ports import (
    NOBODY,
    Deletion,
    ObjectChanged,
    ObjectUnreachable,
    Sought,
    TableStore,
)
from tests.factories.tables import at_once

NUMBER, MAIL = 770123456789, "dora.quirke@customer.example"
TRACES = (str(NUMBER).encode(), NUMBER.to_bytes(8, "little"), b"dora.quirke")
IDENTIFIERS = identifiers_of(
    [
        {"name": "customer_id", "path": "customer.id", "type": "integer"},
        {"name": "email", "path": "email", "type": "string"},
    ]
)
WANTED = wanted_in([{"customer_id": NUMBER, "email": MAIL}], identifiers=IDENTIFIERS)
SOUGHT = Sought(identifiers=IDENTIFIERS, wanted=WANTED)
ROWS = pa.table(
    {
        "email": ["a@customer.example", MAIL, "z@customer.example", "b@customer.example"],
        "customer": [{"id": 1}, {"id": 2}, {"id": NUMBER}, {"id": 4}],
        "n": [1, 2, 3, 4],
    }
)


def decoded(path: Path) -> Iterator[bytes]:
    """The file's bytes, and what its compression hides."""
    content = path.read_bytes()
    yield content
    if content.startswith(b"PAR1"):
        yield json.dumps(pq.read_table(io.BytesIO(content)).to_pylist(), default=str).encode()
        yield str(pq.ParquetFile(io.BytesIO(content)).metadata.to_dict()).encode()
    elif content.startswith(b"Obj\x01"):
        with AvroFile[Any](PyArrowFileIO().new_input(str(path))) as entries:
            yield "".join(str(one) for one in entries).encode()
    elif content.startswith(b"\x1f\x8b"):
        yield zlib.decompress(content, wbits=31)


def traces(folder: Path) -> list[str]:
    """Every file or folder name below that still shows the person."""
    found = [
        path.name
        for path in folder.rglob("*")
        if any(trace in path.name.encode() for trace in TRACES)
    ]
    for path in folder.rglob("*"):
        if path.is_file():
            found += [path.name for text in decoded(path) if any(trace in text for trace in TRACES)]
    return found


def a_delta(folder: Path, *, partitioned: bool = False) -> tuple[TableStore, Path, str]:
    path = folder / "acme" / "orders"
    by = ["email"] if partitioned else None
    write_deltalake(path, ROWS, partition_by=by)
    write_deltalake(path, ROWS.slice(0, 3), mode="append")
    return DeltaTableStore(home=folder / "acme"), path, "orders"


def an_iceberg(folder: Path, *, partitioned: bool = False) -> tuple[TableStore, Path, str]:
    home = folder / "acme"
    home.mkdir()
    catalog = SqlCatalog("default", uri=f"sqlite:///{home}/catalog.db", warehouse=f"file://{home}")
    catalog.create_namespace("sales")
    table = catalog.create_table("sales.orders", schema=ROWS.schema)
    if partitioned:
        with table.update_spec() as spec:
            spec.add_identity("email")
    table.append(ROWS)
    table.append(ROWS.slice(0, 3))
    return IcebergTableStore(home=home), home, "sales.orders"


MAKERS = {"delta": a_delta, "iceberg": an_iceberg}
every_table = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


@every_table
@pytest.mark.parametrize("partitioned", [False, True])
def test_nothing_below_the_folder_shows_the_person(
    make: Any, tmp_path: Path, *, partitioned: bool
) -> None:
    store, folder, table = make(tmp_path, partitioned=partitioned)
    assert traces(folder)

    assert store.delete(table=table, sought=SOUGHT, announce=at_once) == 4
    assert traces(folder), "a deletion alone leaves everything"
    store.reclaim(table=table, keeper=NOBODY, moment=nullcontext)

    assert traces(folder) == []


@every_table
def test_rows_of_earlier_versions_are_found_and_go(make: Any, tmp_path: Path) -> None:
    store, folder, table = make(tmp_path)
    store.delete(table=table, sought=SOUGHT, announce=at_once)

    before = store.find(table=table, sought=SOUGHT)
    store.reclaim(table=table, keeper=NOBODY, moment=nullcontext)
    after = store.find(table=table, sought=SOUGHT)

    assert before is not None
    assert before.rows == 4
    assert after is not None
    assert after.rows == 0
    assert traces(folder) == []


@every_table
def test_a_file_that_a_writer_is_about_to_commit_is_waited_for(make: Any, tmp_path: Path) -> None:
    store, folder, table = make(tmp_path)
    live = next(path for path in folder.rglob("*.parquet"))
    on_its_way = live.with_name("on-its-way.parquet")
    shutil.copy(live, on_its_way)
    store.delete(table=table, sought=SOUGHT, announce=at_once)

    with pytest.raises(ObjectUnreachable, match="being_written"):
        store.reclaim(table=table, keeper=NOBODY, moment=nullcontext)

    assert on_its_way.exists()


def test_a_deletion_that_is_refused_leaves_no_file_to_wait_for(tmp_path: Path) -> None:
    """Somebody else's commit came first: what was written for ours is nobody's."""
    store, home, table = an_iceberg(tmp_path)
    catalog = SqlCatalog("default", uri=f"sqlite:///{home}/catalog.db", warehouse=f"file://{home}")

    @contextmanager
    def overtaken(_: Deletion) -> Iterator[None]:
        catalog.load_table(table).append(ROWS.slice(3))
        before.update(home.rglob("*"))
        yield

    before: set[Path] = set()
    with pytest.raises(ObjectChanged):
        store.delete(table=table, sought=SOUGHT, announce=overtaken)

    assert set(home.rglob("*")) == before
    assert store.delete(table=table, sought=SOUGHT, announce=at_once) == 4
    assert store.reclaim(table=table, keeper=NOBODY, moment=nullcontext)
    assert traces(home) == []
    assert catalog.load_table(table).scan().to_arrow().num_rows == 4


@every_table
def test_a_symbolic_link_in_the_table_is_not_followed(make: Any, tmp_path: Path) -> None:
    store, folder, table = make(tmp_path)
    outside = tmp_path / "outside.parquet"
    outside.write_bytes(b"")
    (next(folder.rglob("*.parquet")).parent / "link.parquet").symlink_to(outside)

    with pytest.raises(ObjectUnreachable, match="symbolic_link"):
        store.find(table=table, sought=SOUGHT)


@every_table
def test_a_second_name_of_a_file_keeps_the_rows_and_is_said(make: Any, tmp_path: Path) -> None:
    store, folder, table = make(tmp_path)
    (tmp_path / "second").hardlink_to(next(folder.rglob("*.parquet")))
    store.delete(table=table, sought=SOUGHT, announce=at_once)

    with pytest.raises(ObjectUnreachable, match="hard_links"):
        store.reclaim(table=table, keeper=NOBODY, moment=nullcontext)


def test_a_delta_log_that_names_a_file_elsewhere_is_refused(tmp_path: Path) -> None:
    store, folder, table = a_delta(tmp_path)
    elsewhere = tmp_path / "evil" / "wages.parquet"
    elsewhere.parent.mkdir()
    pq.write_table(ROWS, elsewhere)
    log = folder / "_delta_log" / f"{2:020d}.json"
    add = {
        "path": f"file://{elsewhere}",
        "partitionValues": {},
        "size": elsewhere.stat().st_size,
        "modificationTime": 0,
        "dataChange": True,
    }
    log.write_text(json.dumps({"add": add}))

    with pytest.raises(ObjectUnreachable):
        store.find(table=table, sought=SOUGHT)


def test_an_iceberg_table_that_lies_elsewhere_is_refused(tmp_path: Path) -> None:
    store, home, _ = an_iceberg(tmp_path)
    catalog = SqlCatalog("default", uri=f"sqlite:///{home}/catalog.db", warehouse=f"file://{home}")
    table = catalog.create_table(
        "sales.wages", schema=ROWS.schema, location=f"file://{tmp_path}/evil/wages"
    )
    table.append(ROWS)

    with pytest.raises(ObjectUnreachable, match="outside_of_table"):
        store.find(table="sales.wages", sought=SOUGHT)


def test_an_iceberg_branch_keeps_old_snapshots_and_is_said(tmp_path: Path) -> None:
    store, home, table = an_iceberg(tmp_path)
    catalog = SqlCatalog("default", uri=f"sqlite:///{home}/catalog.db", warehouse=f"file://{home}")
    opened = catalog.load_table(table)
    snapshot = opened.current_snapshot()
    assert snapshot is not None
    opened.manage_snapshots().create_tag(snapshot.snapshot_id, "year-end").commit()
    store.delete(table=table, sought=SOUGHT, announce=at_once)

    with pytest.raises(ObjectUnreachable, match="table_has_branches"):
        store.reclaim(table=table, keeper=NOBODY, moment=nullcontext)


def test_a_renamed_iceberg_column_is_known_in_older_files(tmp_path: Path) -> None:
    """The person's rows are only in an earlier snapshot, under the column's old name."""
    store, folder, table = an_iceberg(tmp_path)
    catalog = SqlCatalog("default", uri=f"sqlite:///{folder}/catalog.db")
    opened = catalog.load_table(table)
    opened.delete("n in (2, 3)")
    with opened.update_schema() as change:
        change.rename_column("email", "contact")
        change.rename_column("customer.id", "number")
    identifiers = identifiers_of(
        [
            {"name": "customer_id", "path": "customer.number", "type": "integer"},
            {"name": "email", "path": "contact", "type": "string"},
        ]
    )
    sought = Sought(identifiers=identifiers, wanted=WANTED)

    found = store.find(table=table, sought=sought)
    store.reclaim(table=table, keeper=NOBODY, moment=nullcontext)

    assert found is not None
    assert (found.rows, found.old) == (4, 4)
    assert traces(folder) == []


def test_a_stray_file_without_numbers_of_columns_is_read_by_their_names(tmp_path: Path) -> None:
    store, folder, table = an_iceberg(tmp_path)
    live = next(folder.rglob("*.parquet"))
    pq.write_table(ROWS, live.with_name("stray.parquet"))

    found = store.find(table=table, sought=SOUGHT)

    assert found is not None
    assert (found.rows, found.old) == (6, 2)


def test_an_old_delta_version_can_no_longer_be_read(tmp_path: Path) -> None:
    store, folder, table = a_delta(tmp_path)
    store.delete(table=table, sought=SOUGHT, announce=at_once)

    statement = store.reclaim(table=table, keeper=NOBODY, moment=nullcontext)

    assert "Earlier versions can no longer be read" in statement
    assert DeltaTable(folder).to_pyarrow_table()["n"].to_pylist().count(1) == 2
