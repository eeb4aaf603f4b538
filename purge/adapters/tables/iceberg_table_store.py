"""Iceberg tables of a catalog file in a folder: delete, expire, and remove what nothing names.

A deletion writes a snapshot beside the old ones. Old data files stay; so do manifests, whose
entries keep each file's smallest and largest values, the deleted files' too. So `reclaim` adds an
empty snapshot (which lists no deleted files), expires all others, and removes every file below the
table that the one snapshot does not name (Iceberg table spec, "Manifests", "Snapshots").
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError
from pyiceberg.manifest import DataFile, ManifestEntryStatus
from pyiceberg.table import FileScanTask, Table, TableProperties, Transaction

from governance.kernel.identifiers import new_id
from purge.adapters.arrow import rows as arrow_rows
from purge.adapters.arrow.rows import Judge, Tally
from purge.adapters.filesystem import files
from purge.adapters.tables import folders as table_folders, iceberg_files
from purge.adapters.tables.folders import TableFolders
from purge.adapters.tables.iceberg_catalogs import ConfinedCatalog, path_of
from purge.adapters.tables.lake_table_store import MARK, LakeTableStore, told
from purge.ports import ObjectChanged, ObjectUnreachable, StoredTable, UnreachableObject

CATALOG = "catalog.db"
NO_SNAPSHOT = ""
RECLAIMED = (
    "Rows deleted by an Iceberg snapshot; all other snapshots were expired, and their data files, "
    "manifests and metadata removed. Snapshot {snapshot} is the only one that can be read."
)


class IcebergTableStore(LakeTableStore):
    """Implements `purge.ports.TableStore`. `catalog` is a SQLite file in the folder."""

    kind = "Iceberg"
    earlier = "expire every earlier snapshot"

    def __init__(
        self, *, home: Path, path: str = "", catalog: str = CATALOG, name: str = "default"
    ) -> None:
        self._folders = TableFolders(home, path)
        self._catalog_parts = files.parts_of(catalog)
        self._name = name

    def place(self) -> str:
        return self._folders.place()

    def tables(self, *, prefix: str) -> Iterator[StoredTable | UnreachableObject]:
        with told():
            catalog = self._catalog()
            names = sorted(
                ".".join(table)
                for namespace in catalog.list_namespaces()
                for table in catalog.list_tables(namespace)
            )
        yield from (StoredTable(name) for name in names if name.startswith(prefix))

    def folders(self, *, prefix: str) -> Mapping[str, str]:
        """As the catalog has them: a table lies where whoever made it said."""
        with told():
            catalog = self._catalog()
            return {
                one.name: files.place(path_of(catalog.load_table(one.name).location()))
                for one in self.tables(prefix=prefix)
                if isinstance(one, StoredTable)
            }

    def open(self, table: str) -> "IcebergSnapshot | None":
        try:
            opened = self._catalog().load_table(table)
        except NoSuchTableError:
            return None
        folder = path_of(opened.location())
        if not folder.is_relative_to(self._folders.root) or folder.resolve() != folder:
            raise ObjectUnreachable(reason="outside_of_table")
        return IcebergSnapshot(opened, folder=folder)

    def _catalog(self) -> ConfinedCatalog:
        file = Path(self._folders.root, *self._catalog_parts)
        try:
            if file.resolve(strict=True) != file or not file.is_file():
                raise ObjectUnreachable(reason="symbolic_link")
        except OSError as error:
            raise ObjectUnreachable(reason=files.reason_of(error)) from error
        return ConfinedCatalog(self._name, root=self._folders.root, file=file)


class IcebergSnapshot:
    """Implements `OpenTable`."""

    old_has_all = True

    def __init__(self, opened: Table, *, folder: Path) -> None:
        table_folders.check_plain(folder)
        table_folders.check_within(_named(opened), folder=folder)
        self._folder = folder
        self._opened = _committing_once(opened)

    @property
    def version(self) -> str:
        snapshot = self._opened.current_snapshot()
        return NO_SNAPSHOT if snapshot is None else str(snapshot.snapshot_id)

    @property
    def schema(self) -> pa.Schema:
        return self._opened.schema().as_arrow()

    def rows(self, columns: Sequence[str] | None = None) -> Iterable[pa.RecordBatch]:
        batches: Iterable[pa.RecordBatch] = self._opened.scan(
            selected_fields=tuple(columns or "*")
        ).to_arrow_batch_reader()
        return batches

    def old_rows(self, columns: Sequence[str] | None = None) -> Iterable[pa.RecordBatch]:
        """Every data file below the table, whatever snapshot it is of, and nothing applied."""
        deletes = {path_of(file.file_path) for file in _delete_files(self._opened)}
        for path in table_folders.files_below(self._folder):
            if path.suffix == ".parquet" and path not in deletes:
                yield from iceberg_files.rows(path, table=self._opened, columns=columns)

    def check(self, found: Tally, judge: Judge) -> None:
        """Rows are told apart here, not by the library."""

    def new_attempt(self) -> str:
        return f"{self.version}:{new_id()}"

    def delete(self, found: Tally, judge: Judge, *, attempt: str) -> None:
        """Files with their rows are written anew without them, all in one commit.

        The library's own deletion by predicate takes for theirs what it cannot compare: rows
        without the struct that an identifier lies in, and NaN.
        """
        columns = judge.columns(self.schema)
        touched = [
            task
            for task in self._opened.scan().plan_files()
            if any(_has_going(one, judge) for one in self._of(task, columns))
        ]
        change = self._opened.transaction()
        gone = self._replace(touched, judge, change=change, attempt=attempt)
        added = list(_added(change, since=self._opened))
        try:
            _commit(change, is_right=gone == found.rows)
        except (CommitFailedException, ObjectChanged):
            # Else they would be waited for, as a writer's who is about to commit. The library
            # removes its manifests, and no data files.
            left = [path for path in added if path.exists()]
            table_folders.remove_files(left, folder=self._folder)
            raise

    def _replace(
        self,
        touched: Sequence[FileScanTask],
        judge: Judge,
        *,
        change: Transaction,
        attempt: str,
    ) -> int:
        """How many rows that leaves out."""
        marks, gone = {MARK: attempt}, 0
        with change.update_snapshot(snapshot_properties=marks).overwrite() as replaced:
            for task in touched:
                replaced.delete_data_file(task.file)
        for task in touched:
            # One file at a time is in memory.
            before = list(self._of(task))
            after = [arrow_rows.without(one, judge=judge) for one in before]
            stay = sum(one.num_rows for one in after)
            gone += sum(one.num_rows for one in before) - stay
            if stay:
                change.append(pa.Table.from_batches(after), snapshot_properties=marks)
        return gone

    def _of(
        self, task: FileScanTask, columns: Sequence[str] | None = None
    ) -> Iterable[pa.RecordBatch]:
        return iceberg_files.scanned(task, table=self._opened, columns=columns)

    def took_effect(self, attempt: str) -> bool | None:
        """Asked of the snapshots since, as far back as they were kept."""
        before = attempt.partition(":")[0]
        snapshot = self._opened.current_snapshot()
        while snapshot is not None and str(snapshot.snapshot_id) != before:
            if snapshot.summary is not None and snapshot.summary.get(MARK) == attempt:
                return True
            parent = snapshot.parent_snapshot_id
            if parent is None:
                return None
            snapshot = self._opened.snapshot_by_id(parent)
        return None if snapshot is None else False

    def check_reclaimable(self) -> None:
        if set(self._opened.refs()) - {"main"}:
            raise ObjectUnreachable(reason="table_has_branches")

    def reclaim(self) -> str:
        opened = self._opened
        known = _named(opened)
        snapshot = _left_alone(opened)
        opened.refresh()
        known |= {path_of(entry.metadata_file) for entry in opened.metadata.metadata_log}
        named = _named(opened)
        unnamed = [path for path in table_folders.files_below(self._folder) if path not in named]
        over = [path for path in unnamed if path in known or table_folders.is_settled(path)]
        table_folders.remove_files(over, folder=self._folder)
        if len(over) < len(unnamed):
            raise ObjectUnreachable(reason="being_written")
        if any(task.delete_files for task in opened.scan().plan_files()):
            # Rows that were deleted by reference still lie in the files.
            raise ObjectUnreachable(reason="table_needs_compaction")
        return RECLAIMED.format(snapshot=snapshot)


def _has_going(batch: pa.RecordBatch, judge: Judge) -> bool:
    stay = arrow_rows.without(batch, judge=judge)
    return bool(stay.num_rows < batch.num_rows)


def _committing_once(opened: Table) -> Table:
    """The library tries a commit again on what somebody else wrote, which nobody judged."""
    once = {**opened.metadata.properties, TableProperties.COMMIT_NUM_RETRIES: "0"}
    opened.metadata = opened.metadata.model_copy(update={"properties": once})
    return opened


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


def _commit(change: Transaction, *, is_right: bool) -> None:
    if not is_right:
        raise ObjectChanged
    change.commit_transaction()


def _added(change: Transaction, *, since: Table) -> Iterator[Path]:
    """Files that a change wrote which is not committed."""
    before = {one.snapshot_id for one in since.metadata.snapshots}
    for snapshot in change.table_metadata.snapshots:
        if snapshot.snapshot_id in before:
            continue
        yield path_of(snapshot.manifest_list)
        for manifest in snapshot.manifests(since.io):
            if manifest.added_snapshot_id != snapshot.snapshot_id:
                continue
            yield path_of(manifest.manifest_path)
            for entry in manifest.fetch_manifest_entry(since.io, discard_deleted=True):
                if entry.status == ManifestEntryStatus.ADDED:
                    yield path_of(entry.data_file.file_path)


def _delete_files(opened: Table) -> Iterator[DataFile]:
    for snapshot in opened.metadata.snapshots:
        for task in opened.scan(snapshot_id=snapshot.snapshot_id).plan_files():
            yield from task.delete_files
