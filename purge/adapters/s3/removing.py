"""Removing versions of an S3 object for good, and never one that somebody wrote since."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from purge.adapters.s3 import refusals
from purge.adapters.s3.bucket import NULL, Bucket, VersionName, bare, quoted
from purge.ports import ObjectChanged


def remove(bucket: Bucket, key: str, version: VersionName) -> None:
    """Raises ObjectChanged where a version kept behind another is in force now."""
    match version.id:
        case None:
            _remove_wherever(bucket, key, version.etag)
            if bucket.keeps_versions():
                _sweep_markers(bucket, key)
        case "":
            return  # Nothing is kept where it was written: it went when it was replaced.
        case exact:
            _remove_old(bucket, key, version.etag, exact)


def _remove_old(bucket: Bucket, key: str, etag: str, version_id: str) -> None:
    present = bucket.look(key)
    if present is not None and present.version_id == version_id and present.etag == etag:
        raise ObjectChanged
    _delete(bucket, key, version_id=version_id, etag=etag)
    if present is None:
        _sweep_markers(bucket, key)


def _remove_wherever(bucket: Bucket, key: str, etag: str) -> None:
    """The one in force, if it is that, and those behind it that are the same bytes.

    A delete marker comes first, so that removing the newest never puts an older one in force.
    """
    present = bucket.look(key)
    if present is not None and present.etag == etag:
        present.check_unlocked(at=bucket.clock())
        try:
            bucket.client.delete_object(**bucket.at(key), IfMatch=quoted(etag))
        except ClientError as error:
            if refusals.code_of(error) not in refusals.CHANGED | refusals.GONE:
                raise
    if bucket.keeps_versions():
        for one in list(_versions(bucket, key, "Versions")):
            if not one["IsLatest"] and bare(one["ETag"]) == etag:
                _delete(bucket, key, version_id=one["VersionId"], etag=etag)


def _delete(bucket: Bucket, key: str, *, version_id: str, etag: str) -> None:
    """One version by its id, which names those bytes for ever; but for null, looked at first."""
    if version_id == NULL:
        look = bucket.look(key, version_id=NULL)
        if look is None or look.etag != etag:
            return
    try:
        bucket.client.delete_object(**bucket.at(key), VersionId=version_id)
    except ClientError as error:
        if refusals.code_of(error) in refusals.GONE:
            return
        locked = bucket.look(key, version_id=version_id)
        if locked is not None:
            locked.check_unlocked(at=bucket.clock())
        raise


def _sweep_markers(bucket: Bucket, key: str) -> None:
    """A name of which nothing is left but markers goes too: it may say who it was about."""
    if any(_versions(bucket, key, "Versions")):
        return
    for marker in list(_versions(bucket, key, "DeleteMarkers")):
        bucket.client.delete_object(**bucket.at(key), VersionId=marker["VersionId"])


def _versions(bucket: Bucket, key: str, kind: str) -> Iterator[dict[str, Any]]:
    """Versions or markers of exactly this name."""
    full = bucket.full(key)
    pages = bucket.client.get_paginator("list_object_versions")
    for page in pages.paginate(Bucket=bucket.name, Prefix=full):
        listed = [one for one in page.get(kind, []) if one["Key"] == full]
        yield from listed
        if any(one["Key"] != full for one in page.get(kind, [])):
            return
