"""Rewriting in S3: parts, properties, odd names; a random object and a slow, obvious model."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from purge.adapters.s3 import properties as s3_properties
from purge.domain.s3_parts import MIB
from purge.domain.spans import Fresh, Keep, Segment, Span, kept
from purge.ports import (
    ObjectChanged,
    ObjectUnreachable,
    UnreachableObject,
)
from tests.factories.s3_home import Home, until
from tests.servers.seaweedfs import PLAIN, S3Store


def cut(content: bytes, cuts: list[Span]) -> bytes:
    return b"".join(
        content[one.offset : one.offset + one.length] for one in kept(size=len(content), cuts=cuts)
    )


def test_a_large_object_is_rewritten_by_copies_within_the_store(home: Home, large: bytes) -> None:
    home.put("k", large)
    cuts = [Span(7 * MIB + 5, 300), Span(15 * MIB, 1), Span(15 * MIB + 50, 70_000)]

    ready = home.rewrite("k", *kept(size=len(large), cuts=cuts))

    assert home.get("k") == cut(large, cuts)
    assert home.layer.version(key="k") == ready.version
    assert home.listed() == [("k", True)]
    assert home.uploads() == 0


def test_what_a_format_wrote_anew_comes_between(home: Home, large: bytes) -> None:
    home.put("k", large)

    home.rewrite(
        "k", Keep(0, 6 * MIB), Fresh(b"fresh" * 100), Keep(9 * MIB, 10), Keep(12 * MIB, 12 * MIB)
    )

    expected = large[: 6 * MIB] + b"fresh" * 100 + large[9 * MIB : 9 * MIB + 10]
    assert home.get("k") == expected + large[12 * MIB :]


@pytest.mark.usefixtures("way")
def test_an_object_of_which_nothing_is_left_is_empty(home: Home) -> None:
    home.put("k", b"all of it")

    home.rewrite("k")

    assert home.get("k") == b""


PROPERTIES = {
    "Metadata": {"origin": "shop", "note": "a b=c&d"},
    "ContentType": "application/x-ndjson",
    "ContentEncoding": "identity",
    "ContentDisposition": 'attachment; filename="x.ndjson"',
    "ContentLanguage": "de",
    "CacheControl": "max-age=3600",
    "Expires": datetime(2030, 1, 1, tzinfo=UTC),
    "Tagging": "team=sales&note=a%20b%2Bc",
    "StorageClass": "STANDARD_IA",
}
KEPT = (
    *("Metadata", "ContentType", "ContentEncoding", "ContentDisposition", "ContentLanguage"),
    *("CacheControl", "ExpiresString", "StorageClass"),
)


@pytest.mark.usefixtures("way")
def test_an_objects_properties_stay(home: Home) -> None:
    home.put("k", b"0123456789", **PROPERTIES)
    before, labels = home.head("k"), home.layer.tags(key="k", version=home.seen("k"))

    home.rewrite("k", Keep(0, 5))

    after = home.head("k")
    assert {name: after.get(name) for name in KEPT} == {name: before.get(name) for name in KEPT}
    assert after["Metadata"] == PROPERTIES["Metadata"]
    assert home.layer.tags(key="k", version=home.seen("k")) == labels
    assert labels == {"team": "sales", "note": "a b+c"}


@pytest.mark.usefixtures("way")
def test_an_encrypted_object_stays_encrypted(home: Home) -> None:
    home.put("k", b"0123456789", ServerSideEncryption="AES256")

    home.rewrite("k", Keep(0, 5))

    assert home.head("k")["ServerSideEncryption"] == "AES256"
    assert home.get("k") == b"01234"


@pytest.mark.parametrize(
    ("grants", "parameters"),
    [
        ([("FULL_CONTROL", {"ID": "owner"})], {}),
        ([], {}),
        (
            [
                ("FULL_CONTROL", {"ID": "owner"}),
                ("READ", {"URI": "http://acs.amazonaws.com/groups/global/AllUsers"}),
                ("READ", {"ID": "another"}),
            ],
            {
                "GrantFullControl": 'id="owner"',
                "GrantRead": 'uri="http://acs.amazonaws.com/groups/global/AllUsers",id="another"',
            },
        ),
        ([("READ_ACP", {"ID": "owner"})], {"GrantReadACP": 'id="owner"'}),
    ],
)
def test_grants_beside_the_owners_are_said_again(
    grants: list[tuple[str, dict[str, str]]], parameters: dict[str, str]
) -> None:
    listed = [{"Permission": permission, "Grantee": who} for permission, who in grants]

    assert s3_properties.as_parameters({"ID": "owner"}, listed) == parameters


def requests_of(client: Any, act: Callable[[], object]) -> list[str]:
    made: list[str] = []

    def heard(model: Any, **_: object) -> None:
        made.append(model.name)

    client.meta.events.register("before-call.s3", heard)
    act()
    client.meta.events.unregister("before-call.s3", heard)
    return made


def test_a_small_object_takes_a_read_and_a_write(home: Home) -> None:
    for key in ("first", "k"):
        home.put(key, b"0123456789", Metadata={"origin": "shop"})
    home.rewrite("first", Keep(0, 5))  # What the bucket is like has been asked then.
    seen = home.seen("k")

    def erase() -> None:
        with home.layer.open(key="k", version=seen) as source:
            assert source.read(Span(3, 2)) == b"34"
        attempt = home.layer.begin(key="k", version=seen)
        with home.layer.open(key="k", version=seen) as source:
            assert source.stream().read() == b"0123456789"
            ready = home.layer.stage(key="k", version=seen, segments=[Keep(0, 5)], attempt=attempt)
        home.layer.publish(staged=ready)

    assert requests_of(home.client, erase) == ["GetObject", "PutObject"]
    assert home.get("k") == b"01234"
    assert home.head("k")["Metadata"] == {"origin": "shop"}


@pytest.mark.parametrize("size", [10, 3 << 20])
def test_reading_the_tags_of_an_object_asks_once_whether_it_is_in_force(
    home: Home, size: int
) -> None:
    home.put("k", b"0" * size, Tagging="customer=7")
    seen = home.seen("k")

    def index() -> None:
        with home.layer.open(key="k", version=seen):
            assert home.layer.tags(key="k", version=seen) == {"customer": "7"}

    asked = requests_of(home.client, index)

    # A small one of a bucket that keeps versions has a name by which its own tags are asked for.
    is_told_at_once = home.bucket != PLAIN and size < MIB
    assert asked == ["GetObject", "GetObjectTagging", *["HeadObject"] * (not is_told_at_once)]


def test_tags_of_what_came_meanwhile_are_not_taken_for_its_own(home: Home) -> None:
    home.put("k", b"old", Tagging="customer=7")
    seen = home.seen("k")

    def tagged() -> Mapping[str, str]:
        with home.layer.open(key="k", version=seen):
            home.put("k", b"the writer's", Tagging="customer=8")
            return home.layer.tags(key="k", version=seen)

    if home.bucket == PLAIN:
        with pytest.raises(ObjectChanged):
            tagged()
    else:
        assert tagged() == {"customer": "7"}


def test_what_was_read_before_is_not_taken_for_what_is_there_now(home: Home) -> None:
    home.put("k", b"old")
    seen = home.seen("k")
    with home.layer.open(key="k", version=seen) as source:
        assert source.stream().read() == b"old"
    home.put("k", b"the writer's")

    with pytest.raises(ObjectChanged), home.layer.open(key="k", version=seen):
        pass


def test_an_attempt_of_another_worker_cannot_be_gone_on_with(home: Home) -> None:
    home.put("k", b"0123456789")
    ready = home.staged("k", Keep(0, 5))
    another = Home(home.client, home.bucket, path=home.path).layer

    with pytest.raises(ObjectChanged):
        another.publish(staged=ready)
    with pytest.raises(ObjectChanged):
        another.stage(key="k", version=home.seen("k"), segments=[], attempt=ready.attempt)

    assert home.get("k") == b"0123456789"


ODD_NAMES = (
    *("a b+c%20?#&=.ndjson", "é中😀", "new\nline", "*?<>\"'|", "dot.", "sp "),
    *("x=1/y=%3D/part", "~tilde", "comma,semi;colon:", "(brackets)[]{}^`$@!"),
)


@pytest.mark.parametrize("key", ODD_NAMES)
def test_odd_names_are_only_names(home: Home, key: str) -> None:
    home.put(key, b"0123456789")

    home.rewrite(key, Keep(0, 2))

    assert home.listed() == [(key, True)]
    assert home.get(key) == b"01"


def test_a_name_that_the_store_lists_garbled_is_reported(versioned: Home) -> None:
    versioned.put("ctl\x01", b"0123456789")

    assert list(versioned.layer.objects(prefix="")) == [
        UnreachableObject("ctl\ufffd", "name_not_utf8")
    ]


def test_a_name_that_could_lead_elsewhere_is_not_used(plain: Home) -> None:
    with pytest.raises(ObjectUnreachable, match="s3_name_with_dots"):
        plain.layer.version(key="../other/k")


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    size=st.integers(1, 24 * MIB),
    cuts=st.lists(st.builds(Span, st.integers(0, 24 * MIB), st.integers(1, 3 * MIB)), max_size=12),
)
def test_any_cuts_leave_what_a_slow_and_obvious_way_leaves(
    home: Home, large: bytes, size: int, cuts: list[Span]
) -> None:
    content = large[-size:]
    home.put("k", content)
    inside = [span for span in cuts if span.end <= size]

    home.rewrite("k", *kept(size=size, cuts=inside))

    assert home.get("k") == cut(content, inside)


def test_uploads_that_nobody_completed_are_reported_and_can_be_aborted(s3_store: S3Store) -> None:
    home = Home(s3_store.client(), PLAIN)
    home.client.create_multipart_upload(Bucket=PLAIN, Key=home.path + "empty")
    place = {"Bucket": PLAIN, "Key": home.path + "half"}
    upload = home.client.create_multipart_upload(**place)["UploadId"]
    home.client.upload_part(**place, UploadId=upload, PartNumber=1, Body=b"somebody's")
    later = Home(s3_store.client(), PLAIN, now=lambda: until(90_000), path=home.path)

    assert list(home.layer.objects(prefix="")) == []
    assert list(later.layer.objects(prefix="")) == [
        UnreachableObject("half", "s3_unfinished_upload")
    ]
    assert later.layer.abort_unfinished(prefix="", older_than=timedelta(days=7)) == 0
    assert later.layer.abort_unfinished(prefix="", older_than=timedelta(days=1)) == 2
    assert home.uploads() == 0


def test_what_fails_while_staging_leaves_no_upload(home: Home, large: bytes) -> None:
    home.put("k", large)
    seen = home.seen("k")
    attempt = home.layer.begin(key="k", version=seen)

    def failing() -> Iterator[Segment]:
        yield Keep(0, 10 * MIB)
        raise ObjectUnreachable(reason="eio")

    with pytest.raises(ObjectUnreachable, match="eio"):
        home.layer.stage(key="k", version=seen, segments=failing(), attempt=attempt)

    assert home.uploads() == 0
