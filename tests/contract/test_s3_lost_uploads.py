"""Uploads whose name was lost between beginning and noting it: ours are found, nobody else's."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from purge.adapters.s3 import lost, probe
from purge.adapters.s3.bucket import Bucket
from purge.domain.s3_parts import MIB
from tests.factories.s3_home import Home
from tests.servers.seaweedfs import PLAIN, S3Store


@pytest.fixture
def home(s3_store: S3Store) -> Home:
    made = Home(s3_store.client(), PLAIN)
    made.put("k", b"x" * (9 * MIB))
    return made


def begun(home: Home, key: str = "k", *, parts: int = 0) -> str:
    """As anybody begins one."""
    place = {"Bucket": home.bucket, "Key": home.path + key}
    upload = str(home.client.create_multipart_upload(**place)["UploadId"])
    for number in range(1, parts + 1):
        home.client.upload_part(**place, UploadId=upload, PartNumber=number, Body=b"part")
    return upload


def uploads(home: Home) -> set[str]:
    answer = home.client.list_multipart_uploads(Bucket=home.bucket, Prefix=home.path)
    return {one["UploadId"] for one in answer.get("Uploads", [])}


def announced(home: Home) -> str:
    return home.layer.announce(key="k", version=home.seen("k"))


def test_an_upload_whose_name_was_lost_is_found_and_aborted(home: Home) -> None:
    attempt = announced(home)
    home.layer.begin(key="k", version=home.seen("k"))  # And then the worker was killed.
    assert home.uploads() == 1

    home.layer.discard(key="k", attempt=attempt)

    assert home.uploads() == 0
    home.layer.discard(key="k", attempt=attempt)


def test_what_others_began_before_or_write_to_or_beside_it_stays(home: Home) -> None:
    home.put("k2", b"x")
    before = begun(home)
    attempt = announced(home)
    theirs = {before, begun(home, parts=1), begun(home, "k2")}

    home.layer.discard(key="k", attempt=attempt)

    assert uploads(home) == theirs


@pytest.mark.parametrize("away", [timedelta(minutes=-2), timedelta(seconds=10)])
def test_what_others_began_at_another_time_stays(home: Home, away: timedelta) -> None:
    noted = json.loads(announced(home).removeprefix(lost.MARK))
    at = datetime.fromisoformat(noted["at"]) + away
    theirs = {begun(home)}

    home.layer.discard(key="k", attempt=lost.MARK + json.dumps(noted | {"at": at.isoformat()}))

    assert uploads(home) == theirs


def test_a_small_object_announces_nothing(home: Home) -> None:
    home.put("small", b"x")

    assert home.layer.announce(key="small", version=home.seen("small")) == ""


def test_a_store_that_lists_no_uploads_is_not_asked_to(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        error: Any = {"Error": {"Code": "NotImplemented"}}
        raise ClientError(error, "ListMultipartUploads")

    monkeypatch.setattr("purge.adapters.s3.listing.pages", refuse)

    assert announced(home) == ""


def test_our_own_probe_that_was_killed_keeps_nothing_from_being_completed(home: Home) -> None:
    later = Home(
        home.client, home.bucket, path=home.path, now=lambda: home.now() + timedelta(days=2)
    )
    begun(home, ".lakewarden-probe-1", parts=1)
    assert [one.key for one in later.layer.objects(prefix="")] == ["k"]

    probe.steps(_bucket(later.now, later), "")

    assert home.uploads() == 0


def _bucket(clock: Callable[[], datetime], home: Home) -> Bucket:
    return Bucket(client=home.client, name=home.bucket, path=home.path, clock=clock)
