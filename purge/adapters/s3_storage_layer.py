"""A bucket, or a part of its names, as a storage layer.

An object is rewritten by a multipart upload: what stays is copied by the store itself, in the
ranges that `purge/domain/s3_parts.py` chooses, and completed only if the object is still what was
looked at. What it replaces is removed afterwards where the bucket keeps old versions.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from purge.adapters import (
    s3_listing,
    s3_probe,
    s3_properties,
    s3_refusals as refusals,
    s3_removing,
    s3_uploads,
)
from purge.adapters.s3_bucket import Bucket, Look, version_name
from purge.adapters.s3_reading import OpenObject
from purge.adapters.s3_uploads import DonePart
from purge.domain import s3_parts, s3_places
from purge.domain.spans import Segment
from purge.ports import (
    ProbeStep,
    ReadableObject,
    Staged,
    StoredObject,
    UnreachableObject,
)


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
        # What one request told, so that the next steps of the same work need not ask again.
        # Each of theirs is answered by that very version or refused.
        self._looks: dict[tuple[str, str], Look] = {}
        self._open: dict[tuple[str, str], OpenObject] = {}
        self._parts: dict[str, list[DonePart]] = {}

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
        with refusals.told():
            look = self._bucket.seen(key, version_name(version))
            return s3_properties.tags(self._bucket, key, look)

    @contextmanager
    def open(self, *, key: str, version: str) -> Iterator[ReadableObject]:
        wanted = version_name(version)
        with refusals.told():
            opened = self._opened(key, version)
            opened.look.check_readable()
        self._open[key, version] = opened
        try:
            yield opened
        finally:
            self._open.pop((key, version), None)
            opened.close()
        if wanted.id is None:
            with refusals.told():
                self._bucket.seen(key, wanted)

    def effort(self, *, size: int, segments: Iterable[Segment]) -> str:
        return s3_parts.told(size=size, segments=segments)

    def begin(self, *, key: str, version: str) -> str:
        with refusals.told():
            look = self._bucket.seen(key, version_name(version))
            s3_probe.require_conditions(self._bucket)
            attempt = s3_uploads.begin(self._bucket, key, look)
        self._looks[key, version] = look
        self._parts[attempt] = []
        return attempt

    def stage(self, *, key: str, version: str, segments: Iterable[Segment], attempt: str) -> Staged:
        is_new = self._parts.pop(attempt, None) == []
        with refusals.told():
            source = self._open.get((key, version)) or self._opened(key, version)
            staged, parts = s3_uploads.stage(source, segments, attempt, is_new=is_new)
        self._parts[attempt] = parts
        return staged

    def publish(self, *, staged: Staged) -> None:
        parts = self._parts.pop(staged.attempt, None)
        with refusals.told():
            s3_uploads.publish(self._bucket, staged, parts)

    def _opened(self, key: str, version: str) -> OpenObject:
        look = self._looks.pop((key, version), None)
        return OpenObject(self._bucket, key, look or self._bucket.seen(key, version_name(version)))

    def discard(self, *, key: str, attempt: str) -> None:
        with refusals.told():
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
