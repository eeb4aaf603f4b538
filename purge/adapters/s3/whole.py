"""The next version of a small S3 object: put together in memory, and put in one request.

Nothing is with the store before that request, which has a condition on what it replaces: a worker
killed before it leaves nothing behind, and nobody else can go on with what it had. The ETag can be
told before: the MD5 of the bytes
(docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html). Where a store's ETags are no such sums,
what was put is simply read again.
"""

import base64
import hashlib
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from botocore.exceptions import BotoCoreError, ClientError

from purge.adapters.s3 import properties as s3_properties
from purge.adapters.s3.bucket import Bucket, Look, bare, quoted, version_name
from purge.adapters.s3.reading import OpenObject
from purge.domain.spans import Fresh, Keep, Segment
from purge.ports import ObjectChanged, Staged

log = structlog.get_logger(__name__)

MARK = "whole:"
"""No store's name of an upload has a colon."""


@dataclass(slots=True)
class Rewriting:
    """What the next version carries, and its bytes once staged."""

    properties: Mapping[str, Any]
    content: bytearray | None = None


def name() -> str:
    return f"{MARK}{uuid.uuid4().hex}"


def is_named_so(attempt: str) -> bool:
    return attempt.startswith(MARK)


def begin(bucket: Bucket, key: str, look: Look) -> Rewriting:
    return Rewriting(s3_properties.copied(bucket, key, look))


def stage(
    source: OpenObject, segments: Iterable[Segment], attempt: str, rewriting: Rewriting | None
) -> Staged:
    if rewriting is None:
        raise ObjectChanged  # Another worker's attempt: nothing of it is here.
    content = _content(source, segments)
    rewriting.content = content
    return Staged(
        key=source.key,
        attempt=attempt,
        replaces=str(source.look.exact()),
        version=hashlib.md5(content, usedforsecurity=False).hexdigest(),
        size=len(content),
        stays_behind=bool(source.look.version_id),
    )


def _content(source: OpenObject, segments: Iterable[Segment]) -> bytearray:
    whole = memoryview(source.whole())
    content = bytearray()
    for segment in segments:
        match segment:
            case Keep():
                content += whole[segment.offset : segment.offset + segment.length]
            case Fresh():
                content += segment.content
    return content


def publish(bucket: Bucket, staged: Staged, rewriting: Rewriting | None) -> None:
    """Put it if the object is still what it replaces. Raises ObjectChanged."""
    if rewriting is None or rewriting.content is None:
        raise ObjectChanged  # It was put before, or staged by another worker.
    md5 = base64.b64encode(bytes.fromhex(staged.version)).decode()
    try:
        answer = bucket.client.put_object(
            **bucket.at(staged.key),
            **rewriting.properties,
            Body=bytes(rewriting.content),
            ContentMD5=md5,
            IfMatch=quoted(version_name(staged.replaces).etag),
        )
    except (ClientError, BotoCoreError, OSError):
        # It may have been done and only the answer lost, or our own second try been refused.
        look = bucket.look(staged.key)
        if look is None or look.etag != staged.version:
            raise
        return
    if bare(answer.get("ETag", staged.version)) != staged.version:
        log.info("s3_version_not_foretold")
