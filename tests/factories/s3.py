"""Builders of S3 layers on the session's store. Each works in the scope that is open."""

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from pytest_django import Settings

from governance.secrets import sealing
from purge.models import Dataset, StorageLayer
from tests.factories.purge import IDENTIFIERS
from tests.servers.seaweedfs import ACCESS_KEY, SECRET_KEY, S3Store

CREDENTIALS = json.dumps({"access_key_id": ACCESS_KEY, "secret_access_key": SECRET_KEY})


@dataclass
class S3Lake:
    """A path of its own in a bucket, with a dataset over it, and somebody else's client."""

    client: Any
    bucket: str
    endpoint_url: str
    path: str = field(default_factory=lambda: uuid.uuid4().hex)

    def dataset(self, *, name: str = "s3", path: str = "") -> Dataset:
        layer = StorageLayer.objects.create(
            name=name,
            kind="s3",
            options={
                "bucket": self.bucket,
                "path": path or self.path,
                "endpoint_url": self.endpoint_url,
                "addressing_style": "path",
            },
        )
        sealing.put(layer, "credentials", CREDENTIALS)
        layer.save()
        return Dataset.objects.create(storage_layer=layer, prefix="", identifiers=IDENTIFIERS)

    def put(self, key: str, content: bytes, **properties: object) -> str:
        answer = self.client.put_object(
            Bucket=self.bucket, Key=f"{self.path}/{key}", Body=content, **properties
        )
        return str(answer.get("VersionId", ""))

    def get(self, key: str) -> bytes:
        answer = self.client.get_object(Bucket=self.bucket, Key=f"{self.path}/{key}")
        return bytes(answer["Body"].read())

    def head(self, key: str) -> dict[str, Any]:
        return dict(self.client.head_object(Bucket=self.bucket, Key=f"{self.path}/{key}"))

    def remove(self, key: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=f"{self.path}/{key}")

    def versions(self) -> list[dict[str, Any]]:
        answer = self.client.list_object_versions(Bucket=self.bucket, Prefix=f"{self.path}/")
        return list(answer.get("Versions", []))

    def contents(self) -> list[bytes]:
        """Every byte that the store still has, in force or not."""
        return [
            bytes(
                self.client.get_object(
                    Bucket=self.bucket, Key=one["Key"], VersionId=one["VersionId"]
                )["Body"].read()
            )
            for one in self.versions()
        ]

    def uploads(self) -> int:
        answer = self.client.list_multipart_uploads(Bucket=self.bucket, Prefix=f"{self.path}/")
        return len(answer.get("Uploads", []))


def a_lake(store: S3Store, settings: Settings, bucket: str) -> S3Lake:
    """A lake that the operator allows."""
    settings.S3_ENDPOINTS = [store.endpoint_url]
    return S3Lake(store.client(), bucket, store.endpoint_url)
