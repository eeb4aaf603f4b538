"""A storage layer in memory, true to the contract: versions change with every write."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import BinaryIO

from purge.domain.spans import Fresh, Keep, Segment, Span
from purge.ports import (
    ObjectChanged,
    ObjectUnreachable,
    ProbeStep,
    ReadableObject,
    Staged,
    StoredObject,
    UnreachableObject,
)


class FakeObject:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self.size = len(content)

    def stream(self) -> BinaryIO:
        return io.BytesIO(self._content)

    def read(self, span: Span) -> bytes:
        return self._content[span.offset : span.end]


class FakeStorageLayer:
    """Implements `purge.ports.StorageLayer`. `locked` keys refuse to be rewritten.

    With `keeps_versions`, what was replaced stays behind in `old`; there, `keeps_locked` keys
    refuse to go.
    """

    def __init__(self, *, keeps_versions: bool = False) -> None:
        self.keeps_versions = keeps_versions
        self.contents: dict[str, bytes] = {}
        self.old: dict[tuple[str, str], bytes] = {}
        self.labels: dict[str, dict[str, str]] = {}
        self.locked: set[str] = set()
        self.keeps_locked: set[str] = set()
        self._versions: dict[str, str] = {}
        self._staged: dict[tuple[str, str], tuple[bytes, str]] = {}
        self._numbers = count(1)

    def put(self, key: str, content: bytes) -> None:
        self._replace(key, content, f"v{next(self._numbers)}")

    def leftovers(self) -> int:
        return len(self._staged)

    def place(self) -> str:
        return "fake://"

    def probe(self, *, prefix: str = "") -> Sequence[ProbeStep]:
        found = len(list(self.objects(prefix=prefix)))
        return [ProbeStep("look", ok=True, detail=f"{found} objects")]

    def objects(self, *, prefix: str) -> Iterator[StoredObject | UnreachableObject]:
        for key in sorted(self.contents):
            if key.startswith(prefix):
                yield StoredObject(key, self._versions[key], len(self.contents[key]))
                for (name, version), content in sorted(self.old.items()):
                    if name == key:
                        yield StoredObject(key, version, len(content), current=False)

    def version(self, *, key: str) -> str | None:
        return self._versions.get(key)

    def tags(self, *, key: str, version: str) -> Mapping[str, str]:
        return self.labels.get(key, {}) if self.version(key=key) == version else {}

    @contextmanager
    def open(self, *, key: str, version: str) -> Iterator[ReadableObject]:
        yield FakeObject(self._content(key, version))
        self._content(key, version)

    def effort(self, *, size: int, segments: Iterable[Segment]) -> str:  # noqa: ARG002
        return ""

    def announce(self, *, key: str, version: str) -> str:  # noqa: ARG002
        return ""

    def begin(self, *, key: str, version: str) -> str:  # noqa: ARG002 - any name will do
        return f"attempt-{next(self._numbers)}"

    def is_traceless(self, *, attempt: str) -> bool:  # noqa: ARG002
        return False

    def stage(self, *, key: str, version: str, segments: Iterable[Segment], attempt: str) -> Staged:
        if self.version(key=key) != version:
            raise ObjectChanged
        if key in self.locked:
            raise ObjectUnreachable(reason="locked")
        old, content = self.contents[key], b""
        for segment in segments:
            match segment:
                case Keep():
                    content += old[segment.offset : segment.offset + segment.length]
                case Fresh():
                    content += segment.content
        fresh = f"v{next(self._numbers)}"
        self._staged[key, attempt] = (content, fresh)
        return Staged(key=key, attempt=attempt, replaces=version, version=fresh, size=len(content))

    def publish(self, *, staged: Staged) -> None:
        content, version = self._staged.pop((staged.key, staged.attempt), (b"", ""))
        if self.version(key=staged.key) != staged.replaces or version != staged.version:
            raise ObjectChanged
        self._replace(staged.key, content, version)

    def discard(self, *, key: str, attempt: str) -> None:
        self._staged.pop((key, attempt), None)

    def remove(self, *, key: str, version: str) -> None:
        if (key, version) in self.old:
            if key in self.keeps_locked:
                raise ObjectUnreachable(reason="object_locked", until="2027-01-01T00:00:00+00:00")
            del self.old[key, version]
        elif self.version(key=key) == version:
            if key in self.locked:
                raise ObjectUnreachable(reason="locked")
            del self.contents[key]
            del self._versions[key]

    def _replace(self, key: str, content: bytes, version: str) -> None:
        if self.keeps_versions and key in self.contents:
            self.old[key, self._versions[key]] = self.contents[key]
        self.contents[key] = content
        self._versions[key] = version

    def _content(self, key: str, version: str) -> bytes:
        if (key, version) in self.old:
            return self.old[key, version]
        if self.version(key=key) != version:
            raise ObjectChanged
        return self.contents[key]

    def abort_unfinished(self, *, prefix: str, older_than: timedelta) -> int:  # noqa: ARG002
        """Time stands still here: what is staged is as old as may be."""
        left = [place for place in self._staged if place[0].startswith(prefix)]
        for place in left:
            del self._staged[place]
        return len(left)
