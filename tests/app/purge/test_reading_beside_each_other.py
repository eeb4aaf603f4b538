"""Many small objects of a bucket are located and verified beside each other, as if one by one."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.client import BaseClient
from django.db import connection
from django.utils import timezone
from psycopg.pq import TransactionStatus
from pytest_django import Settings

from governance.isolation.scopes import namespace_scope
from purge.adapters.s3.storage_layer import S3StorageLayer
from purge.domain.locators import Locator
from purge.models import Dataset, ErasureRequest
from purge.ports import ObjectUnreachable
from purge.services import erasures, locating, threads
from tests.app.purge.conftest import Company
from tests.factories import purge, s3
from tests.factories.s3 import S3Lake
from tests.servers.seaweedfs import PLAIN, VERSIONED, S3Store

pytestmark = pytest.mark.django_db(transaction=True)

OBJECTS = 40
LISTING = {"GetBucketVersioning": 1, "ListObjectsV2": 1, "ListMultipartUploads": 1}


def a_lake_of(acme: Company, store: S3Store, settings: Settings, bucket: str) -> S3Lake:
    """Indexed, as lakes are before anybody asks."""
    made = s3.a_lake(store, settings, bucket)
    with namespace_scope(acme.namespace.pk):
        acme.dataset.delete()
        acme.dataset = made.dataset()
    for number in range(OBJECTS):
        made.put(f"{number:02}.ndjson", purge.records(5, 7, number + 100))
    index(acme)
    return made


@pytest.fixture
def lake(acme: Company, s3_store: S3Store, settings: Settings) -> S3Lake:
    return a_lake_of(acme, s3_store, settings, PLAIN)


def index(acme: Company) -> None:
    with namespace_scope(acme.namespace.pk):
        purge.indexed(acme.dataset)


def asked(acme: Company) -> ErasureRequest:
    with namespace_scope(acme.namespace.pk):
        return acme.ask()


def located(acme: Company) -> ErasureRequest:
    request = asked(acme)
    acme.locate(request.pk)
    with namespace_scope(acme.namespace.pk):
        request.refresh_from_db()
    return request


def approved(acme: Company) -> ErasureRequest:
    request = located(acme)
    with namespace_scope(acme.namespace.pk):
        return acme.approve(request)


def carried_out(acme: Company, request: ErasureRequest) -> ErasureRequest:
    acme.carry_out(request)
    with namespace_scope(acme.namespace.pk):
        request.refresh_from_db()
    return request


def reported(acme: Company, request: ErasureRequest) -> dict[str, Any]:
    with namespace_scope(acme.namespace.pk):
        document: dict[str, Any] = request.reports.get(hash=request.report_hash).document
    return document


class Wire:
    """The requests to the store: how many of each, and how many at a time."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.inside = self.most = 0
        self.in_transaction = 0
        self.before: Callable[[str, dict[str, Any]], object] = lambda *_: None
        self._lock = threading.Lock()

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(client: Any, operation: str, values: dict[str, Any]) -> Any:
            with self._lock:
                self.counts[operation] += 1
                self.inside += 1
                self.most = max(self.most, self.inside)
                self.in_transaction += is_in_transaction()
            try:
                self.before(operation, values)
                return call(client, operation, values)
            finally:
                with self._lock:
                    self.inside -= 1

        return called


def is_in_transaction() -> bool:
    """As the server sees this thread's connection."""
    there = connection.connection
    return there is not None and there.info.transaction_status != TransactionStatus.IDLE


@pytest.fixture
def wire(lake: S3Lake, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """From when the lake is there."""
    made = Wire()
    with monkeypatch.context() as patched:
        patched.setattr(BaseClient, "_make_api_call", made.around(BaseClient._make_api_call))
        yield made


def test_each_step_takes_the_requests_that_the_page_promises(
    acme: Company, lake: S3Lake, wire: Wire
) -> None:
    request = located(acme)
    assert wire.counts == LISTING | {"GetObject": OBJECTS}
    assert 1 < wire.most <= threads.AT_ONCE

    wire.counts.clear()
    with namespace_scope(acme.namespace.pk):
        acme.approve(request)
    assert wire.counts == LISTING
    wire.counts.clear()
    wire.most = 0

    request = carried_out(acme, request)

    assert request.state == "completed", request.problems
    assert wire.counts["PutObject"] - OBJECTS in {0, 1}, "the probe of a new process puts once"
    assert wire.counts["GetObject"] == 2 * OBJECTS
    assert wire.counts["HeadObject"] == 0
    settings_asked = wire.counts.total() - wire.counts["PutObject"] - wire.counts["GetObject"]
    assert settings_asked <= 4 + 2 * threads.AT_ONCE, "tags and grants by each thread once, at most"
    assert 1 < wire.most <= threads.AT_ONCE
    assert wire.in_transaction == 0


def test_the_report_is_as_if_they_were_read_one_by_one(
    acme: Company, lake: S3Lake, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (3, 17, 30):
        lake.put(f"{number:02}.ndjson", b"BZh91AY&SY")  # Nobody can read that.
    lake.put("31.ndjson", purge.records(7) + b'{"customer": {"id": 7}\n')
    wire.before = lambda *_: time.sleep(hash(threading.current_thread()) % 7 / 500)
    beside = reported(acme, located(acme))
    monkeypatch.setattr(threads, "suits", lambda **_: False)
    alone = reported(acme, located(acme))

    for one in (beside, alone):
        del one["located_at"], one["erasure_request"]
    assert beside == alone
    assert len(beside["unreachable"]) == 3
    assert beside["totals"]["records"] == OBJECTS - 3


@pytest.mark.parametrize("locator", [Locator.SCAN, Locator.ROW])
def test_an_object_that_fails_fails_no_other(
    acme: Company, lake: S3Lake, monkeypatch: pytest.MonkeyPatch, locator: Locator
) -> None:
    with namespace_scope(acme.namespace.pk):
        Dataset.objects.update(locator=locator)
    index(acme)
    opened = S3StorageLayer.open

    def failing(self: S3StorageLayer, *, key: str, version: str) -> Any:
        if key == "07.ndjson":
            raise ObjectUnreachable(reason="s3_throttled")
        return opened(self, key=key, version=version)

    monkeypatch.setattr(S3StorageLayer, "open", failing)

    document = reported(acme, located(acme))

    assert [one["reason"] for one in document["unreachable"]] == ["s3_throttled"]
    assert document["totals"]["records"] == OBJECTS - 1


def test_an_object_that_changes_meanwhile_is_found_as_it_is_then(
    acme: Company, lake: S3Lake, wire: Wire
) -> None:
    first = threading.Lock()

    def written(operation: str, values: dict[str, Any]) -> None:
        if operation == "GetObject" and first.acquire(blocking=False):
            key = str(values["Key"]).rpartition("/")[2]
            lake.put(key, purge.records(7, 5, 7))

    wire.before = written

    document = reported(acme, located(acme))

    assert document["totals"]["records"] == OBJECTS + 1
    assert all(one["detail"].endswith("2 requests") for one in document["objects"])


def test_what_goes_wrong_in_a_thread_is_not_lost(
    acme: Company, lake: S3Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = S3StorageLayer.open

    def dying(self: S3StorageLayer, *, key: str, version: str) -> Any:
        if key == "07.ndjson":
            raise MemoryError
        return opened(self, key=key, version=version)

    request = asked(acme)
    with monkeypatch.context() as patched:
        patched.setattr(S3StorageLayer, "open", dying)
        with pytest.raises(MemoryError):
            acme.locate(request.pk)

    assert not [one for one in threading.enumerate() if one.name.startswith("lake")]
    acme.locate(request.pk)
    with namespace_scope(acme.namespace.pk):
        request.refresh_from_db()
    assert request.state == "awaiting_approval"


@pytest.mark.parametrize("state", ["locating", "verifying"])
def test_a_job_whose_lease_is_lost_stops_soon(
    acme: Company, lake: S3Lake, wire: Wire, state: str
) -> None:
    class Taken(purge.DirectWork):
        def progress(self, *, done: int, total: int | None = None) -> None:
            with namespace_scope(acme.namespace.pk):
                is_now = ErasureRequest.objects.get().state == state
            if is_now and total == OBJECTS and done < OBJECTS:
                raise TimeoutError

    work = Taken(acme.namespace.pk)
    request = asked(acme) if state == "locating" else approved(acme)
    wire.counts.clear()
    run = locating.locate if state == "locating" else erasures.erase
    with pytest.raises(TimeoutError):
        run(request_id=request.pk, work=work, lake=acme.lake, clock=timezone.now)

    reads = wire.counts["GetObject"] - (0 if state == "locating" else OBJECTS)
    assert reads <= threads.AHEAD + threads.AT_ONCE


def test_verifying_says_how_far_it_is(acme: Company, lake: S3Lake) -> None:
    request = approved(acme)
    work = purge.DirectWork(acme.namespace.pk)

    erasures.erase(request_id=request.pk, work=work, lake=acme.lake, clock=timezone.now)

    assert work.told.count((OBJECTS, OBJECTS)) == 2, "once when all are cut, once when all are read"


def test_whoever_is_back_in_one_of_them_is_seen(
    acme: Company, lake: S3Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer puts an old copy back after each cut of one object, twice."""
    request = approved(acme)
    publish, left = S3StorageLayer.publish, [None, None]

    def overtaken(self: S3StorageLayer, **what: Any) -> None:
        publish(self, **what)
        if what["staged"].key == "07.ndjson" and left:
            left.pop()
            lake.put("07.ndjson", purge.records(7, 9))

    monkeypatch.setattr(S3StorageLayer, "publish", overtaken)

    request = carried_out(acme, request)

    assert request.state == "completed", request.problems
    assert lake.get("07.ndjson") == purge.records(7, 9).splitlines(keepends=True)[1]


def test_old_versions_are_looked_at_beside_each_other_too(
    acme: Company, s3_store: S3Store, settings: Settings
) -> None:
    lake = a_lake_of(acme, s3_store, settings, VERSIONED)
    for number in range(OBJECTS):
        lake.put(f"{number:02}.ndjson", purge.records(7, 6))
    index(acme)

    request = carried_out(acme, approved(acme))

    assert request.state == "completed", request.problems
    assert not any(b'"id": 7}' in content for content in lake.contents())
    assert len(lake.versions()) == OBJECTS


def test_what_is_new_is_read_for_the_index_beside_each_other(
    acme: Company, lake: S3Lake, wire: Wire
) -> None:
    for number in range(OBJECTS):
        lake.put(f"{number:02}.ndjson", purge.records(7, 6))
    lake.put("large.ndjson", purge.records(7) + b'{"note": "%s"}\n' % (b"x" * threads.SMALL))
    wire.counts.clear()

    index(acme)

    assert 1 < wire.most <= threads.AT_ONCE
    assert wire.counts == LISTING | {"GetObject": OBJECTS + 2, "HeadObject": 2}
    document = reported(acme, located(acme))
    assert document["totals"]["records"] == OBJECTS + 1
