"""A storage layer in memory, true to the contract: versions change with every write."""

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
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
    """Implements `purge.ports.StorageLayer`. `locked` keys refuse to be rewritten."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self.locked: set[str] = set()
        self._versions: dict[str, str] = {}
        self._staged: dict[tuple[str, str], tuple[bytes, str]] = {}
        self._numbers = count(1)

    def put(self, key: str, content: bytes) -> None:
        self.contents[key] = content
        self._versions[key] = f"v{next(self._numbers)}"

    def leftovers(self) -> int:
        return len(self._staged)

    def probe(self, *, prefix: str = "") -> Sequence[ProbeStep]:
        found = len(list(self.objects(prefix=prefix)))
        return [ProbeStep("look", ok=True, detail=f"{found} objects")]

    def objects(self, *, prefix: str) -> Iterator[StoredObject | UnreachableObject]:
        for key in sorted(self.contents):
            if key.startswith(prefix):
                yield StoredObject(key, self._versions[key], len(self.contents[key]))

    def version(self, *, key: str) -> str | None:
        return self._versions.get(key)

    @contextmanager
    def open(self, *, key: str, version: str) -> Iterator[ReadableObject]:
        if self.version(key=key) != version:
            raise ObjectChanged
        yield FakeObject(self.contents[key])
        if self.version(key=key) != version:
            raise ObjectChanged

    def stage(self, *, key: str, version: str, segments: Iterable[Segment], token: str) -> Staged:
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
        self._staged[key, token] = (content, fresh)
        return Staged(key=key, token=token, replaces=version, version=fresh, size=len(content))

    def publish(self, *, staged: Staged) -> None:
        content, version = self._staged.pop((staged.key, staged.token), (b"", ""))
        if self.version(key=staged.key) != staged.replaces or version != staged.version:
            raise ObjectChanged
        self.contents[staged.key] = content
        self._versions[staged.key] = version

    def discard(self, *, key: str, token: str) -> None:
        self._staged.pop((key, token), None)
