"""Delta tables in a folder: delete by predicate, then drop every file and log that remembers.

A deletion in Delta adds a commit and removes nothing: old files stay for time travel, and the log
keeps each file's smallest and largest values and the predicate itself. So `reclaim` vacuums
without retention, writes an empty commit with a checkpoint on it, and removes the log before it
(Delta protocol, "Checkpoints" and "Metadata Cleanup").
"""

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path as FilePath
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.dataset as pads
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from purge.adapters.arrow import rows as arrow_rows
from purge.adapters.arrow.rows import Path, Tally
from purge.adapters.tables import folders as table_folders, probes
from purge.adapters.tables.folders import TableFolders
from purge.domain.identifiers import Identifier, Wanted
from purge.ports import (
    ObjectUnreachable,
    ProbeStep,
    StoredTable,
    TableFinding,
    UnreachableObject,
)

LOG = "_delta_log"
PARQUET = ".parquet"
KEEPS_REMOVED = "delta.deletedFileRetentionDuration"
RECLAIMED = (
    "Rows deleted by a Delta commit; files of earlier versions, and the log before version "
    "{version} with its statistics, were removed. Earlier versions can no longer be read."
)


class DeltaTableStore:
    """Implements `purge.ports.TableStore`."""

    def __init__(self, *, home: FilePath, path: str = "") -> None:
        self._folders = TableFolders(home, path)

    def place(self) -> str:
        return self._folders.place()

    def probe(self, *, prefix: str = "") -> Sequence[ProbeStep]:
        return probes.opened(self.tables(prefix=prefix), open_table=self._table, kind="Delta")

    def tables(self, *, prefix: str) -> Iterator[StoredTable | UnreachableObject]:
        yield from self._folders.tables(
            prefix=prefix, is_table=lambda folder: (folder / LOG).is_dir()
        )

    def find(
        self, *, table: str, identifiers: Sequence[Identifier], wanted: Collection[Wanted]
    ) -> TableFinding | None:
        with _told():
            opened = self._table(table)
            if opened is None:
                return None
            now = _tally(self._current(opened), identifiers, wanted)
            before = _tally(self._left_behind(opened, table), identifiers, wanted)
        plan = f"delete {now.rows} rows, then remove every earlier version of the table"
        if before.rows:
            plan += f", {before.rows} rows of theirs among them"
        return TableFinding(
            version=str(opened.version()),
            rows=now.rows + before.rows,
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
            rows = arrow_rows.judged(
                self._current(opened).to_batches(), identifiers=identifiers, wanted=wanted
            )
            return [json.dumps(row, default=str) for row, _ in islice(rows, limit)]

    def delete(
        self, *, table: str, identifiers: Sequence[Identifier], wanted: Collection[Wanted]
    ) -> int:
        with _told():
            opened = self._table(table)
            if opened is None:
                return 0
            found = _tally(self._current(opened), identifiers, wanted)
            if not found.rows:
                return 0
            return int(opened.delete(_predicate(found))["num_deleted_rows"])

    def reclaim(self, *, table: str) -> str:
        with _told():
            opened = self._table(table)
            if opened is None:
                return ""
            folder = self._folders.folder(table)
            known = _known(folder)
            self._forget_removed(opened)
            opened.update_incremental()
            opened.create_checkpoint()
            version = opened.version()
            unnamed = self._unnamed(opened, folder)
            over = [path for path in unnamed if path in known or table_folders.is_settled(path)]
            table_folders.remove_files([*over, *_old_logs(folder, version)], folder=folder)
            if len(over) < len(unnamed):
                raise ObjectUnreachable(reason="being_written")
        return RECLAIMED.format(version=version)

    # --- below: one table

    def _table(self, name: str) -> DeltaTable | None:
        folder = self._folders.root if name == table_folders.ITSELF else self._folders.root / name
        if not (folder / LOG).is_dir():
            return None
        folder = self._folders.folder(name)
        with _told():
            try:
                opened = DeltaTable(str(folder))
            except TableNotFoundError:
                return None
            table_folders.check_within(_named(opened), folder=folder)
            return opened

    def _current(self, opened: DeltaTable) -> pads.Dataset:
        return opened.to_pyarrow_dataset()

    def _left_behind(self, opened: DeltaTable, table: str) -> pads.Dataset:
        """Rows in files that the present version has no use for."""
        folder = self._folders.folder(table)
        schema = pa.schema(opened.schema().to_arrow())
        paths = [str(path) for path in self._unnamed(opened, folder)]
        partitioning = pads.partitioning(
            pa.schema([schema.field(name) for name in opened.metadata().partition_columns]),
            flavor="hive",
        )
        return pads.dataset(
            paths,
            schema=schema,
            format="parquet",
            partitioning=partitioning,
            partition_base_dir=str(folder),
        )

    def _unnamed(self, opened: DeltaTable, folder: FilePath) -> list[FilePath]:
        named = _named(opened)
        return [
            path
            for path in table_folders.files_below(folder)
            if path.suffix == PARQUET and path not in named and (folder / LOG) not in path.parents
        ]

    def _forget_removed(self, opened: DeltaTable) -> None:
        """A commit of no data, so that a checkpoint can stand for all before it.

        The retention is set for its sake: a checkpoint repeats what was removed within it, and
        the paths of removed files can name people.
        """
        before = opened.metadata().configuration.get(KEEPS_REMOVED, "interval 1 week")
        opened.alter.set_table_properties({KEEPS_REMOVED: "interval 0 seconds"})
        opened.update_incremental()
        opened.create_checkpoint()
        opened.alter.set_table_properties({KEEPS_REMOVED: before})


def _tally(
    source: pads.Dataset, identifiers: Sequence[Identifier], wanted: Collection[Wanted]
) -> Tally:
    columns = arrow_rows.columns(identifiers, schema=source.schema)
    if not columns:
        raise ObjectUnreachable(reason="column_missing")
    batches = source.to_batches(columns=columns)
    return arrow_rows.tally(batches, identifiers=identifiers, wanted=wanted)


def _named(opened: DeltaTable) -> set[FilePath]:
    return {
        FilePath(unquote(urlsplit(uri).path)) if "://" in uri else FilePath(uri)
        for uri in opened.file_uris()
    }


def _known(folder: FilePath) -> set[FilePath]:
    """Files that a commit named: if none names them now, they are over, not on their way."""
    known = set()
    for log in (folder / LOG).glob("*.json"):
        for line in log.read_text().splitlines():
            action = json.loads(line)
            for verb in ("add", "remove", "cdc"):
                if verb in action:
                    known.add(folder / unquote(action[verb]["path"]))
    return known


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


def _predicate(found: Tally) -> str:
    return " OR ".join(
        _alternatives(paths, values) for paths, values in sorted(found.values.items())
    )


def _alternatives(paths: Sequence[Path], values: Collection[tuple[object, ...]]) -> str:
    if len(paths) == 1:
        literals = sorted(_literal(value) for (value,) in values)
        return f"{_column(paths[0])} IN ({', '.join(literals)})"
    return " OR ".join(
        "(" + " AND ".join(_equals(*pair) for pair in zip(paths, one, strict=True)) + ")"
        for one in sorted(values, key=repr)
    )


def _equals(path: Path, value: object) -> str:
    return f"{_column(path)} " + ("IS NULL" if value is None else f"= {_literal(value)}")


def _column(path: Path) -> str:
    first, *rest = path
    quoted = '"' + first.replace('"', '""') + '"'
    return quoted + "".join(f"[{_literal(step)}]" for step in rest)


def _literal(value: object) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (DeltaError, pa.ArrowException, OSError, ValueError) as error:
        # Their texts quote values: only the kind of the failure leaves.
        raise ObjectUnreachable(reason="table_not_readable") from error
