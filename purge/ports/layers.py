"""Storage layers: objects under keys, read by version and rewritten by condition."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import BinaryIO, Protocol

from governance.kernel.personal import Personal
from governance.kernel.refusals import Conflict, Invalid, Unavailable
from purge.domain.spans import Segment, Span


class LayerKind(StrEnum):
    """`POSTGRESQL` and `TABLE` keep tables (`TableStore`); the others objects (`StorageLayer`)."""

    FILESYSTEM = "filesystem"
    S3 = "s3"
    POSTGRESQL = "postgresql"
    TABLE = "table"


class LayerInvalid(Invalid):
    code = "storage_layer_invalid"
    sentence = "The storage layer is not usable: {why}."


class ObjectChanged(Conflict):
    """The object is no longer the version that was looked at. Locate again, then retry."""

    code = "object_changed"
    sentence = "The object changed since it was looked at."


class ObjectUnreachable(Unavailable):
    """Locked, shared, not permitted: it cannot be rewritten now.

    `reason` is a code with a sentence in `domain/reasons.py`; `until` an ISO time where a lock
    says when it ends.
    """

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
    """One version of an object. Not `current`: kept behind a newer one or a delete marker.

    A version that is not current can be read and removed, never rewritten.
    """

    key: str
    version: str
    size: int
    current: bool = True


@dataclass(frozen=True, slots=True)
class UnreachableObject:
    """Something is there under the prefix that cannot be read, and may hold anyone."""

    key: str
    reason: str


class ReadableObject(Protocol):
    """One version of an object, open for reading."""

    @property
    def size(self) -> int: ...

    def stream(self) -> BinaryIO:
        """From the first byte, sequentially."""
        ...

    def read(self, span: Span) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Staged:
    """A new version, complete beside the old one, which is still the one in force.

    Only the layer that staged it can publish it: it may have it in memory.

    `version` is what the object's version will be once published: it is stored before publishing,
    so that after a crash one look at the object tells whether that happened. `stays_behind`: what
    it replaces is still there then, and is to be removed.
    """

    key: str
    attempt: str
    replaces: str
    version: str
    size: int
    stays_behind: bool = True


class StorageLayer(Protocol):
    """Objects under keys. Rewriting takes steps, each of which can be repeated after a crash.

    Several threads may work on different objects at once.
    """

    def place(self) -> str:
        """What the absolute names of its objects begin with; keys follow.

        Two layers that have an object in common call it by the same absolute name.
        """
        ...

    def probe(self, *, prefix: str = "") -> Sequence[ProbeStep]:
        """Try what erasing will need, and say how it went."""
        ...

    def objects(self, *, prefix: str) -> Iterator[StoredObject | UnreachableObject]:
        """Every version that the layer keeps, by key; the current one of a key comes first."""
        ...

    def version(self, *, key: str) -> str | None:
        """The version in force; None if there is no such object. Raises ObjectUnreachable."""
        ...

    def tags(self, *, key: str, version: str) -> Mapping[str, str]:
        """The tags that somebody put on that version; empty where the layer has none."""
        ...

    def open(self, *, key: str, version: str) -> AbstractContextManager[ReadableObject]:
        """Read that version, whole. Raises ObjectChanged if it is another one.

        Also, at the end, if it became another one meanwhile, unless it was read in one moment, or
        staged: then publishing says so.
        A version that is not current stays what it is; ObjectChanged says that it is gone.
        """
        ...

    def effort(self, *, size: int, segments: Iterable[Segment]) -> str:
        """What rewriting an object of that size so would take, in words for the report.

        Empty where there is nothing worth saying, or it cannot be told before it is done.
        """
        ...

    def announce(self, *, key: str, version: str) -> str:
        """Name an attempt that is about to begin, for `discard` to find if its name is lost.

        Empty where beginning one leaves nothing behind.
        """
        ...

    def begin(self, *, key: str, version: str) -> str:
        """Name an attempt to rewrite the object, which `discard` understands.

        Readers of the object see nothing of it.
        """
        ...

    def is_traceless(self, *, attempt: str) -> bool:
        """Whether nothing of that attempt is with the layer before it is published."""
        ...

    def stage(self, *, key: str, version: str, segments: Iterable[Segment], attempt: str) -> Staged:
        """Prepare the object's next version. Raises ObjectChanged.

        `segments` are consumed once, in order, and need not fit in memory.
        """
        ...

    def publish(self, *, staged: Staged) -> None:
        """Put the staged version in force if the object is still what it replaces.

        Raises ObjectChanged otherwise, and where nothing is staged under that name, with nothing
        changed and nothing left behind. The replaced version may stay behind as one that is not
        current: `remove` it.
        """
        ...

    def discard(self, *, key: str, attempt: str) -> None:
        """Remove what an attempt may have left beside the object. Never touches the object."""
        ...

    def remove(self, *, key: str, version: str) -> None:
        """Remove that version for good, in force or not; nothing if it is gone.

        Taking away the version in force never puts an older one in force. Raises
        ObjectUnreachable where it is locked, with until when.
        """
        ...

    def abort_unfinished(self, *, prefix: str, older_than: timedelta) -> int:
        """Clear away what anybody began to write so long ago and never completed. How many."""
        ...
