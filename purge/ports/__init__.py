"""What erasure needs from outside: storage layers, tables, record formats, a metastore index."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from purge.ports.formats import (
    Candidate,
    Column,
    Format,
    Record,
    RecordFormat,
    ScannedBatch,
    ScannedRecord,
)
from purge.ports.index import IndexBatch, IndexEntries, MetastoreIndex, Place
from purge.ports.layers import (
    LayerDescription,
    LayerInvalid,
    LayerKind,
    ObjectChanged,
    ObjectUnreachable,
    ProbeStep,
    ReadableObject,
    Staged,
    StorageLayer,
    StoredObject,
    UnreachableObject,
)
from purge.ports.tables import (
    NOBODY,
    Announce,
    Deletion,
    Keeper,
    Moment,
    Sought,
    StoredTable,
    TableFinding,
    TableStore,
)

__all__ = [
    "NOBODY",
    "Announce",
    "Candidate",
    "Column",
    "Deletion",
    "Format",
    "IndexBatch",
    "IndexEntries",
    "Keeper",
    "Lake",
    "LayerDescription",
    "LayerInvalid",
    "LayerKind",
    "MetastoreIndex",
    "Moment",
    "ObjectChanged",
    "ObjectUnreachable",
    "Place",
    "ProbeStep",
    "ReadableObject",
    "Record",
    "RecordFormat",
    "ScannedBatch",
    "ScannedRecord",
    "Sought",
    "Staged",
    "StorageLayer",
    "StoredObject",
    "StoredTable",
    "TableFinding",
    "TableStore",
    "UnreachableObject",
    "Work",
]


class Work(Protocol):
    """Long work in short transactions: a running job, or a command at a terminal."""

    def scope(self) -> AbstractContextManager[None]:
        """One short transaction in the work's namespace."""
        ...

    def progress(self, *, done: int, total: int | None = None) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Lake:
    """All of them together, as wiring chose them."""

    layer: Callable[[LayerDescription], StorageLayer]
    tables: Callable[[LayerDescription], TableStore]
    record_format: Callable[[Format], RecordFormat]
    index: MetastoreIndex
