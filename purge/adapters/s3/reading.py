"""Reading one version of an S3 object: from the first byte, or in ranges, never another version.

One request opens it: it brings the properties and the first bytes, which are all of a small one.
"""

import io
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, BinaryIO, cast

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from purge.adapters.s3 import refusals
from purge.adapters.s3.bucket import Bucket, Look, VersionName, bare, quoted
from purge.domain.spans import Span
from purge.ports import ObjectChanged, ObjectUnreachable

READ_AT_ONCE = 1 << 20
BLOCK, BLOCKS = 64 * 1024, 64
"""Records lie near each other: small reads fetch a block, and the last ones are remembered."""
FIRST = 1 << 20
"""Fetched on opening, and kept while it is open: an object up to this size is read in one go."""
TRIES = 4
RANGES = "s3_ranges_ignored"
"""Other bytes in their place would be cut, or kept, instead of the record."""
NOTHING_THERE = frozenset({"InvalidRange", "416"})


def opened(bucket: Bucket, key: str, version: VersionName) -> "OpenObject":
    """That version. The errors of `Bucket.seen`."""
    exact = {"VersionId": version.id} if version.id else {}
    try:
        answer = bucket.client.get_object(
            **bucket.at(key),
            **exact,
            IfMatch=quoted(version.etag),
            Range=f"bytes=0-{FIRST - 1}",
        )
    except ClientError as error:
        code = refusals.code_of(error)
        if code in NOTHING_THERE:  # It is empty.
            return OpenObject(bucket, key, bucket.seen(key, version))
        if code in refusals.GONE:
            bucket.require()
        raise
    if bare(answer["ETag"]) != version.etag:
        answer["Body"].close()
        raise ObjectChanged
    body = answer.pop("Body")
    size = _size_in(answer)
    if size is None:
        body.close()
        raise ObjectUnreachable(reason=RANGES)
    look = Look(
        etag=version.etag,
        version_id=answer.get("VersionId", ""),
        size=size,
        head=answer,
    )
    try:
        first = bytes(body.read(FIRST))
    except (BotoCoreError, HTTPError):
        first = b""  # It is asked for again when it is read.
    return OpenObject(bucket, key, look, first=first)


def _size_in(answer: Mapping[str, Any]) -> int | None:
    """Of all of it. None: a store that knows no ranges would send as much as it likes."""
    total, length = answer.get("ContentRange", "").rpartition("/")[2], answer.get("ContentLength")
    if total.isdecimal():
        return int(total)
    return length if isinstance(length, int) and length <= FIRST else None


class OpenObject:
    """Implements `purge.ports.ReadableObject`. The layer closes what it opened."""

    def __init__(self, bucket: Bucket, key: str, look: Look, *, first: bytes = b"") -> None:
        self.bucket = bucket
        self.key = key
        self.look = look
        self.first = first
        self.is_staged = False
        """A next version was made of it."""
        self.is_to_be_seen_again = False
        """What was learned of it beside its bytes is so only if it is still in force."""
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._streams: list[BinaryIO] = []
        self.size = look.size

    def stream(self) -> BinaryIO:
        opened = cast(BinaryIO, io.BufferedReader(_Stream(self), READ_AT_ONCE))
        self._streams.append(opened)
        return opened

    def read(self, span: Span) -> bytes:
        if self.size <= FIRST or span.length >= BLOCK:
            return self.fetch(span)
        first, last = span.offset // BLOCK, max(span.offset, span.end - 1) // BLOCK
        content = b"".join(self._block(number) for number in range(first, last + 1))
        at = span.offset - first * BLOCK
        return content[at : at + span.length]

    def fetch(self, span: Span) -> bytes:
        """A range of this very version; of a small object, out of all of it, kept."""
        if self.size <= FIRST:
            return self.whole()[span.offset : span.end]
        if span.end <= len(self.first):
            return self.first[span.offset : span.end]
        return self._fetched(span)

    def is_whole(self) -> bool:
        """Whether all of it is here: so far by one answer, which is of one moment."""
        return len(self.first) == self.size

    def whole(self) -> bytes:
        """Every byte, kept."""
        if not self.is_whole():
            self.first += self._fetched(Span(len(self.first), self.size - len(self.first)))
        return self.first

    def _fetched(self, span: Span) -> bytes:
        end = min(span.end, self.size)
        if span.offset >= end:
            return b""
        for left in range(TRIES, 0, -1):
            with refusals.told():
                try:
                    content = bytes(self.body(span.offset, end).read(end - span.offset))
                except (BotoCoreError, HTTPError):
                    if left == 1:
                        raise
                    continue
            if len(content) == end - span.offset:
                return content
        raise ObjectUnreachable(reason="s3_endpoint_unreachable")

    def body(self, start: int, end: int) -> Any:  # noqa: ANN401 - botocore's
        answer = self.bucket.client.get_object(
            **self.bucket.at(self.key),
            **self.look.conditions(),
            Range=f"bytes={start}-{end - 1}",
        )
        if answer.get("ContentRange", f"bytes 0-{self.size - 1}/").partition("/")[0] != (
            f"bytes {start}-{end - 1}"
        ):
            answer["Body"].close()
            raise ObjectUnreachable(reason=RANGES)
        return answer["Body"]

    def close(self) -> None:
        while self._streams:
            self._streams.pop().close()

    def _block(self, number: int) -> bytes:
        content = self._blocks.get(number)
        if content is None:
            content = self.fetch(Span(number * BLOCK, BLOCK))
            self._blocks[number] = content
            if len(self._blocks) > BLOCKS:
                self._blocks.popitem(last=False)
        return content


class _Stream(io.RawIOBase):
    """The whole version; goes on where a broken connection left off."""

    def __init__(self, source: OpenObject) -> None:
        super().__init__()
        self._source = source
        self._at = 0
        self._body: Any = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a buffer of any kind
        if self._at >= self._source.size:
            return 0
        for left in range(TRIES, 0, -1):
            with refusals.told():
                try:
                    content = self._read(len(buffer))
                except (BotoCoreError, HTTPError) as error:
                    self._drop()
                    if left == 1 or isinstance(error, ClientError):
                        raise
                    continue
            if content:
                buffer[: len(content)] = content
                self._at += len(content)
                return len(content)
            self._drop()  # The connection ended early.
        raise ObjectUnreachable(reason="s3_endpoint_unreachable")

    def _read(self, size: int) -> bytes:
        if self._at < len(self._source.first):
            return self._source.first[self._at : self._at + size]
        if self._body is None:
            self._body = self._source.body(self._at, self._source.size)
        return bytes(self._body.read(size))

    def _drop(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None

    def close(self) -> None:
        self._drop()
        super().close()
