"""Many small objects of a bucket are cut beside each other, with every promise kept."""

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from botocore.client import BaseClient
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from governance.isolation.scopes import namespace_scope
from purge.adapters.s3.storage_layer import S3StorageLayer
from purge.models import ErasureRequest, ErasureStep
from purge.services import erasure_requests, threads
from tests.app.purge.conftest import Company
from tests.factories import purge, s3, tenancy
from tests.factories.s3 import S3Lake
from tests.fakes.killer import Killer, was_killed
from tests.servers.seaweedfs import PLAIN, VERSIONED, S3Store
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)

OBJECTS = 20


@pytest.fixture(params=[PLAIN, VERSIONED])
def lake(
    acme: Company, s3_store: S3Store, settings: Settings, request: pytest.FixtureRequest
) -> S3Lake:
    made = s3.a_lake(s3_store, settings, request.param)
    with namespace_scope(acme.namespace.pk):
        acme.dataset.delete()
        acme.dataset = made.dataset()
    for number in range(OBJECTS):
        made.put(f"{number}.ndjson", purge.records(5, 7, number + 100))
    return made


def approved(acme: Company) -> ErasureRequest:
    with namespace_scope(acme.namespace.pk):
        return acme.approved()


def carried_out(acme: Company, request: ErasureRequest) -> ErasureRequest:
    acme.carry_out(request)
    with namespace_scope(acme.namespace.pk):
        request.refresh_from_db()
    return request


def left(lake: S3Lake) -> int:
    return sum(b'"id": 7}' in content for content in lake.contents())


class Together:
    """How many were in it at a time."""

    def __init__(self) -> None:
        self.inside = self.most = 0
        self._lock = threading.Lock()

    def around(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def acted(*what: Any, **named: Any) -> Any:
            with self._lock:
                self.inside += 1
                self.most = max(self.most, self.inside)
            try:
                return act(*what, **named)
            finally:
                with self._lock:
                    self.inside -= 1

        return acted


def test_every_object_is_cut_once_and_several_at_a_time(
    acme: Company, lake: S3Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = Together()
    monkeypatch.setattr(S3StorageLayer, "publish", together.around(S3StorageLayer.publish))
    request = approved(acme)

    request = carried_out(acme, request)

    assert request.state == "completed", request.problems
    assert left(lake) == 0
    assert 1 < together.most <= threads.AT_ONCE
    with namespace_scope(acme.namespace.pk):
        steps = ErasureStep.objects.filter(erasure_request=request)
        assert set(steps.values_list("state", "records")) == {("done", 1)}
        assert (request.progress_done, request.progress_total) == (OBJECTS, OBJECTS)


def test_no_connection_is_left_open(acme: Company, lake: S3Lake) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    assert row is not None
    began: datetime = row[0]

    carried_out(acme, approved(acme))

    # A server's process ends a moment after its connection.
    eventually(lambda: not opened_since(began), what="end of its connections", seconds=10)


def cancelled_at_once(
    acme: Company, request: ErasureRequest, monkeypatch: pytest.MonkeyPatch, *, then: float = 0
) -> int:
    """Cancel as the first object is published, and wait. How many were cut."""
    publish, first = S3StorageLayer.publish, threading.Lock()

    def cancelling(layer: S3StorageLayer, **what: Any) -> None:
        publish(layer, **what)
        if first.acquire(blocking=False):
            with namespace_scope(acme.namespace.pk):
                erasure_requests.cancel(
                    request_id=request.pk, actor=tenancy.an_actor(acme.ivan), now=timezone.now()
                )
            time.sleep(then)

    monkeypatch.setattr(S3StorageLayer, "publish", cancelling)

    assert carried_out(acme, request).state == "cancelled"
    with namespace_scope(acme.namespace.pk):
        return ErasureStep.objects.filter(erasure_request=request, state="done").count()


def test_cancelling_stops_after_the_objects_at_hand(
    acme: Company, lake: S3Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = cancelled_at_once(acme, approved(acme), monkeypatch)

    assert 1 <= done < OBJECTS
    assert left(lake) == OBJECTS - done


def test_cancelling_stops_within_a_share_too(
    acme: Company, lake: S3Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "AT_ONCE", 1)

    done = cancelled_at_once(acme, approved(acme), monkeypatch, then=2)

    assert done == 1
    assert left(lake) == OBJECTS - done


def test_what_fails_unexpectedly_ends_the_job_and_the_next_one_goes_on(
    acme: Company, lake: S3Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = approved(acme)
    publish = S3StorageLayer.publish

    def failing(self: S3StorageLayer, **what: Any) -> None:
        if what["staged"].key == "7.ndjson":
            raise MemoryError
        publish(self, **what)

    with monkeypatch.context() as patched:
        patched.setattr(S3StorageLayer, "publish", failing)
        with pytest.raises(MemoryError):
            acme.carry_out(request)

    assert carried_out(acme, request).state == "completed"
    assert left(lake) == 0


@pytest.mark.parametrize("point", [3, 16, 31])
def test_a_worker_killed_with_several_at_hand_is_gone_on_from(
    acme: Company, lake: S3Lake, point: int
) -> None:
    request = approved(acme)

    def carry_out(killer: Killer) -> None:
        writes = ("Put", "Delete")
        killer.around(
            BaseClient,
            "_make_api_call",
            counts=lambda _, operation, *__: operation.startswith(writes),
        )
        acme.carry_out(request)

    assert was_killed(carry_out, at=point)

    assert carried_out(acme, request).state == "completed"
    assert left(lake) == 0
    with namespace_scope(acme.namespace.pk):
        records = ErasureStep.objects.filter(erasure_request=request).values_list(
            "records", flat=True
        )
        assert set(records) == {1}


def opened_since(began: datetime) -> int:
    """Connections to this test's database, and not those of tests beside or before it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_start >= %s",
            [began],
        )
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])
