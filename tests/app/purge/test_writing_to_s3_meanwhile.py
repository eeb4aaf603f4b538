"""Somebody writes to an object just before any request of its erasure: they lose nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.client import BaseClient
from pytest_django import Settings

from purge.domain import s3_parts
from tests.app.purge.conftest import Company
from tests.factories import purge, s3
from tests.factories.s3 import S3Lake
from tests.servers.seaweedfs import PLAIN, S3Store

FEWEST_REQUESTS, MOST_REQUESTS, STRIDE = 5, 120, 3
AFTER_THE_LOOK = ("GetBucketVersioning", "ListObjectsV2", "ListMultipartUploads", "ListParts")
"""What an erasure asks once it has read again what it touched."""
KEY = "1.ndjson"
WRITTEN = purge.records(7, 6, 8)
CUT = b"".join(WRITTEN.splitlines(keepends=True)[1:])


class Writer:
    """Writes before the n-th request that the erasure makes."""

    def __init__(self, lake: S3Lake, at: int) -> None:
        self.lake = lake
        self.left = at
        self.before = ""
        self._original: Callable[..., Any] = BaseClient._make_api_call

    def called(self, client: BaseClient, operation: str, values: dict[str, Any]) -> Any:
        if client is not self.lake.client:
            self.left -= 1
            if self.left == 0:
                self.lake.put(KEY, WRITTEN)
                self.before = operation
        return self._original(client, operation, values)


@pytest.mark.parametrize("largest_put_whole", [s3_parts.WHOLE, -1])
@pytest.mark.parametrize("first", range(1, STRIDE + 1))
def test_a_writer_at_any_moment_loses_nothing(
    company: Company,
    s3_store: S3Store,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    first: int,
    largest_put_whole: int,
) -> None:
    """Each run takes every third request, so that several processes can share the work."""
    monkeypatch.setattr(s3_parts, "WHOLE", largest_put_whole)
    lake = s3.a_lake(s3_store, settings, PLAIN)
    company.dataset.delete()
    company.dataset = lake.dataset()
    at, wrote = first - STRIDE, True
    while wrote:
        at += STRIDE
        assert at < MOST_REQUESTS
        lake.put(KEY, purge.records(5, 7))
        request = company.approved()
        writer = Writer(lake, at)

        with monkeypatch.context() as patched:
            patched.setattr(
                BaseClient, "_make_api_call", lambda *values, by=writer: by.called(*values)
            )
            company.erase(request)

        wrote = bool(writer.before)
        left = lake.get(KEY)
        if wrote:
            assert left in {WRITTEN, CUT}
            assert left == CUT or request.state == "partially_failed" or wrote_last(writer, left)
        assert lake.uploads() == 0
    assert at > FEWEST_REQUESTS


def wrote_last(writer: Writer, left: bytes) -> bool:
    """After the last look nobody can know of a new record: the ledger of the erased will."""
    return writer.before in AFTER_THE_LOOK and left == WRITTEN
