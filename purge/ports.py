"""What erasure needs from outside: a storage layer, a record format, a metastore index."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO, NamedTuple, Protocol

from governance.kernel.personal import Personal
from governance.kernel.refusals import Conflict, Invalid, Unavailable
from purge.domain.identifiers import Identifier, Wanted
from purge.domain.matching import Verdict
from purge.domain.spans import Segment, Span


class LayerKind(StrEnum):
    FILESYSTEM = "filesystem"


class Format(StrEnum):
    NDJSON = "ndjson"


class LayerInvalid(Invalid):
    code = "storage_layer_invalid"
    sentence = "The storage layer is not usable: {why}."


class ObjectChanged(Conflict):
    """The object is no longer the version that was looked at. Locate again, then retry."""

    code = "object_changed"
    sentence = "The object changed since it was looked at."


class ObjectUnreachable(Unavailable):
    """Locked, shared, not permitted: it cannot be rewritten now. `reason` is a code."""

    code = "object_unreachable"
    sentence = "The object cannot be reached or rewritten: {reason}."


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerDescription:
    """A configured storage layer, as far as its adapter needs it."""

    kind: LayerKind
    namespace_name: str
    options: Mapping[str, object] = field(default_factory=dict)
    credentials: Personal[str] | None = None


@dataclass(frozen=True, slots=True)
class ProbeStep:
    """One line of a connection test."""

    name: str
    ok: bool
    detail: str = ""
    milliseconds: int = 0


@dataclass(frozen=True, slots=True)
class StoredObject:
    key: str
    version: str
    size: int


@dataclass(frozen=True, slots=True)
class UnreachableObject:
    """Something is there under the prefix that cannot be read, and may hold anyone."""

    key: str
    reason: str


class ReadableObject(Protocol):
    """One version of an object, open for reading."""

    size: int

    def stream(self) -> BinaryIO:
        """From the first byte, sequentially."""
        ...

    def read(self, span: Span) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Staged:
    """A new version, complete and durable beside the old one, which is still the one in force.

    `version` is what the object's version will be once published: it is stored before publishing,
    so that after a crash one look at the object tells whether that happened.
    """

    key: str
    token: str
    replaces: str
    version: str
    size: int


class StorageLayer(Protocol):
    """Objects under keys. Writing takes two steps, each of which can be repeated after a crash."""

    def probe(self, *, prefix: str = "") -> Sequence[ProbeStep]:
        """Try what erasing will need, and say how it went."""
        ...

    def objects(self, *, prefix: str) -> Iterator[StoredObject | UnreachableObject]: ...

    def version(self, *, key: str) -> str | None:
        """The present version; None if there is no such object. Raises ObjectUnreachable."""
        ...

    def open(self, *, key: str, version: str) -> AbstractContextManager[ReadableObject]:
        """Read that version, whole. Raises ObjectChanged if it is, or becomes, another one."""
        ...

    def stage(self, *, key: str, version: str, segments: Iterable[Segment], token: str) -> Staged:
        """Prepare the object's next version. `token` names the attempt. Raises ObjectChanged."""
        ...

    def publish(self, *, staged: Staged) -> None:
        """Put the staged version in force if the object is still what it replaces.

        Raises ObjectChanged otherwise, with nothing changed and nothing left behind.
        """
        ...

    def discard(self, *, key: str, token: str) -> None:
        """Remove what an attempt may have left beside the object. Never touches the object."""
        ...


class ScannedRecord(NamedTuple):
    """A record's place and the fingerprint input of every identifier candidate in it.

    `candidates` is None for a record that cannot be read.
    """

    span: Span
    candidates: Sequence[tuple[str, str, str]] | None
    """(type, name, canonical value)"""


class RecordFormat(Protocol):
    """How records lie in an object's bytes."""

    def scan(
        self, *, source: ReadableObject, identifiers: Sequence[Identifier]
    ) -> Iterator[ScannedRecord]:
        """Every record that holds a candidate or cannot be read, in order."""
        ...

    def judge(
        self, *, raw: bytes, identifiers: Sequence[Identifier], wanted: Collection[Wanted]
    ) -> Verdict:
        """Whose record these bytes are. Bytes that could hold a wanted value are UNCLEAR."""
        ...

    def segments(self, *, source: ReadableObject, cuts: Sequence[Span]) -> Iterable[Segment]:
        """The object without the records at `cuts`."""
        ...

    def sample(self, *, raw: bytes) -> str:
        """A record as text for a person to read."""
        ...


class IndexEntry(NamedTuple):
    fingerprint: int
    span: Span


@dataclass(frozen=True, slots=True)
class Place:
    """Where the index says a fingerprint is; `span` in the object's indexed positions."""

    object_number: int
    fingerprint: int
    span: Span


class IndexBatch(Protocol):
    """Entries gathered while an object is read, with no transaction open."""

    count: int

    def add(self, entries: Iterable[IndexEntry]) -> None: ...

    def store(self, *, object_number: int) -> int:
        """Make these all that is known of the object; needs the namespace scope. How many."""
        ...

    def close(self) -> None: ...


class MetastoreIndex(Protocol):
    """Fingerprint → places. All but `batch` work in the namespace scope that is open."""

    def batch(self) -> IndexBatch: ...

    def places(
        self, *, fingerprints: Collection[int], object_numbers: Collection[int] | None = None
    ) -> Iterator[Place]:
        """Where these fingerprints are (in these objects), by object and offset."""
        ...

    def forget(self, *, object_number: int, offsets: Collection[int]) -> int:
        """Drop every entry at these indexed offsets, whosever fingerprint it carries."""
        ...

    def remove(self, *, object_number: int) -> int:
        """Drop the object from the index."""
        ...


class Work(Protocol):
    """Long work in short transactions: a running job, or a command at a terminal."""

    def scope(self) -> AbstractContextManager[None]:
        """One short transaction in the work's namespace."""
        ...

    def progress(self, *, done: int, total: int | None = None) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Lake:
    """The three together, as wiring chose them."""

    layer: Callable[[LayerDescription], StorageLayer]
    record_format: Callable[[Format], RecordFormat]
    index: MetastoreIndex
