"""What an S3 layer does beyond every layer: versions, markers, locks, properties, uploads."""

import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from django.utils import timezone
from hypothesis import HealthCheck, given, settings, strategies as st

from purge.adapters import s3_properties
from purge.adapters.s3_storage_layer import S3StorageLayer
from purge.domain.s3_parts import MIB
from purge.domain.spans import Fresh, Keep, Segment, Span, kept
from purge.ports import (
    ObjectChanged,
    ObjectUnreachable,
    Staged,
    StoredObject,
    UnreachableObject,
)
from tests.servers.seaweedfs import LOCKED, PLAIN, SUSPENDED, VERSIONED, S3Store

clock = timezone.now


@dataclass
class Home:
    """A path of its own in a bucket, our layer there, and somebody else's client."""

    client: Any
    bucket: str
    now: Callable[[], datetime] = clock
    path: str = field(default_factory=lambda: f"{uuid.uuid4().hex}/")

    @property
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


@pytest.fixture
def plain(s3_store: S3Store) -> Home:
    return Home(s3_store.client(), PLAIN)


@pytest.fixture
def versioned(s3_store: S3Store) -> Home:
    return Home(s3_store.client(), VERSIONED)


@pytest.fixture
def locked(s3_store: S3Store) -> Home:
    return Home(s3_store.client(), LOCKED)


@pytest.fixture(params=[PLAIN, VERSIONED])
def home(request: pytest.FixtureRequest, s3_store: S3Store) -> Home:
    return Home(s3_store.client(), request.param)


@pytest.fixture(scope="module")
def large() -> bytes:
    return random.Random(7).randbytes(24 * MIB)  # noqa: S311 - bytes that differ everywhere


def cut(content: bytes, cuts: list[Span]) -> bytes:
    return b"".join(
        content[one.offset : one.offset + one.length] for one in kept(size=len(content), cuts=cuts)
    )


# --- rewriting


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


def test_an_objects_properties_stay(home: Home) -> None:
    home.put("k", b"0123456789", **PROPERTIES)
    before, labels = home.head("k"), home.layer.tags(key="k", version=home.seen("k"))

    home.rewrite("k", Keep(0, 5))

    after = home.head("k")
    assert {name: after.get(name) for name in KEPT} == {name: before.get(name) for name in KEPT}
    assert after["Metadata"] == PROPERTIES["Metadata"]
    assert home.layer.tags(key="k", version=home.seen("k")) == labels
    assert labels == {"team": "sales", "note": "a b+c"}


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


# --- versions


def test_old_versions_are_listed_behind_the_one_in_force(versioned: Home) -> None:
    versioned.put("k", b"one")
    versioned.put("k", b"two")
    versioned.put("k", b"three")

    found = [one for one in versioned.layer.objects(prefix="") if isinstance(one, StoredObject)]

    assert [(one.current, one.size) for one in found] == [(True, 5), (False, 3), (False, 3)]
    assert found[0].version == versioned.seen("k")


def test_versions_behind_a_delete_marker_are_listed_read_and_removed(versioned: Home) -> None:
    versioned.put("k", b"hidden")
    versioned.remove("k")

    (old,) = versioned.old("k")
    with versioned.layer.open(key="k", version=old.version) as opened:
        assert opened.stream().read() == b"hidden"
        assert opened.read(Span(1, 2)) == b"id"
    versioned.layer.remove(key="k", version=old.version)

    assert versioned.listed() == []
    answer = versioned.client.list_object_versions(Bucket=VERSIONED, Prefix=versioned.path)
    assert not answer.get("DeleteMarkers"), "the name itself may say who it was about"


def test_an_old_version_that_is_gone_is_noticed(versioned: Home) -> None:
    versioned.put("k", b"one")
    versioned.put("k", b"two")
    (old,) = versioned.old("k")
    versioned.layer.remove(key="k", version=old.version)

    with pytest.raises(ObjectChanged), versioned.layer.open(key="k", version=old.version):
        pass
    versioned.layer.remove(key="k", version=old.version)
    assert versioned.get("k") == b"two"


def test_an_old_version_that_came_into_force_again_is_not_removed_whole(versioned: Home) -> None:
    versioned.put("k", b"one")
    newer = versioned.put("k", b"two")
    (old,) = versioned.old("k")
    versioned.client.delete_object(Bucket=VERSIONED, Key=versioned.path + "k", VersionId=newer)

    with pytest.raises(ObjectChanged):
        versioned.layer.remove(key="k", version=old.version)

    assert versioned.get("k") == b"one"


def test_removing_the_version_in_force_brings_no_older_one_back(versioned: Home) -> None:
    versioned.put("k", b"older, somebody else's")
    versioned.put("k", b"theirs")

    versioned.layer.remove(key="k", version=versioned.seen("k"))

    assert versioned.layer.version(key="k") is None
    assert versioned.listed() == [("k", False)]
    (old,) = versioned.old("k")
    with versioned.layer.open(key="k", version=old.version) as opened:
        assert opened.stream().read() == b"older, somebody else's"


def test_the_same_bytes_written_twice_are_removed_twice(versioned: Home) -> None:
    versioned.put("k", b"theirs")
    versioned.put("k", b"theirs")

    versioned.layer.remove(key="k", version=versioned.seen("k"))

    assert versioned.listed() == []


def test_what_was_replaced_and_is_put_back_by_somebody_is_not_removed(home: Home) -> None:
    home.put("k", b"0123456789")
    ready = home.staged("k", Keep(0, 2))
    home.layer.publish(staged=ready)
    home.put("k", b"0123456789")

    home.layer.remove(key="k", version=ready.replaces)

    assert home.get("k") == b"0123456789"


def test_versions_from_before_the_bucket_kept_any_are_removed_too(s3_store: S3Store) -> None:
    suspended = Home(s3_store.client(), SUSPENDED)
    suspended.put("k", b"null version")
    big = b"x" * (12 * MIB)
    suspended.put("big", big)
    suspended.client.put_bucket_versioning(
        Bucket=SUSPENDED, VersioningConfiguration={"Status": "Enabled"}
    )
    suspended.put("k", b"newer")
    (old,) = suspended.old("k")
    with suspended.layer.open(key="k", version=old.version) as opened:
        assert opened.stream().read() == b"null version"

    suspended.layer.remove(key="k", version=old.version)
    suspended.rewrite("big", Keep(0, 6 * MIB))

    assert suspended.listed() == [("big", True), ("k", True)]
    assert suspended.get("big") == big[: 6 * MIB]


# --- locks


def until(seconds: float) -> datetime:
    return clock() + timedelta(seconds=seconds)


def test_a_locked_object_is_not_rewritten_until_its_lock_ends(locked: Home) -> None:
    end = until(3600)
    locked.put("k", b"0123", ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=end)

    with pytest.raises(ObjectUnreachable) as caught:
        locked.staged("k", Keep(0, 1))

    assert caught.value.values["reason"] == "s3_locked"
    assert str(caught.value.values["until"]).startswith(end.strftime("%Y-%m-%dT%H:%M"))
    assert locked.uploads() == 0
    later = Home(locked.client, LOCKED, now=lambda: until(7200), path=locked.path)
    later.staged("k", Keep(0, 1))


def test_an_object_under_legal_hold_is_not_rewritten(locked: Home) -> None:
    locked.put("k", b"0123", ObjectLockLegalHoldStatus="ON")

    with pytest.raises(ObjectUnreachable, match="s3_legal_hold"):
        locked.staged("k", Keep(0, 1))

    locked.client.put_object_legal_hold(
        Bucket=LOCKED, Key=locked.path + "k", LegalHold={"Status": "OFF"}
    )
    locked.rewrite("k", Keep(0, 1))
    assert locked.listed() == [("k", True)]


def test_a_locked_old_version_stays_and_says_until_when(locked: Home) -> None:
    locked.put("k", b"0123", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=until(3600))
    locked.put("k", b"new")
    (old,) = locked.old("k")

    with pytest.raises(ObjectUnreachable) as caught:
        locked.layer.remove(key="k", version=old.version)

    assert caught.value.values["reason"] == "s3_locked"
    assert locked.listed() == [("k", True), ("k", False)]


def test_a_locked_version_in_force_is_not_hidden_either(locked: Home) -> None:
    locked.put("k", b"0123", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=until(3600))

    with pytest.raises(ObjectUnreachable, match="s3_locked"):
        locked.layer.remove(key="k", version=locked.seen("k"))

    assert locked.get("k") == b"0123"


# --- uploads


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


# --- writers in the way


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


@pytest.mark.parametrize("operation", ["complete_multipart_upload", "abort_multipart_upload"])
def test_a_writer_in_the_moment_of_publishing_loses_nothing(home: Home, operation: str) -> None:
    home.put("k", b"0123456789")
    ready = home.staged("k", Keep(0, 2))
    between = Between(home.client, operation, lambda: home.put("k", b"the writer's"))
    layer = S3StorageLayer(client=between, bucket=home.bucket, path=home.path, clock=clock)
    if operation == "abort_multipart_upload":
        home.put("k", b"first")

    with pytest.raises(ObjectChanged):
        layer.publish(staged=ready)

    assert home.get("k") == b"the writer's"
    assert home.uploads() == 0


def test_a_writer_in_the_moment_of_removing_loses_nothing(home: Home) -> None:
    home.put("k", b"theirs")
    between = Between(home.client, "delete_object", lambda: home.put("k", b"the writer's"))
    layer = S3StorageLayer(client=between, bucket=home.bucket, path=home.path, clock=clock)

    layer.remove(key="k", version=home.seen("k"))

    assert home.get("k") == b"the writer's"


def test_an_answer_lost_after_completing_is_no_failure(home: Home) -> None:
    home.put("k", b"0123456789")
    ready = home.staged("k", Keep(0, 2))

    class Lossy(Between):
        def __getattr__(self, name: str) -> Any:
            found = getattr(self._client, name)
            if name != "complete_multipart_upload":
                return found

            def twice(**values: object) -> Any:
                found(**values)
                return found(**values)  # as a client does that got no answer

            return twice

    layer = S3StorageLayer(
        client=Lossy(home.client, "", lambda: None),
        bucket=home.bucket,
        path=home.path,
        clock=clock,
    )

    layer.publish(staged=ready)

    assert home.get("k") == b"01"


def test_of_two_rewritings_of_one_object_the_second_finds_it_changed(home: Home) -> None:
    home.put("k", b"0123456789")
    first, second = home.staged("k", Keep(0, 5)), home.staged("k", Keep(5, 5))

    home.layer.publish(staged=second)
    with pytest.raises(ObjectChanged):
        home.layer.publish(staged=first)

    assert home.get("k") == b"56789"
    assert home.uploads() == 0


# --- what is not there, or not allowed


def test_a_bucket_that_is_not_there_is_not_an_empty_one(s3_store: S3Store) -> None:
    home = Home(s3_store.client(), "nowhere")

    with pytest.raises(ObjectUnreachable, match="s3_no_such_bucket"):
        list(home.layer.objects(prefix=""))
    with pytest.raises(ObjectUnreachable, match="s3_no_such_bucket"):
        home.layer.version(key="k")


def test_refused_credentials_are_named_and_never_shown(s3_store: S3Store) -> None:
    home = Home(s3_store.client(access_key="AKIAWRONG", secret_key="verysecret"), PLAIN)

    with pytest.raises(ObjectUnreachable) as caught:
        list(home.layer.objects(prefix=""))

    assert caught.value.values["reason"] == "s3_credentials_refused"
    shown = f"{caught.value!r} {caught.value.__context__!r} {home.layer.probe()}"
    assert "verysecret" not in shown
    assert caught.value.__cause__ is None


def test_a_reader_may_look_and_not_write(s3_store: S3Store, plain: Home) -> None:
    plain.put("k", b"0123")
    client = s3_store.client(access_key="reader", secret_key="readersecret")
    reader = Home(client, PLAIN, path=plain.path)

    steps = reader.layer.probe()

    assert [step.ok for step in steps] == [True] * (len(steps) - 1) + [False]
    assert "may not" in steps[-1].detail
    with pytest.raises(ObjectUnreachable, match="s3_access_denied"):
        reader.staged("k", Keep(0, 1))


def test_a_store_that_is_away_is_unreachable(s3_store: S3Store) -> None:
    away = S3Store(endpoint_url="http://127.0.0.1:9", process=0)

    with pytest.raises(ObjectUnreachable, match="s3_endpoint_unreachable"):
        Home(away.client(), PLAIN).layer.version(key="k")


def test_a_probe_says_what_erasing_needs(versioned: Home) -> None:
    steps = versioned.layer.probe()

    assert [step.name for step in steps if step.ok] == [
        "reach the store and sign in",
        "list objects",
        "old versions",
        "object lock",
        "write on a condition",
    ]
    assert versioned.listed() == []
    assert versioned.uploads() == 0


class IgnoresConditions(Between):
    """What a store does that knows nothing of If-Match on completing."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name != "complete_multipart_upload":
            return found

        def called(**values: object) -> Any:
            values.pop("IfMatch", None)
            return found(**values)

        return called


def test_a_store_that_ignores_conditions_is_not_written_to(versioned: Home) -> None:
    versioned.put("k", b"0123")
    layer = S3StorageLayer(
        client=IgnoresConditions(versioned.client, "", lambda: None),
        bucket=VERSIONED,
        path=versioned.path,
        clock=clock,
    )

    assert "ignores" in layer.probe()[-1].detail
    assert versioned.listed() == [("k", True)]


def test_ours_are_the_only_requests_that_a_marker_stops(versioned: Home) -> None:
    versioned.put("k", b"0123456789")
    ready = versioned.staged("k", Keep(0, 2))
    versioned.remove("k")

    with pytest.raises(ObjectChanged):
        versioned.layer.publish(staged=ready)

    with pytest.raises(ClientError):
        versioned.get("k")
    assert versioned.uploads() == 0
