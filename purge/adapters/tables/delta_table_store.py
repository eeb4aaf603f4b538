"""Delta tables in a folder: delete by predicate, then drop every file and log that remembers.

A deletion in Delta adds a commit and removes nothing: old files stay for time travel, and the log
keeps each file's smallest and largest values and the predicate itself. So `reclaim` vacuums
without retention, writes an empty commit with a checkpoint on it, and removes the log before it
(Delta protocol, "Checkpoints" and "Metadata Cleanup").
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path as FilePath
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.dataset as pads
from deltalake import CommitProperties, DeltaTable, QueryBuilder
from deltalake.exceptions import TableNotFoundError

from governance.kernel.identifiers import new_id
from purge.adapters.arrow import rows as arrow_rows
from purge.adapters.arrow.rows import Judge, Tally
from purge.adapters.tables import delta_predicates, folders as table_folders
from purge.adapters.tables.folders import TableFolders
from purge.adapters.tables.lake_table_store import MARK, LakeTableStore
from purge.ports import ObjectUnreachable, StoredTable, UnreachableObject

LOG = "_delta_log"
PARQUET = ".parquet"
KEEPS_REMOVED = "delta.deletedFileRetentionDuration"
RECLAIMED = (
    "Rows deleted by a Delta commit; files of earlier versions, and the log before version "
    "{version} with its statistics, were removed. Earlier versions can no longer be read."
)


class DeltaTableStore(LakeTableStore):
    """Implements `purge.ports.TableStore`."""

    kind = "Delta"
    earlier = "remove every earlier version of the table"

    def __init__(self, *, home: FilePath, path: str = "") -> None:
        self._folders = TableFolders(home, path)

    def place(self) -> str:
        return self._folders.place()

    def tables(self, *, prefix: str) -> Iterator[StoredTable | UnreachableObject]:
        yield from self._folders.tables(
            prefix=prefix, is_table=lambda folder: (folder / LOG).is_dir()
        )

    def open(self, table: str) -> "DeltaVersion | None":
        folder = self._folders.root if table == table_folders.ITSELF else self._folders.root / table
        if not (folder / LOG).is_dir():
            return None
        folder = self._folders.folder(table)
        try:
            opened = DeltaTable(str(folder))
        except TableNotFoundError:
            return None
        return DeltaVersion(opened, folder=folder)


class DeltaVersion:
    """Implements `OpenTable`."""

    old_has_all = False

    def __init__(self, opened: DeltaTable, *, folder: FilePath) -> None:
        self._opened = opened
        self._folder = folder
        table_folders.check_within(_named(opened), folder=folder)
        self._old = self._unnamed()

    @property
    def version(self) -> str:
        return str(self._opened.version())

    @property
    def schema(self) -> pa.Schema:
        return pa.schema(self._opened.schema().to_arrow())

    def rows(self, columns: Sequence[str] | None = None) -> Iterable[pa.RecordBatch]:
        batches: Iterable[pa.RecordBatch] = self._opened.to_pyarrow_dataset().to_batches(
            columns=columns
        )
        return batches

    def old_rows(self, columns: Sequence[str] | None = None) -> Iterable[pa.RecordBatch]:
        partitioning = pads.partitioning(
            pa.schema(
                [self.schema.field(one) for one in self._opened.metadata().partition_columns]
            ),
            flavor="hive",
        )
        source = pads.dataset(
            [str(path) for path in self._old],
            schema=self.schema,
            format="parquet",
            partitioning=partitioning,
            partition_base_dir=str(self._folder),
        )
        batches: Iterable[pa.RecordBatch] = source.to_batches(columns=columns)
        return batches

    def check(self, found: Tally, judge: Judge) -> None:
        """The engine compares values in its own way: the rows it would take are judged first."""
        rows = 0

        def counted() -> Iterator[pa.RecordBatch]:
            nonlocal rows
            for batch in self._taken(found, judge.columns(self.schema)):
                rows += batch.num_rows
                yield batch

        again = arrow_rows.tally(counted(), judge=judge)
        if (again.rows, rows) != (found.rows, found.rows):
            raise ObjectUnreachable(reason="rows_not_told_apart")

    def _taken(self, found: Tally, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        chosen = ", ".join(delta_predicates.quoted(name) for name in columns)
        where = delta_predicates.predicate(found)
        reader = (
            QueryBuilder()
            .register("one", self._opened)
            .execute(f"SELECT {chosen} FROM one WHERE {where}")  # noqa: S608 - quoted
        )
        # The engine has types of its own for text, which Arrow cannot filter.
        ours = pa.schema([self.schema.field(name) for name in columns])
        return (pa.record_batch(batch).cast(ours) for batch in reader)

    def new_attempt(self) -> str:
        return f"{self.version}:{new_id()}"

    def delete(self, found: Tally, judge: Judge, *, attempt: str) -> None:
        self._opened.delete(
            delta_predicates.predicate(found),
            commit_properties=CommitProperties(custom_metadata={MARK: attempt}),
        )

    def took_effect(self, attempt: str) -> bool | None:
        """Asked of the log since: it names each commit's mark until it is cleaned up."""
        before = int(attempt.partition(":")[0])
        for number in range(before + 1, self._opened.version() + 1):
            log = self._folder / LOG / f"{number:020d}.json"
            if not log.exists():
                return None
            if any(one.get("commitInfo", {}).get(MARK) == attempt for one in _actions(log)):
                return True
        return False

    def check_reclaimable(self) -> None:
        """Delta has nothing that keeps a version."""

    def reclaim(self) -> str:
        opened, known = self._opened, _known(self._folder)
        self._forget_removed()
        opened.update_incremental()
        opened.create_checkpoint()
        version = opened.version()
        unnamed = self._unnamed()
        over = [path for path in unnamed if self._is_over(path, known)]
        table_folders.remove_files([*over, *_old_logs(self._folder, version)], folder=self._folder)
        if len(over) < len(unnamed):
            raise ObjectUnreachable(reason="being_written")
        return RECLAIMED.format(version=version)

    def _is_over(self, path: FilePath, known: Collection[FilePath]) -> bool:
        """Nobody is on the way to name it; and it was old already when its rows were looked at."""
        return path in self._old and (path in known or table_folders.is_settled(path))

    def _unnamed(self) -> list[FilePath]:
        named = _named(self._opened)
        return [
            path
            for path in table_folders.files_below(self._folder)
            if path.suffix == PARQUET
            and path not in named
            and (self._folder / LOG) not in path.parents
        ]

    def _forget_removed(self) -> None:
        """A commit of no data, so that a checkpoint can stand for all before it.

        The retention is set for its sake: a checkpoint repeats what was removed within it, and
        the paths of removed files can name people.
        """
        opened = self._opened
        before = opened.metadata().configuration.get(KEEPS_REMOVED, "interval 1 week")
        opened.alter.set_table_properties({KEEPS_REMOVED: "interval 0 seconds"})
        opened.update_incremental()
        opened.create_checkpoint()
        opened.alter.set_table_properties({KEEPS_REMOVED: before})


def _named(opened: DeltaTable) -> set[FilePath]:
    return {
        FilePath(unquote(urlsplit(uri).path)) if "://" in uri else FilePath(uri)
        for uri in opened.file_uris()
    }


def _actions(log: FilePath) -> Iterator[dict[str, dict[str, str]]]:
    for line in log.read_text().splitlines():
        yield json.loads(line)


def _known(folder: FilePath) -> set[FilePath]:
    """Files that a commit named: if none names them now, they are over, not on their way."""
    return {
        folder / unquote(action[verb]["path"])
        for log in (folder / LOG).glob("*.json")
        for action in _actions(log)
        for verb in ("add", "remove", "cdc")
        if verb in action
    }


def _old_logs(folder: FilePath, version: int) -> list[FilePath]:
    """All of the log but the checkpoint at `version`, its commit, and what came after."""
    number = f"{version:020d}"
    kept = {"_last_checkpoint", f"{number}.json", f"{number}.checkpoint.parquet"}
    return [
        path
        for path in table_folders.files_below(folder / LOG)
        if path.name not in kept and not _is_later(path.name, number)
    ]


def _is_later(name: str, number: str) -> bool:
    return name[:20].isdecimal() and name[:20] > number
