"""The next version of an S3 object, as a multipart upload: begun, staged in parts, completed.

Nothing of an upload is seen before it is completed, and completing it is one request with a
condition on what it replaces. Its ETag can be told before: the MD5 of its parts' MD5s, and their
number. Where a store's ETags are no such sums (keys of a customer or of KMS, on some), what was
published is simply read again.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import structlog
from botocore.exceptions import BotoCoreError, ClientError

from purge.adapters.s3 import properties as s3_properties, refusals
from purge.adapters.s3.bucket import Bucket, Look, bare, quoted, version_name
from purge.adapters.s3.reading import OpenObject
from purge.domain import s3_parts
from purge.domain.s3_parts import Copy, Part, Upload
from purge.domain.spans import Fresh, Keep, Segment, Span
from purge.ports import ObjectUnreachable, Staged

log = structlog.get_logger(__name__)

AT_ONCE = 4
"""Parts under way; each upload among them holds its bytes in memory."""


class DonePart(NamedTuple):
    number: int
    etag: str


def begin(bucket: Bucket, key: str, look: Look) -> str:
    wanted = s3_properties.copied(bucket, key, look)
    upload = bucket.client.create_multipart_upload(**bucket.at(key), **wanted)
    return str(upload["UploadId"])


def stage(
    source: OpenObject, segments: Iterable[Segment], attempt: str, *, is_new: bool
) -> tuple[Staged, list[DonePart]]:
    """Put every part in its place. On any failure the upload is gone."""
    bucket, key = source.bucket, source.key
    try:
        # What an earlier staging left keeps its numbers: some stores list an old part again.
        earlier = [] if is_new else done(bucket, key, attempt)
        first = max((part.number for part in earlier), default=0) + 1
        parts, size = _Staging(source, attempt).all_of(segments, first=first)
    except BaseException:
        abort(bucket, key, attempt)
        raise
    staged = Staged(
        key=key,
        attempt=attempt,
        replaces=str(source.look.exact()),
        version=composite(parts),
        size=size,
        stays_behind=bool(source.look.version_id),
    )
    return staged, parts


def publish(bucket: Bucket, staged: Staged, parts: Sequence[DonePart] | None) -> None:
    """Complete the upload if the object is still what it replaces. Raises ObjectChanged."""
    key, attempt = staged.key, staged.attempt
    if parts is None:
        parts = done(bucket, key, attempt)[-count_of(staged.version) :]
    try:
        answer = bucket.client.complete_multipart_upload(
            **bucket.at(key),
            UploadId=attempt,
            IfMatch=quoted(version_name(staged.replaces).etag),
            MultipartUpload={
                "Parts": [{"PartNumber": one.number, "ETag": quoted(one.etag)} for one in parts]
            },
        )
    except (ClientError, BotoCoreError, OSError):
        # It may have been done and only the answer lost, or our own second try been refused.
        if not _was_completed(bucket, staged):
            abort(bucket, key, attempt)
            raise
        return
    if bare(answer.get("ETag", staged.version)) != staged.version:
        log.info("s3_version_not_foretold")


def _was_completed(bucket: Bucket, staged: Staged) -> bool:
    """The upload is gone, and what it would have become is there."""
    try:
        done(bucket, staged.key, staged.attempt)
    except ClientError as error:
        if refusals.code_of(error) in refusals.NO_UPLOAD | refusals.GONE:
            look = bucket.look(staged.key)
            return look is not None and look.etag == staged.version
        raise
    return False


def abort(bucket: Bucket, key: str, attempt: str) -> None:
    try:
        bucket.client.abort_multipart_upload(**bucket.at(key), UploadId=attempt)
    except ClientError as error:
        if refusals.code_of(error) not in refusals.NO_UPLOAD | refusals.GONE:
            raise


def done(bucket: Bucket, key: str, attempt: str) -> list[DonePart]:
    """The parts of an upload, by number. Raises ObjectChanged through `told` if it is gone."""
    pages = bucket.client.get_paginator("list_parts").paginate(**bucket.at(key), UploadId=attempt)
    return sorted(
        DonePart(one["PartNumber"], bare(one["ETag"]))
        for page in pages
        for one in page.get("Parts", [])
    )


def composite(parts: Sequence[DonePart]) -> str:
    """The ETag that an object of these parts will have."""
    try:
        sums = b"".join(bytes.fromhex(part.etag.partition("-")[0]) for part in parts)
    except ValueError:
        sums = "".join(part.etag for part in parts).encode()  # Not a sum: this ETag is never seen.
    return f"{hashlib.md5(sums, usedforsecurity=False).hexdigest()}-{len(parts)}"


def count_of(etag: str) -> int:
    return int(etag.rpartition("-")[2])


class _Staging:
    """Parts of one upload, several under way at a time."""

    def __init__(self, source: OpenObject, attempt: str) -> None:
        self._bucket = source.bucket
        self._key = source.key
        self._look = source.look
        self._attempt = attempt
        self._source = source

    def all_of(self, segments: Iterable[Segment], *, first: int) -> tuple[list[DonePart], int]:
        """The parts as the store has them, and their bytes."""
        under_way: list[Future[DonePart]] = []
        result: list[DonePart] = []
        size = 0
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for number, part in enumerate(_planned(segments), first):
                size += part.length
                under_way.append(pool.submit(self._put, number, part))
                if len(under_way) == AT_ONCE:
                    result.append(under_way.pop(0).result())
            result.extend(future.result() for future in under_way)
        return result, size

    def _put(self, number: int, part: Part) -> DonePart:
        place = {**self._bucket.at(self._key), "UploadId": self._attempt, "PartNumber": number}
        with refusals.told():
            match part:
                case Copy():
                    return DonePart(number, self._copy(place, part))
                case Upload():
                    return DonePart(number, self._upload(place, part))

    def _copy(self, place: dict[str, Any], part: Copy) -> str:
        source = self._bucket.at(self._key)
        if self._look.version_id:
            source["VersionId"] = self._look.version_id
        wanted = {}
        if part.length < self._look.size:
            wanted["CopySourceRange"] = f"bytes={part.offset}-{part.offset + part.length - 1}"
        answer = self._bucket.client.upload_part_copy(
            **place, CopySource=source, CopySourceIfMatch=quoted(self._look.etag), **wanted
        )
        return bare(answer["CopyPartResult"]["ETag"])

    def _upload(self, place: dict[str, Any], part: Upload) -> str:
        content = self._content(part)
        md5 = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
        answer = self._bucket.client.upload_part(**place, Body=content, ContentMD5=md5)
        return bare(answer["ETag"])

    def _content(self, part: Upload) -> bytes | bytearray:
        fetched = [(one, self._source.fetch(one)) for one in s3_parts.fetches(part.pieces)]
        content = bytearray()
        for piece in part.pieces:
            match piece:
                case Fresh():
                    content += piece.content
                case Keep():
                    content += _within(fetched, Span(piece.offset, piece.length))
        return content


def _planned(segments: Iterable[Segment]) -> Iterator[Part]:
    try:
        yield from s3_parts.parts(segments)
    except s3_parts.TooManyPartsError:
        raise ObjectUnreachable(reason="s3_too_many_parts") from None


def _within(fetched: Sequence[tuple[Span, bytes]], wanted: Span) -> memoryview:
    for span, content in fetched:
        if span.offset <= wanted.offset and wanted.end <= span.end:
            return memoryview(content)[wanted.offset - span.offset : wanted.end - span.offset]
    message = "a kept range was not fetched"
    raise LookupError(message)
