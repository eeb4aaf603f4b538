"""Events of an object store, read."""

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from purge.domain import object_events
from purge.domain.object_events import Entry, ObjectEvent


def a_record(name: str = "ObjectCreated:Put", key: str = "a.ndjson", **what: str) -> dict[str, Any]:
    return {
        "eventSource": "aws:s3",
        "eventName": name,
        "s3": {"bucket": {"name": "lake"}, "object": {"key": key, "sequencer": "0A1B", **what}},
    }


def read(document: object) -> list[Entry]:
    return list(object_events.entries(document))


def test_a_record_says_what_happened_to_which_object() -> None:
    [entry] = read({"Records": [a_record(versionId="v1", eTag='"e1"')]})

    assert entry.event == ObjectEvent(
        bucket="lake", key="a.ndjson", sequencer="0A1B", version_id="v1", etag="e1"
    )


def test_keys_are_decoded() -> None:
    [entry] = read({"Records": [a_record(key="day%3D1/%C3%A9t%C3%A9+a%2Bb.csv")]})

    assert entry.event is not None
    assert entry.event.key == "day=1/été a+b.csv"


def test_an_envelope_of_sns_is_opened() -> None:
    message = json.dumps({"Records": [a_record()]})

    [entry] = read({"Type": "Notification", "Message": message})

    assert entry.event is not None


@pytest.mark.parametrize(
    "document",
    [
        {"Event": "s3:TestEvent", "Bucket": "lake"},
        {"Type": "SubscriptionConfirmation", "SubscribeURL": "https://sns.example"},
        {"Records": [a_record("ReducedRedundancyLostObject")]},
    ],
)
def test_what_changes_nothing_is_ignored(document: object) -> None:
    assert [(one.event, bool(one.ignored)) for one in read(document)] == [(None, True)]


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "text",
        {},
        {"Records": "x"},
        {"Type": "Notification", "Message": "{"},
        {"Type": "Notification", "Message": '{"Type": "Notification", "Message": "{}"}'},
        {"Records": [7]},
        {"Records": [{"eventName": "ObjectCreated:Put"}]},
        {"Records": [a_record(key="")]},
        {"Records": [a_record(key="a%00b")]},
        {"Records": [a_record(key="a" * 1025)]},
        {"Records": [a_record(sequencer="zz")]},
    ],
)
def test_junk_is_refused(document: object) -> None:
    assert [(one.event, bool(one.refused)) for one in read(document)] == [(None, True)]


def test_junk_in_one_record_costs_no_other() -> None:
    first, second, third = read(
        {"Records": [a_record(), None, a_record("s3:ObjectRemoved:Delete")]}
    )

    assert first.event is not None
    assert second.refused
    assert third.event is not None


def test_a_longer_list_is_read_to_the_bound() -> None:
    found = read({"Records": [a_record()] * 1002})

    assert len(found) == 1001
    assert found[-1].refused


@pytest.mark.parametrize(
    ("one", "other", "newer"),
    [
        ("0A", "09", True),
        ("0a", "0A", False),
        ("0A1", "0A", True),
        ("0A", "0A1", False),
        ("0A0", "0A", False),
        ("1", "0FFFFFFFFF", True),
        ("0A", "", True),
    ],
)
def test_sequencers_are_compared_padded_on_the_right(one: str, other: str, *, newer: bool) -> None:
    assert object_events.is_newer(one, than=other) is newer


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["Records", "Type", "Message", "s3", "object", "key", "eventName"])
                | st.text(),
                inner,
            )
        ),
    )
)
def test_nothing_that_is_posted_raises(document: object) -> None:
    for entry in read(document):
        assert (entry.event is not None) or entry.refused or entry.ignored
