"""Reading one version of an S3 object: from the first byte, or in ranges, never another version."""

import io
from collections import OrderedDict
from typing import Any, BinaryIO, cast

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from purge.adapters import s3_refusals as refusals
from purge.adapters.s3_bucket import Bucket, Look
from purge.domain.spans import Span
from purge.ports import ObjectUnreachable

READ_AT_ONCE = 1 << 20
BLOCK, BLOCKS = 64 * 1024, 64
"""Records lie near each other: small reads fetch a block, and the last ones are remembered."""
SMALL = 1 << 20
"""An object up to this size is fetched once, and kept while it is open."""
TRIES = 4


class OpenObject:
    """Implements `purge.ports.ReadableObject`. The layer closes what it opened."""

    def __init__(self, bucket: Bucket, key: str, look: Look) -> None:
        self.bucket = bucket
        self.key = key
        self.look = look
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._streams: list[BinaryIO] = []
        self._whole: bytes | None = None
        self.size = look.size

    def stream(self) -> BinaryIO:
        opened = cast(BinaryIO, io.BufferedReader(_Stream(self), READ_AT_ONCE))
        self._streams.append(opened)
        return opened

    def read(self, span: Span) -> bytes:
        if self.size <= SMALL or span.length >= BLOCK:
            return self.fetch(span)
        first, last = span.offset // BLOCK, max(span.offset, span.end - 1) // BLOCK
        content = b"".join(self._block(number) for number in range(first, last + 1))
        at = span.offset - first * BLOCK
        return content[at : at + span.length]

    def fetch(self, span: Span) -> bytes:
        """A range of this very version; of a small object, out of all of it, kept."""
        if self.size > SMALL:
            return self._fetched(span)
        if self._whole is None:
            self._whole = self._fetched(Span(0, self.size))
        return self._whole[span.offset : span.end]

    def _fetched(self, span: Span) -> bytes:
        end = min(span.end, self.size)
        if span.offset >= end:
            return b""
        for left in range(TRIES, 0, -1):
            with refusals.told():
                try:
                    content = bytes(self.body(span.offset, end).read())
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
        return answer["Body"]

    def close(self) -> None:
        for stream in self._streams:
            stream.close()

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
