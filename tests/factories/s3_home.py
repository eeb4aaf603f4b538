"""A path of its own on the session's S3 store, our layer there, and others who use it."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.utils import timezone

from purge.adapters.s3.storage_layer import S3StorageLayer
from purge.domain.spans import Segment
from purge.ports import Staged, StoredObject

clock = timezone.now


@dataclass
class Home:
    """A path of its own in a bucket, our layer there, and somebody else's client."""

    client: Any
    bucket: str
    now: Callable[[], datetime] = clock
    path: str = field(default_factory=lambda: f"{uuid.uuid4().hex}/")

    @cached_property
    def layer(self) -> S3StorageLayer:
        return S3StorageLayer(
            client=self.client, bucket=self.bucket, path=self.path, clock=self.now
        )

    def put(self, key: str, content: bytes, **properties: object) -> str:
        answer = self.client.put_object(
            Bucket=self.bucket, Key=self.path + key, Body=content, **properties
        )
        return str(answer.get("VersionId", ""))

    def get(self, key: str, **which: str) -> bytes:
        answer = self.client.get_object(Bucket=self.bucket, Key=self.path + key, **which)
        return bytes(answer["Body"].read())

    def head(self, key: str) -> dict[str, Any]:
        return dict(self.client.head_object(Bucket=self.bucket, Key=self.path + key))

    def remove(self, key: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=self.path + key)

    def seen(self, key: str) -> str:
        found = self.layer.version(key=key)
        assert found is not None
        return found

    def listed(self) -> list[tuple[str, bool]]:
        found = list(self.layer.objects(prefix=""))
        return [(one.key, one.current) for one in found if isinstance(one, StoredObject)]

    def old(self, key: str) -> list[StoredObject]:
        return [
            one
            for one in self.layer.objects(prefix=key)
            if isinstance(one, StoredObject) and not one.current and one.key == key
        ]

    def uploads(self) -> int:
        answer = self.client.list_multipart_uploads(Bucket=self.bucket, Prefix=self.path)
        return len(answer.get("Uploads", []))

    def staged(self, key: str, *segments: Segment) -> Staged:
        seen = self.seen(key)
        attempt = self.layer.begin(key=key, version=seen)
        return self.layer.stage(key=key, version=seen, segments=segments, attempt=attempt)

    def rewrite(self, key: str, *segments: Segment) -> Staged:
        ready = self.staged(key, *segments)
        self.layer.publish(staged=ready)
        self.layer.remove(key=key, version=ready.replaces)
        return ready


class Between:
    """A client that lets somebody write just before one of its requests."""

    def __init__(self, client: Any, operation: str, act: Callable[[], object]) -> None:
        self._client = client
        self._operation = operation
        self._act = act

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name != self._operation:
            return found

        def called(**values: object) -> Any:
            self._act()
            return found(**values)

        return called


def until(seconds: float) -> datetime:
    return clock() + timedelta(seconds=seconds)
