"""What every storage layer must do, run on the fake and on the real ones."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest
from django.utils import timezone

from purge.adapters.filesystem.storage_layer import FilesystemStorageLayer
from purge.adapters.s3.storage_layer import S3StorageLayer
from purge.domain.s3_parts import MIB
from purge.domain.spans import Fresh, Keep, Segment, Span
from purge.ports import ObjectChanged, Staged, StorageLayer, StoredObject
from tests.fakes.storage import FakeStorageLayer
from tests.servers.seaweedfs import PLAIN, VERSIONED, S3Store


class Bench(Protocol):
    """A layer, and the hands of somebody else who writes to it."""

    layer: StorageLayer

    def put(self, key: str, content: bytes) -> None: ...
    def get(self, key: str) -> bytes: ...
    def remove(self, key: str) -> None: ...
    def leftovers(self) -> int: ...


class FakeBench:
    def __init__(self) -> None:
        self._fake = FakeStorageLayer()
        self.layer: StorageLayer = self._fake

    def put(self, key: str, content: bytes) -> None:
        self._fake.put(key, content)

    def get(self, key: str) -> bytes:
        return self._fake.contents[key]

    def remove(self, key: str) -> None:
        del self._fake.contents[key]
        self._fake._versions.pop(key)

    def leftovers(self) -> int:
        return self._fake.leftovers()


class FolderBench:
    def __init__(self, folder: Path) -> None:
        self.root = folder / "default" / "sales"
        self.root.mkdir(parents=True)
        self.layer: StorageLayer = FilesystemStorageLayer(home=folder / "default", path="sales")

    def put(self, key: str, content: bytes) -> None:
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def get(self, key: str) -> bytes:
        return (self.root / key).read_bytes()

    def remove(self, key: str) -> None:
        (self.root / key).unlink()

    def leftovers(self) -> int:
        return len(list(self.root.rglob(".lakewarden-*")))


class S3Bench:
    def __init__(self, store: S3Store, bucket: str) -> None:
        self._client, self._bucket, self._path = store.client(), bucket, f"{uuid.uuid4().hex}/"
        self.layer: StorageLayer = S3StorageLayer(
            client=self._client, bucket=bucket, path=self._path, clock=timezone.now
        )

    def put(self, key: str, content: bytes) -> None:
        self._client.put_object(Bucket=self._bucket, Key=self._path + key, Body=content)

    def get(self, key: str) -> bytes:
        answer = self._client.get_object(Bucket=self._bucket, Key=self._path + key)
        return bytes(answer["Body"].read())

    def remove(self, key: str) -> None:
        self._client.delete_object(Bucket=self._bucket, Key=self._path + key)

    def leftovers(self) -> int:
        listed = self._client.list_multipart_uploads(Bucket=self._bucket, Prefix=self._path)
        return len(listed.get("Uploads", []))


@pytest.fixture(params=["fake", "filesystem", "s3", "s3 with versions"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    def on_s3(bucket: str) -> Bench:
        return S3Bench(request.getfixturevalue("s3_store"), bucket)

    benches: dict[str, Callable[[], Bench]] = {
        "fake": FakeBench,
        "filesystem": lambda: FolderBench(tmp_path),
        "s3": lambda: on_s3(PLAIN),
        "s3 with versions": lambda: on_s3(VERSIONED),
    }
    return benches[request.param]()


def version(bench: Bench, key: str) -> str:
    found = bench.layer.version(key=key)
    assert found is not None
    return found


def staged(bench: Bench, key: str, *segments: Segment) -> Staged:
    seen = version(bench, key)
    attempt = bench.layer.begin(key=key, version=seen)
    return bench.layer.stage(key=key, version=seen, segments=segments, attempt=attempt)


def test_it_lists_the_objects_under_a_prefix_and_no_others(bench: Bench) -> None:
    bench.put("a/1.ndjson", b"one")
    bench.put("a/deep/2.ndjson", b"two!")
    bench.put("ab.ndjson", b"x")

    listed = [one for one in bench.layer.objects(prefix="a/") if isinstance(one, StoredObject)]

    assert [(one.key, one.size) for one in listed] == [("a/1.ndjson", 3), ("a/deep/2.ndjson", 4)]
    assert listed[0].version == version(bench, "a/1.ndjson")


def test_it_lists_by_the_beginning_of_the_name_too(bench: Bench) -> None:
    bench.put("a/part-1", b"one")
    bench.put("a/other", b"two")

    assert [one.key for one in bench.layer.objects(prefix="a/part-")] == ["a/part-1"]


def test_a_prefix_without_objects_is_empty(bench: Bench) -> None:
    assert list(bench.layer.objects(prefix="nothing/here")) == []


def test_a_missing_object_has_no_version(bench: Bench) -> None:
    assert bench.layer.version(key="no/such") is None


def test_it_reads_ranges_and_the_whole(bench: Bench) -> None:
    bench.put("k", b"0123456789")

    with bench.layer.open(key="k", version=version(bench, "k")) as opened:
        assert opened.read(Span(3, 4)) == b"3456"
        assert opened.stream().read() == b"0123456789"
        assert opened.size == 10


def test_a_version_that_is_no_more_cannot_be_opened(bench: Bench) -> None:
    bench.put("k", b"old")
    seen = version(bench, "k")
    bench.put("k", b"new!")

    with pytest.raises(ObjectChanged), bench.layer.open(key="k", version=seen):
        pass


def test_an_object_that_changes_while_it_is_read_is_noticed(bench: Bench) -> None:
    bench.put("k", b"old" * MIB)  # more than a layer reads in one moment

    reading = bench.layer.open(key="k", version=version(bench, "k"))
    reading.__enter__().stream().read()
    bench.put("k", b"newer")

    with pytest.raises(ObjectChanged):
        reading.__exit__(None, None, None)


def test_a_staged_version_is_not_in_force_until_it_is_published(bench: Bench) -> None:
    bench.put("k", b"0123456789")
    seen = version(bench, "k")

    ready = staged(bench, "k", Keep(0, 2), Fresh(b"--"), Keep(8, 2))

    assert bench.get("k") == b"0123456789"
    assert version(bench, "k") == seen
    bench.layer.publish(staged=ready)
    assert bench.get("k") == b"01--89"
    assert version(bench, "k") == ready.version
    assert ready.size == 6
    assert bench.leftovers() == 0


def test_a_writer_between_staging_and_publishing_loses_nothing(bench: Bench) -> None:
    bench.put("k", b"0123456789")
    ready = staged(bench, "k", Keep(0, 2))
    bench.put("k", b"the writer's")

    with pytest.raises(ObjectChanged):
        bench.layer.publish(staged=ready)

    assert bench.get("k") == b"the writer's"
    assert bench.leftovers() == 0


def test_an_object_removed_between_staging_and_publishing_stays_removed(bench: Bench) -> None:
    bench.put("k", b"0123456789")
    ready = staged(bench, "k", Keep(0, 2))
    bench.remove("k")

    with pytest.raises(ObjectChanged):
        bench.layer.publish(staged=ready)

    assert bench.layer.version(key="k") is None
    assert bench.leftovers() == 0


def test_staging_again_in_the_same_attempt_starts_over(bench: Bench) -> None:
    bench.put("k", b"0123456789")
    seen = version(bench, "k")
    attempt = bench.layer.begin(key="k", version=seen)
    bench.layer.stage(key="k", version=seen, segments=[Keep(0, 9)], attempt=attempt)

    again = bench.layer.stage(key="k", version=seen, segments=[Keep(0, 2)], attempt=attempt)
    bench.layer.publish(staged=again)

    assert bench.get("k") == b"01"
    assert bench.leftovers() == 0


def test_what_an_attempt_left_can_be_discarded_any_number_of_times(bench: Bench) -> None:
    bench.put("k", b"0123456789")
    attempt = staged(bench, "k", Keep(0, 9)).attempt

    bench.layer.discard(key="k", attempt=attempt)
    bench.layer.discard(key="k", attempt=attempt)
    bench.layer.discard(key="gone/k", attempt="gone")

    assert bench.leftovers() == 0
    assert bench.get("k") == b"0123456789"


def test_a_version_that_was_published_cannot_be_published_twice(bench: Bench) -> None:
    bench.put("k", b"0123456789")
    ready = staged(bench, "k", Keep(0, 2))
    bench.layer.publish(staged=ready)

    with pytest.raises(ObjectChanged):
        bench.layer.publish(staged=ready)

    assert bench.get("k") == b"01"


def test_an_object_is_removed_in_the_version_that_was_seen(bench: Bench) -> None:
    bench.put("k", b"0123456789")
    seen = version(bench, "k")

    bench.layer.remove(key="k", version=seen)
    bench.layer.remove(key="k", version=seen)

    assert bench.layer.version(key="k") is None
    assert list(bench.layer.objects(prefix="")) == []
    assert bench.leftovers() == 0


def test_an_object_that_was_written_again_is_not_removed(bench: Bench) -> None:
    bench.put("k", b"old")
    seen = version(bench, "k")
    bench.put("k", b"the writer's")

    bench.layer.remove(key="k", version=seen)

    assert bench.get("k") == b"the writer's"


def test_the_version_that_was_replaced_can_be_removed(bench: Bench) -> None:
    bench.put("k", b"0123456789")
    ready = staged(bench, "k", Keep(0, 2))
    bench.layer.publish(staged=ready)

    bench.layer.remove(key="k", version=ready.replaces)

    listed = [one for one in bench.layer.objects(prefix="") if isinstance(one, StoredObject)]
    assert [(one.version, one.current) for one in listed] == [(ready.version, True)]
    assert bench.get("k") == b"01"


def test_what_has_no_tags_has_none(bench: Bench) -> None:
    bench.put("k", b"x")

    assert bench.layer.tags(key="k", version=version(bench, "k")) == {}


def test_announcing_an_attempt_leaves_nothing_and_it_can_be_discarded(bench: Bench) -> None:
    bench.put("k", b"0123")
    version = bench.layer.version(key="k")
    assert version is not None

    announced = bench.layer.announce(key="k", version=version)
    if announced:
        bench.layer.discard(key="k", attempt=announced)

    assert bench.leftovers() == 0
    assert bench.get("k") == b"0123"


def test_a_layer_says_where_its_names_begin(bench: Bench) -> None:
    assert "://" in bench.layer.place()
    assert bench.layer.place().endswith("/")
