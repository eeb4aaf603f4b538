"""Somebody writes to S3 in between, at every step: nothing of theirs is lost."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from purge.adapters.s3.storage_layer import S3StorageLayer
from purge.domain import s3_parts
from purge.domain.s3_parts import MIB
from purge.domain.spans import Keep, Segment
from purge.ports import (
    ObjectChanged,
)
from tests.factories.s3_home import Between, Home, clock
from tests.servers.seaweedfs import VERSIONED


def test_a_writer_before_each_part_loses_nothing(home: Home, large: bytes) -> None:
    for after in range(3):
        home.put("k", large)
        seen = home.seen("k")
        attempt = home.layer.begin(key="k", version=seen)

        def segments(after: int = after) -> Iterator[Segment]:
            for number in range(3):
                if number == after:
                    home.put("k", b"the writer's")
                yield Keep(number * 8 * MIB, 7 * MIB)

        with pytest.raises(ObjectChanged):
            home.layer.publish(
                staged=home.layer.stage(key="k", version=seen, segments=segments(), attempt=attempt)
            )

        assert home.get("k") == b"the writer's"
        assert home.uploads() == 0


def on(client: Any, home: Home) -> Home:
    """The same place, reached by that client."""
    return Home(client, home.bucket, path=home.path)


PUBLISHING = ("put_object", "complete_multipart_upload", "abort_multipart_upload")


@pytest.mark.parametrize("operation", PUBLISHING)
def test_a_writer_in_the_moment_of_publishing_loses_nothing(
    home: Home, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if operation != "put_object":
        monkeypatch.setattr(s3_parts, "WHOLE", -1)
    home.put("k", b"0123456789")
    ours = on(Between(home.client, operation, lambda: home.put("k", b"the writer's")), home)
    ready = ours.staged("k", Keep(0, 2))
    if operation == "abort_multipart_upload":
        home.put("k", b"first")

    with pytest.raises(ObjectChanged):
        ours.layer.publish(staged=ready)

    assert home.get("k") == b"the writer's"
    assert home.uploads() == 0


def test_a_writer_in_the_moment_of_removing_loses_nothing(home: Home) -> None:
    home.put("k", b"theirs")
    between = Between(home.client, "delete_object", lambda: home.put("k", b"the writer's"))
    layer = S3StorageLayer(client=between, bucket=home.bucket, path=home.path, clock=clock)

    layer.remove(key="k", version=home.seen("k"))

    assert home.get("k") == b"the writer's"


@pytest.mark.parametrize("operation", ["put_object", "complete_multipart_upload"])
def test_an_answer_lost_after_publishing_is_no_failure(
    home: Home, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if operation != "put_object":
        monkeypatch.setattr(s3_parts, "WHOLE", -1)
    home.put("k", b"0123456789")

    class Lossy(Between):
        def __getattr__(self, name: str) -> Any:
            found = getattr(self._client, name)
            if name != self._operation:
                return found

            def twice(**values: object) -> Any:
                found(**values)
                return found(**values)  # as a client does that got no answer

            return twice

    ours = on(Lossy(home.client, operation, lambda: None), home)
    ours.layer.begin(key="k", version=home.seen("k"))  # The store's conditions are tried now.

    ready = ours.staged("k", Keep(0, 2))
    ours.layer.publish(staged=ready)

    assert home.get("k") == b"01"
    assert home.listed() == [("k", True)] or home.bucket == VERSIONED


@pytest.mark.usefixtures("way")
def test_of_two_rewritings_of_one_object_the_second_finds_it_changed(home: Home) -> None:
    home.put("k", b"0123456789")
    first, second = home.staged("k", Keep(0, 5)), home.staged("k", Keep(5, 5))

    home.layer.publish(staged=second)
    with pytest.raises(ObjectChanged):
        home.layer.publish(staged=first)

    assert home.get("k") == b"56789"
    assert home.uploads() == 0


@pytest.mark.usefixtures("way")
def test_ours_are_the_only_requests_that_a_marker_stops(versioned: Home) -> None:
    versioned.put("k", b"0123456789")
    ready = versioned.staged("k", Keep(0, 2))
    versioned.remove("k")

    with pytest.raises(ObjectChanged):
        versioned.layer.publish(staged=ready)

    with pytest.raises(ClientError):
        versioned.get("k")
    assert versioned.uploads() == 0
