"""What runs on executors: small, and silent about what it reads."""

import traceback
from collections.abc import Iterator

import pytest

from governance.kernel.personal import Personal
from purge.adapters.spark import executors as spark_executors
from purge.adapters.spark.executors import ReadingFailedError, Shipped
from purge.adapters.spark.readers import MOST_BYTES, MOST_OBJECTS, SECURE, groups
from purge.domain.locators import Locator
from purge.ports import Format, IndexEntries, LayerDescription, LayerKind, StoredObject
from purge.ports.extraction import Piece, Reading

READING = Reading(
    layer=LayerDescription(
        kind=LayerKind.S3, namespace_name="acme", credentials=Personal("s3cret")
    ),
    format=Format.NDJSON,
    locator=Locator.ROW,
    identifiers=(),
    key=b"fingerprint-key",
    erased=frozenset(),
)


def stumbling(*, reading: Reading, key: str, version: str) -> Iterator[Piece]:
    yield IndexEntries([7], [0], [50])
    message = f"no integer: {key} {reading.key!r}"
    raise ValueError(message)


def shipped() -> Shipped:
    return Shipped.of(READING, settings={}, extract=stumbling)


def test_an_error_says_where_and_not_what() -> None:
    items = [(0, "dora@customer.example", "1")]

    with pytest.raises(ReadingFailedError) as caught:
        list(spark_executors.read(items, shipped=shipped()))

    said = "".join(traceback.format_exception(caught.value))
    assert "ValueError at " in said
    assert "dora" not in said
    assert "fingerprint-key" not in said


def test_what_is_shipped_opens_again_and_prints_no_secret() -> None:
    again = shipped().reading()

    assert again.layer.credentials is not None
    assert again.layer.credentials.reveal() == "s3cret"
    assert "s3cret" not in repr(shipped())
    assert "fingerprint-key" not in repr(shipped()) + repr(again)


def test_small_objects_go_together_and_a_large_one_alone() -> None:
    objects = [StoredObject(str(one), "1", 10) for one in range(MOST_OBJECTS + 1)]
    objects.append(StoredObject("large", "1", MOST_BYTES))
    objects.append(StoredObject("last", "1", 0))

    found = [len(group) for group in groups(objects)]

    assert found == [MOST_OBJECTS, 1, 2]
    assert list(groups([])) == []


def test_spark_keeps_what_is_shipped_encrypted_and_logs_no_events() -> None:
    assert SECURE["spark.network.crypto.enabled"] == "true"
    assert SECURE["spark.io.encryption.enabled"] == "true"
    assert SECURE["spark.eventLog.enabled"] == "false"
