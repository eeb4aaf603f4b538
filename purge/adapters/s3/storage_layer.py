"""A bucket, or a part of its names, as a storage layer.

A small object is put anew in one request (`whole.py`). A larger one is rewritten by a multipart
upload (`uploads.py`): what stays is copied by the store itself, in the ranges that
`purge/domain/s3_parts.py` chooses. Either has a condition: that the object is still what was looked
at. What it replaces is removed afterwards where the bucket keeps old versions.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from purge.adapters.s3 import (
    listing as s3_listing,
    lost as s3_lost,
    probe as s3_probe,
    properties as s3_properties,
    reading as s3_reading,
    refusals,
    removing as s3_removing,
    uploads as s3_uploads,
    whole as s3_whole,
)
from purge.adapters.s3.bucket import Bucket, version_name
from purge.adapters.s3.reading import OpenObject
from purge.adapters.s3.uploads import DonePart
from purge.adapters.s3.whole import Rewriting
from purge.domain import s3_parts, s3_places
from purge.domain.spans import Segment
from purge.ports import (
    ProbeStep,
    ReadableObject,
    Staged,
    StoredObject,
    UnreachableObject,
)

REMEMBERED = timedelta(seconds=30)
"""The steps of one attempt follow each other faster. After that the object is asked again."""


@dataclass(frozen=True, slots=True)
class _Remembered:
    """What was opened last, so that the next step of the same work need not ask again.

    Nothing is written by it but on the condition that it still is so.
    """

    version: str
    at: datetime
    object: OpenObject


class _Here(threading.local):
    """Each thread's own, for each goes its way."""

    last: _Remembered | None = None


class S3StorageLayer:
    """Implements `purge.ports.StorageLayer`. `path` is empty or ends with a slash."""

    def __init__(
        self,
        *,
        client: Any,  # noqa: ANN401 - boto3 has no types
        bucket: str,
        path: str = "",
        clock: Callable[[], datetime],
    ) -> None:
        self._bucket = Bucket(client=client, name=bucket, path=path, clock=clock)
        self._here = _Here()
        self._open: dict[tuple[str, str], OpenObject] = {}
        self._parts: dict[str, list[DonePart]] = {}
        self._rewritings: dict[str, Rewriting] = {}

    def place(self) -> str:
        """Without the address: one store may have several, and a bucket has one name."""
        return f"s3://{self._bucket.name}/{self._bucket.path}"

    def probe(self, *, prefix: str = "") -> Sequence[ProbeStep]:
        return s3_probe.steps(self._bucket, prefix)

    def objects(self, *, prefix: str) -> Iterator[StoredObject | UnreachableObject]:
        with refusals.told():
            yield from s3_listing.objects(self._bucket, prefix)

    def version(self, *, key: str) -> str | None:
        with refusals.told():
            look = self._bucket.look(key)
            return None if look is None else look.etag

    def tags(self, *, key: str, version: str) -> Mapping[str, str]:
        opened = self._open.get((key, version))
        with refusals.told():
            if opened is None:
                look = self._bucket.seen(key, version_name(version))
            else:
                look = opened.look
                # Without a name of their own they may be of another that comes before they do.
                opened.is_to_be_seen_again = not look.version_id
            return s3_properties.tags(self._bucket, key, look)

    @contextmanager
    def open(self, *, key: str, version: str) -> Iterator[ReadableObject]:
        wanted, now, last = version_name(version), self._bucket.clock(), self._here.last
        with refusals.told():
            opened = self._opened(key, version)
            opened.look.check_readable()
        was_read_in_one = opened.is_whole() and (last is None or opened is not last.object)
        self._open[key, version] = opened
        try:
            yield opened
        finally:
            self._open.pop((key, version), None)
            opened.close()
        if opened.is_staged:
            return  # Publishing it tells whether it is still in force.
        if wanted.id is None and (opened.is_to_be_seen_again or not was_read_in_one):
            with refusals.told():
                self._bucket.seen(key, wanted)
        opened.is_to_be_seen_again = False
        self._here.last = _Remembered(version, now, opened)

    def effort(self, *, size: int, segments: Iterable[Segment]) -> str:
        return s3_parts.told(size=size, segments=segments)

    def announce(self, *, key: str, version: str) -> str:
        with refusals.told():
            opened = self._to_rewrite(key, version)
            is_small = opened.look.size <= s3_parts.WHOLE
            return "" if is_small else s3_lost.announced(self._bucket, key)

    def begin(self, *, key: str, version: str) -> str:
        with refusals.told():
            return self._begun(self._to_rewrite(key, version))

    def _to_rewrite(self, key: str, version: str) -> OpenObject:
        """Raises ObjectUnreachable where it may not be."""
        now = self._bucket.clock()
        opened = self._opened(key, version)
        opened.look.check_readable()
        opened.look.check_unlocked(at=now)
        self._here.last = _Remembered(version, now, opened)
        return opened

    def _begun(self, opened: OpenObject) -> str:
        bucket, key, look = self._bucket, opened.key, opened.look
        is_small = look.size <= s3_parts.WHOLE
        s3_probe.require_conditions(bucket, on_putting=is_small)
        if is_small:
            attempt = s3_whole.name()
            self._rewritings[attempt] = s3_whole.begin(bucket, key, look)
        else:
            attempt = s3_uploads.begin(bucket, key, look)
            self._parts[attempt] = []
        return attempt

    def is_traceless(self, *, attempt: str) -> bool:
        return s3_whole.is_named_so(attempt)

    def stage(self, *, key: str, version: str, segments: Iterable[Segment], attempt: str) -> Staged:
        with refusals.told():
            source = self._open.get((key, version)) or self._opened(key, version)
            if s3_whole.is_named_so(attempt):
                staged = s3_whole.stage(source, segments, attempt, self._rewritings.get(attempt))
            else:
                is_new = self._parts.pop(attempt, None) == []
                staged, parts = s3_uploads.stage(source, segments, attempt, is_new=is_new)
                self._parts[attempt] = parts
        source.is_staged = True
        return staged

    def publish(self, *, staged: Staged) -> None:
        attempt = staged.attempt
        with refusals.told():
            if s3_whole.is_named_so(attempt):
                s3_whole.publish(self._bucket, staged, self._rewritings.pop(attempt, None))
            else:
                s3_uploads.publish(self._bucket, staged, self._parts.pop(attempt, None))

    def _opened(self, key: str, version: str) -> OpenObject:
        """That version, with all that a moment ago was learned and read of it."""
        last, self._here.last = self._here.last, None
        if last is not None and (last.object.key, last.version) == (key, version):
            age = self._bucket.clock() - last.at
            if timedelta() <= age <= REMEMBERED:
                return last.object
        return s3_reading.opened(self._bucket, key, version_name(version))

    def discard(self, *, key: str, attempt: str) -> None:
        if s3_whole.is_named_so(attempt):
            self._rewritings.pop(attempt, None)
            return
        with refusals.told():
            if s3_lost.is_named_so(attempt):
                s3_lost.abort(self._bucket, key, attempt)
            else:
                s3_uploads.abort(self._bucket, key, attempt)

    def remove(self, *, key: str, version: str) -> None:
        with refusals.told():
            s3_removing.remove(self._bucket, key, version_name(version))

    def abort_unfinished(self, *, prefix: str, older_than: timedelta) -> int:
        """Abort uploads that nobody completed for so long. How many."""
        count = 0
        with refusals.told():
            found = list(s3_listing.unfinished(self._bucket, prefix, older_than=older_than))
            for upload in found:
                if s3_places.is_plain(upload.key):
                    s3_uploads.abort(self._bucket, upload.key, upload.id)
                    count += 1
        return count
