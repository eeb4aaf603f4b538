"""Every version under a prefix, and uploads that were never completed."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from purge.adapters.s3 import refusals
from purge.adapters.s3.bucket import NULL, OURS, Bucket, VersionName, bare
from purge.domain import s3_places
from purge.ports import StoredObject, UnreachableObject

GARBLED = "\ufffd"
"""What stands in a listing for a character that XML cannot carry, where the store does not help."""
SETTLES = timedelta(days=1)
"""A younger upload may still be somebody's work under way, or our own."""


class Unfinished(NamedTuple):
    key: str
    id: str
    begun_at: datetime


def objects(bucket: Bucket, prefix: str) -> Iterator[StoredObject | UnreachableObject]:
    found = _all_versions(bucket, prefix) if bucket.keeps_versions() else _current(bucket, prefix)
    for one in found:
        if is_ours(one.key) or is_folder(one):
            continue
        if not s3_places.is_plain(one.key):
            yield UnreachableObject(one.key, "s3_name_with_dots")
        elif GARBLED in one.key:
            yield UnreachableObject(one.key, "name_not_utf8")
        else:
            yield one
    for upload in unfinished(bucket, prefix, older_than=SETTLES):
        if is_ours(upload.key):
            continue
        if not s3_places.is_plain(upload.key) or has_parts(bucket, upload):
            yield UnreachableObject(upload.key, "s3_unfinished_upload")


def has_parts(bucket: Bucket, upload: Unfinished) -> bool:
    """Whether it holds anybody's bytes: one that was only begun does not."""
    try:
        answer = bucket.client.list_parts(**bucket.at(upload.key), UploadId=upload.id, MaxParts=1)
    except ClientError as error:
        if refusals.code_of(error) in refusals.NO_UPLOAD | refusals.GONE:
            return False
        raise
    return bool(answer.get("Parts"))


def is_ours(key: str) -> bool:
    """What a probe of the store left, which holds nobody's bytes."""
    return key.rpartition("/")[2].startswith(OURS)


def is_folder(one: StoredObject) -> bool:
    """The marker that consoles make for an empty folder."""
    return one.key.endswith("/") and not one.size


def _current(bucket: Bucket, prefix: str) -> Iterator[StoredObject]:
    for page in pages(bucket, "list_objects_v2", prefix):
        for one in page.get("Contents", []):
            yield StoredObject(_key(bucket, one), bare(one["ETag"]), one["Size"])


def _all_versions(bucket: Bucket, prefix: str) -> Iterator[StoredObject]:
    """By key, the newest first, from one listing: none can slip between two of them."""
    for page in pages(bucket, "list_object_versions", prefix):
        for one in page.get("Versions", []):
            key, etag = _key(bucket, one), bare(one["ETag"])
            version_id = one["VersionId"]
            if version_id == NULL and "-" in etag:
                # SeaweedFS lists another ETag here than it answers to.
                look = bucket.look(key, version_id=NULL) if s3_places.is_plain(key) else None
                etag = etag if look is None else look.etag
            name = VersionName(etag, None if one["IsLatest"] else version_id)
            yield StoredObject(key, str(name), one["Size"], current=one["IsLatest"])


def unfinished(bucket: Bucket, prefix: str, *, older_than: timedelta) -> Iterator[Unfinished]:
    """Uploads begun long ago: what was uploaded stays with the store until they are aborted."""
    before = bucket.clock() - older_than
    try:
        for page in pages(bucket, "list_multipart_uploads", prefix):
            yield from (one for one in uploads_in(bucket, page) if one.begun_at < before)
    except ClientError as error:
        if refusals.code_of(error) not in refusals.NOT_KNOWN:
            raise


def uploads_in(bucket: Bucket, page: dict[str, Any]) -> Iterator[Unfinished]:
    for one in page.get("Uploads", []):
        yield Unfinished(_key(bucket, one), one["UploadId"], one["Initiated"])


def pages(bucket: Bucket, operation: str, prefix: str) -> Iterator[dict[str, Any]]:
    paginator = bucket.client.get_paginator(operation)
    yield from paginator.paginate(Bucket=bucket.name, Prefix=f"{bucket.path}{prefix}")


def _key(bucket: Bucket, listed: dict[str, Any]) -> str:
    return str(listed["Key"]).removeprefix(bucket.path)
