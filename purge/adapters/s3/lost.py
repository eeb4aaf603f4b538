"""Uploads whose name was lost: their worker was killed between beginning one and noting it.

A listing of uploads says nothing of what they carry. So before one is begun it is noted which are
there already, and what time it is with the store. Whoever goes on takes for ours what was not
there then, began in the minute after it, and still has no part. Another writer who began an upload
of the same object in that minute, and has sent nothing since, is told so with the next part.
"""

import json
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from botocore.exceptions import ClientError

from purge.adapters.s3 import listing as s3_listing, refusals, uploads as s3_uploads
from purge.adapters.s3.bucket import Bucket

MARK = "about:"
"""No store's name of an upload has a colon."""
ROUNDED = timedelta(seconds=2)
"""Both times may be cut to whole seconds."""
SOON = timedelta(minutes=1)


def is_named_so(attempt: str) -> bool:
    return attempt.startswith(MARK)


def announced(bucket: Bucket, key: str) -> str:
    """What `abort` needs, to be noted before an upload of the object is begun.

    Empty where the store does not list uploads.
    """
    at, before = bucket.clock(), []
    try:
        for page in s3_listing.pages(bucket, "list_multipart_uploads", key):
            at = _time_of(page, otherwise=at)
            before += [one.id for one in s3_listing.uploads_in(bucket, page) if one.key == key]
    except ClientError as error:
        if refusals.code_of(error) not in refusals.NOT_KNOWN:
            raise
        return ""
    return f"{MARK}{json.dumps({'at': at.isoformat(), 'before': before})}"


def abort(bucket: Bucket, key: str, attempt: str) -> None:
    """Abort what was begun after that announcement, and got no part."""
    noted = json.loads(attempt.removeprefix(MARK))
    at = datetime.fromisoformat(noted["at"])
    for page in s3_listing.pages(bucket, "list_multipart_uploads", key):
        for one in s3_listing.uploads_in(bucket, page):
            if (
                one.key == key
                and one.id not in noted["before"]
                and at - ROUNDED <= one.begun_at <= at + SOON
                and not s3_listing.has_parts(bucket, one)
            ):
                s3_uploads.abort(bucket, key, one.id)


def _time_of(page: dict[str, object], *, otherwise: datetime) -> datetime:
    """The store's clock, whose word an upload's beginning is."""
    answer = page.get("ResponseMetadata")
    headers = answer.get("HTTPHeaders", {}) if isinstance(answer, dict) else {}
    try:
        return parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError):
        return otherwise
