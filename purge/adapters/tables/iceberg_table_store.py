"""Iceberg tables of a catalog file in a folder: delete, expire, and remove what nothing names.

A deletion writes a snapshot beside the old ones. Old data files stay; so do manifests, whose
entries keep each file's smallest and largest values, the deleted files' too. So `reclaim` adds an
empty snapshot (which lists no deleted files), expires all others, and removes every file below the
table that the one snapshot does not name (Iceberg table spec, "Manifests", "Snapshots").
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as pads
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError
from pyiceberg.expressions import And, BooleanExpression, EqualTo, In, IsNull, Or
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from sqlalchemy.exc import SQLAlchemyError

from purge.adapters.arrow import rows as arrow_rows
from purge.adapters.arrow.rows import Path as ValuePath, Tally
from purge.adapters.filesystem import files
from purge.adapters.tables import folders as table_folders, probes
from purge.adapters.tables.folders import TableFolders
from purge.adapters.tables.iceberg_catalogs import ConfinedCatalog, path_of
from purge.domain.identifiers import Identifier, Wanted
from purge.ports import (
    ObjectUnreachable,
    ProbeStep,
    StoredTable,
    TableFinding,
    UnreachableObject,
)

CATALOG = "catalog.db"
RECLAIMED = (
    "Rows deleted by an Iceberg snapshot; all other snapshots were expired, and their data files, "
    "manifests and metadata removed. Snapshot {snapshot} is the only one that can be read."
)


class IcebergTableStore:
    """Implements `purge.ports.TableStore`. `catalog` is a SQLite file in the folder."""

    def __init__(
        self, *, home: Path, path: str = "", catalog: str = CATALOG, name: str = "default"
    ) -> None:
        self._folders = TableFolders(home, path)
        self._catalog_parts = files.parts_of(catalog)
        self._name = name

    def place(self) -> str:
        return self._folders.place()

    def probe(self, *, prefix: str = "") -> Sequence[ProbeStep]:
        return probes.opened(self.tables(prefix=prefix), open_table=self._table, kind="Iceberg")

    def tables(self, *, prefix: str) -> Iterator[StoredTable | UnreachableObject]:
        with _told():
            catalog = self._catalog()
            names = sorted(
                ".".join(table)
                for namespace in catalog.list_namespaces()
                for table in catalog.list_tables(namespace)
            )
        yield from (StoredTable(name) for name in names if name.startswith(prefix))

    def find(
        self, *, table: str, identifiers: Sequence[Identifier], wanted: Collection[Wanted]
    ) -> TableFinding | None:
        with _told():
            opened = self._table(table)
            if opened is None:
                return None
            now = arrow_rows.tally(
                _current(opened, identifiers), identifiers=identifiers, wanted=wanted
            )
            hidden = (
                arrow_rows.tally(
                    _physical(opened, identifiers), identifiers=identifiers, wanted=wanted
                ).rows
                - now.rows
            )
        plan = f"delete {now.rows} rows, then expire every earlier snapshot"
        if hidden > 0:
            plan += f", {hidden} rows of theirs among them"
        snapshot = opened.current_snapshot()
        return TableFinding(
            version="" if snapshot is None else str(snapshot.snapshot_id),
            rows=now.rows + max(hidden, 0),
            unclear=now.unclear,
            plan=plan,
        )

    def sample(
        self,
        *,
        table: str,
        identifiers: Sequence[Identifier],
        wanted: Collection[Wanted],
        limit: int,
    ) -> Sequence[str]:
        with _told():
            opened = self._table(table)
            if opened is None:
                return []
            batches = opened.scan().to_arrow_batch_reader()
            rows = arrow_rows.judged(batches, identifiers=identifiers, wanted=wanted)
            return [json.dumps(row, default=str) for row, _ in islice(rows, limit)]

    def delete(
        self, *, table: str, identifiers: Sequence[Identifier], wanted: Collection[Wanted]
    ) -> int:
        with _told():
            opened = self._table(table)
            if opened is None:
                return 0
            found = arrow_rows.tally(
                _current(opened, identifiers), identifiers=identifiers, wanted=wanted
            )
            if found.rows:
                opened.delete(_expression(found))
            return found.rows

    def reclaim(self, *, table: str) -> str:
        with _told():
            opened = self._table(table)
            if opened is None:
                return ""
            if set(opened.refs()) - {"main"}:
                raise ObjectUnreachable(reason="table_has_branches")
            folder = self._folder(opened)
            known = _named(opened)
            snapshot = _left_alone(opened)
            opened.refresh()
            known |= {path_of(entry.metadata_file) for entry in opened.metadata.metadata_log}
            named = _named(opened)
            unnamed = [path for path in table_folders.files_below(folder) if path not in named]
            over = [path for path in unnamed if path in known or table_folders.is_settled(path)]
            table_folders.remove_files(over, folder=folder)
            if len(over) < len(unnamed):
                raise ObjectUnreachable(reason="being_written")
            if any(task.delete_files for task in opened.scan().plan_files()):
                # Rows that were deleted by reference still lie in the files.
                raise ObjectUnreachable(reason="table_needs_compaction")
        return RECLAIMED.format(snapshot=snapshot)

    # --- below: one table

    def _catalog(self) -> ConfinedCatalog:
        file = Path(self._folders.root, *self._catalog_parts)
        try:
            if file.resolve(strict=True) != file or not file.is_file():
                raise ObjectUnreachable(reason="symbolic_link")
        except OSError as error:
            raise ObjectUnreachable(reason=files.reason_of(error)) from error
        return ConfinedCatalog(self._name, root=self._folders.root, file=file)

    def _table(self, name: str) -> Table | None:
        try:
            opened = self._catalog().load_table(name)
        except NoSuchTableError:
            return None
        folder = self._folder(opened)
        table_folders.check_plain(folder)
        table_folders.check_within(_named(opened), folder=folder)
        return opened

    def _folder(self, opened: Table) -> Path:
        folder = path_of(opened.location())
        if not folder.is_relative_to(self._folders.root) or folder.resolve() != folder:
            raise ObjectUnreachable(reason="outside_of_table")
        return folder


def _current(opened: Table, identifiers: Sequence[Identifier]) -> Iterable[pa.RecordBatch]:
    columns = arrow_rows.columns(identifiers, schema=opened.schema().as_arrow())
    if not columns:
        raise ObjectUnreachable(reason="column_missing")
    batches: Iterable[pa.RecordBatch] = opened.scan(
        selected_fields=tuple(columns)
    ).to_arrow_batch_reader()
    return batches


def _physical(opened: Table, identifiers: Sequence[Identifier]) -> Iterable[pa.RecordBatch]:
    """Every data file below the table, whatever snapshot it belongs to, and nothing applied."""
    folder = path_of(opened.location())
    schema = opened.schema().as_arrow()
    columns = arrow_rows.columns(identifiers, schema=schema)
    deletes = {path_of(file.file_path) for file in _delete_files(opened)}
    for path in table_folders.files_below(folder):
        if path.suffix == ".parquet" and path not in deletes:
            source = pads.dataset(str(path), schema=schema, format="parquet")
            yield from source.to_batches(columns=columns)


def _left_alone(opened: Table) -> int:
    """One snapshot that lists no deleted file, and no other beside it."""
    with opened.transaction() as change, change.update_snapshot().fast_append():
        pass
    opened.refresh()
    current = _current_id(opened)
    others = [one.snapshot_id for one in opened.snapshots() if one.snapshot_id != current]
    opened.maintenance.expire_snapshots().by_ids(others).commit()
    return current


def _current_id(opened: Table) -> int:
    snapshot = opened.current_snapshot()
    if snapshot is None:
        raise ObjectUnreachable(reason="table_not_readable")
    return snapshot.snapshot_id


def _named(opened: Table) -> set[Path]:
    """Every file that the metadata in force names."""
    metadata = opened.metadata
    hint = path_of(opened.location()) / "metadata" / "version-hint.text"
    named = {path_of(opened.metadata_location), hint}
    named |= {path_of(one.statistics_path) for one in metadata.statistics}
    named |= {path_of(one.statistics_path) for one in metadata.partition_statistics}
    for snapshot in metadata.snapshots:
        named.add(path_of(snapshot.manifest_list))
        for manifest in snapshot.manifests(opened.io):
            named.add(path_of(manifest.manifest_path))
            entries = manifest.fetch_manifest_entry(opened.io, discard_deleted=True)
            named |= {path_of(entry.data_file.file_path) for entry in entries}
    return named


def _delete_files(opened: Table) -> Iterator[DataFile]:
    for snapshot in opened.metadata.snapshots:
        for task in opened.scan(snapshot_id=snapshot.snapshot_id).plan_files():
            yield from task.delete_files


def _expression(found: Tally) -> BooleanExpression:
    alternatives: list[BooleanExpression] = []
    for paths, values in found.values.items():
        if len(paths) == 1:
            alternatives.append(In(_name(paths[0]), {value for (value,) in values}))  # type: ignore[call-arg, arg-type]
        else:
            alternatives += [_conjunction(paths, one) for one in values]
    return reduce(Or, alternatives)


def _conjunction(paths: Sequence[ValuePath], values: Sequence[object]) -> BooleanExpression:
    parts: list[BooleanExpression] = [
        IsNull(_name(path)) if value is None else EqualTo(_name(path), value)  # type: ignore[call-arg, arg-type]
        for path, value in zip(paths, values, strict=True)
    ]
    return reduce(And, parts)


def _name(path: ValuePath) -> str:
    return ".".join(path)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except CommitFailedException as error:
        raise ObjectUnreachable(reason="keeps_changing") from error
    except (pa.ArrowException, SQLAlchemyError, OSError, ValueError, NotImplementedError) as error:
        # Their texts quote values: only the kind of the failure leaves.
        raise ObjectUnreachable(reason="table_not_readable") from error
