"""Trying what erasing will need of an S3 store, and refusing one that ignores conditions.

A store that writes an object whatever `If-Match` says would let an erasure overwrite what
somebody wrote meanwhile. That is tried once in a process for each bucket and each way to write, on
a name of our own.
"""

import threading
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from purge.adapters.s3 import listing as s3_listing, refusals, uploads as s3_uploads
from purge.adapters.s3.bucket import OURS, Bucket, bare, quoted
from purge.domain import reasons
from purge.ports import ObjectChanged, ObjectUnreachable, ProbeStep, UnreachableObject

NEVER = "00000000000000000000000000000000"
AT_MOST = 1000
FORGOTTEN = timedelta(hours=1)

_honoured: set[tuple[str, str, bool]] = set()
_trying = threading.Lock()


def steps(bucket: Bucket, prefix: str) -> Sequence[ProbeStep]:
    result: list[ProbeStep] = []
    tries: list[tuple[str, Callable[[], str]]] = [
        ("reach the store and sign in", lambda: _reach(bucket)),
        ("list objects", lambda: _list(bucket, prefix)),
        ("old versions", lambda: _versions(bucket)),
        ("object lock", lambda: _lock(bucket)),
        ("write on a condition", lambda: _write(bucket)),
    ]
    for name, attempt in tries:
        began = time.monotonic()
        try:
            with refusals.told():
                detail, ok = attempt(), True
        except (ObjectUnreachable, ObjectChanged) as refusal:
            reason = str(refusal.values.get("reason", refusal.code))
            detail, ok = reasons.sentence(reason), False
        result.append(ProbeStep(name, ok, detail, round((time.monotonic() - began) * 1000)))
        if not ok:
            break
    return result


def require_conditions(bucket: Bucket, *, on_putting: bool) -> None:
    """Raises ObjectUnreachable where the store puts, or completes uploads, against a condition."""
    place = (str(bucket.client.meta.endpoint_url), bucket.name, on_putting)
    if place in _honoured:
        return
    with _trying:
        if place in _honoured:
            return  # Another thread tried it meanwhile.
        if not _are_conditions_honoured(bucket, on_putting=on_putting):
            raise ObjectUnreachable(reason="s3_conditions_ignored")
        _honoured.add(place)


def _are_conditions_honoured(bucket: Bucket, *, on_putting: bool) -> bool:
    """Write a few bytes to a new name on a condition that cannot hold."""
    key = f"{OURS}probe-{uuid.uuid4().hex}"
    place = bucket.at(key)
    answer = _put(bucket, place) if on_putting else _uploaded(bucket, key, place)
    if answer is None:
        return True
    exact = {"VersionId": answer["VersionId"]} if answer.get("VersionId") else {}
    bucket.client.delete_object(**place, **exact)
    return False


def _uploaded(bucket: Bucket, key: str, place: dict[str, str]) -> Any:  # noqa: ANN401
    for left in s3_listing.unfinished(bucket, f"{OURS}probe-", older_than=FORGOTTEN):
        s3_uploads.abort(bucket, left.key, left.id)  # Its worker was killed.
    upload = bucket.client.create_multipart_upload(**place)["UploadId"]
    try:
        part = bucket.client.upload_part(**place, UploadId=upload, PartNumber=1, Body=b"probe")
        parts = [{"PartNumber": 1, "ETag": quoted(bare(part["ETag"]))}]
        return _tried(
            lambda: bucket.client.complete_multipart_upload(
                **place, UploadId=upload, MultipartUpload={"Parts": parts}, IfMatch=quoted(NEVER)
            )
        )
    finally:
        s3_uploads.abort(bucket, key, upload)


def _put(bucket: Bucket, place: dict[str, str]) -> Any:  # noqa: ANN401
    return _tried(lambda: bucket.client.put_object(**place, Body=b"probe", IfMatch=quoted(NEVER)))


def _tried(write: Callable[[], Any]) -> Any:  # noqa: ANN401
    """The answer, or None where the condition stopped it."""
    try:
        return write()
    except ClientError as error:
        if refusals.code_of(error) not in refusals.CHANGED | refusals.GONE:
            raise
        return None


def _reach(bucket: Bucket) -> str:
    bucket.is_there = False
    bucket.require()
    return ""


def _list(bucket: Bucket, prefix: str) -> str:
    found = s3_listing.objects(bucket, prefix)
    first = [one for one, _ in zip(found, range(AT_MOST), strict=False)]
    unreachable = sum(isinstance(one, UnreachableObject) for one in first)
    more = " or more" if len(first) == AT_MOST else ""
    return f"{len(first)}{more} versions, {unreachable} of them unreachable"


def _versions(bucket: Bucket) -> str:
    bucket.has_versions = None
    if bucket.keeps_versions():
        return "the bucket keeps old versions: erasing removes those too"
    return "the bucket keeps none"


def _lock(bucket: Bucket) -> str:
    try:
        answer = bucket.client.get_object_lock_configuration(Bucket=bucket.name)
    except ClientError as error:
        known = {"ObjectLockConfigurationNotFoundError", "NotImplemented", "501", "404"}
        if refusals.code_of(error) not in known:
            raise
        return "none"
    rule = answer.get("ObjectLockConfiguration", {}).get("Rule", {}).get("DefaultRetention")
    if not rule:
        return "possible: locked versions are reported, and done when their lock ends"
    length = f"{rule['Days']} days" if rule.get("Days") else f"{rule.get('Years')} years"
    return f"every new version is locked for {length}: what it replaces can be erased after that"


def _write(bucket: Bucket) -> str:
    for on_putting in (True, False):
        if not _are_conditions_honoured(bucket, on_putting=on_putting):
            raise ObjectUnreachable(reason="s3_conditions_ignored")
    return "the store honours conditions on putting an object and on completing an upload"
