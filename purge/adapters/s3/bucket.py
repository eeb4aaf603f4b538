"""One bucket as a layer sees it: full names, single looks at an object, and versions as texts.

A version's text is its ETag where it is the one in force, whatever its id: what a multipart
upload will be once complete can be told before it is, but not its id. `ETag@id` is that very
version, in force or not.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from purge.adapters.s3 import refusals
from purge.domain import s3_places
from purge.ports import ObjectChanged, ObjectUnreachable

OURS = ".lakewarden-"
NULL = "null"
"""The id of a version that was written while the bucket kept none."""
ARCHIVED = frozenset({"GLACIER", "DEEP_ARCHIVE"})
BELIEVED = timedelta(minutes=1)
"""What a bucket's settings say is asked again after that."""


class VersionName(NamedTuple):
    """`id` None: whichever has this ETag in force. Empty: written where no versions are kept."""

    etag: str
    id: str | None = None

    def __str__(self) -> str:
        return self.etag if self.id is None else f"{self.etag}@{self.id}"


def version_name(text: str) -> VersionName:
    etag, at, version_id = text.partition("@")
    return VersionName(etag, version_id if at else None)


@dataclass(frozen=True, slots=True)
class Look:
    """What one HEAD says of a version."""

    etag: str
    version_id: str
    size: int
    head: Mapping[str, Any]

    def exact(self) -> VersionName:
        return VersionName(self.etag, self.version_id)

    def conditions(self) -> dict[str, str]:
        """Parameters of a GET that is answered by this version alone."""
        wanted = {"IfMatch": quoted(self.etag)}
        return wanted | ({"VersionId": self.version_id} if self.version_id else {})

    def check_readable(self) -> None:
        head = self.head
        is_archived = head.get("StorageClass") in ARCHIVED or head.get("ArchiveStatus")
        if is_archived and 'ongoing-request="false"' not in head.get("Restore", ""):
            raise ObjectUnreachable(reason="s3_archived")

    def check_unlocked(self, *, at: datetime) -> None:
        """Raises ObjectUnreachable, with until when, where a lock keeps the version as it is."""
        if self.head.get("ObjectLockLegalHoldStatus") == "ON":
            raise ObjectUnreachable(reason="s3_legal_hold")
        until = self.head.get("ObjectLockRetainUntilDate")
        if until is not None and until > at:
            raise ObjectUnreachable(reason="s3_locked", until=until.isoformat())


@dataclass(slots=True)
class Known:
    """What was learned of a bucket a moment ago, for whichever of its objects comes next."""

    since: datetime
    reads_tags: bool = False
    has_grants: bool | None = None


@dataclass(slots=True)
class Bucket:
    """A client, a bucket, the beginning of our names in it, and a clock for its locks."""

    client: Any
    name: str
    path: str
    clock: Callable[[], datetime]
    is_there: bool = False
    has_versions: bool | None = None

    def full(self, key: str) -> str:
        if not s3_places.is_plain(key):
            raise ObjectUnreachable(reason="s3_name_with_dots")
        return f"{self.path}{key}"

    def at(self, key: str) -> dict[str, str]:
        return {"Bucket": self.name, "Key": self.full(key)}

    def known(self) -> Known:
        now = self.clock()
        held = _known(self.client, self.name, self.path)
        if not held or not timedelta() <= now - held[0].since <= BELIEVED:
            held[:] = [Known(now)]
        return held[0]

    def look(self, key: str, *, version_id: str = "") -> Look | None:
        """One HEAD. None: there is no such object or version."""
        wanted = {"VersionId": version_id} if version_id else {}
        try:
            head = self.client.head_object(**self.at(key), **wanted)
        except ClientError as error:
            if refusals.code_of(error) not in refusals.GONE:
                raise
            self.require()
            return None
        return Look(
            etag=bare(head["ETag"]),
            version_id=head.get("VersionId", ""),
            size=head["ContentLength"],
            head=head,
        )

    def seen(self, key: str, version: VersionName) -> Look:
        """That version. Raises ObjectChanged where it is not there, or another is in force."""
        look = self.look(key, version_id=version.id or "")
        if look is None or look.etag != version.etag:
            raise ObjectChanged
        return look

    def require(self) -> None:
        """A bucket that is not there is not the same as one without the object."""
        if not self.is_there:
            self.client.list_objects_v2(Bucket=self.name, Prefix=self.path, MaxKeys=1)
            self.is_there = True

    def keeps_versions(self) -> bool:
        """Whether old versions may be there: the bucket keeps them, or once did."""
        if self.has_versions is None:
            try:
                answer = self.client.get_bucket_versioning(Bucket=self.name)
            except ClientError as error:
                if refusals.code_of(error) not in refusals.NOT_KNOWN:
                    raise
                answer = {}
            self.has_versions = bool(answer.get("Status"))
        return self.has_versions


@lru_cache(maxsize=256)
def _known(_client: object, _name: str, _path: str) -> list[Known]:
    """Shared by the layers of one process that lie in the same place; at most one in the list."""
    return []


def bare(etag: str) -> str:
    return etag.removeprefix("W/").strip('"')


def quoted(etag: str) -> str:
    return f'"{etag}"'
