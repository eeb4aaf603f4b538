"""Between the last look at holds and the deed there is no moment for a hold to come."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Timer
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from purge.models import ErasureRequest, LegalHold
from purge.ports import Deletion
from purge.services import holds, locks
from purge.services.locks import HoldMustWait
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy
from tests.fakes.storage import FakeStorageLayer
from tests.fakes.tables import FakeTableStore

pytestmark = pytest.mark.django_db(transaction=True)

ENOUGH = 30


class Objects:
    """Of a layer that keeps nothing of what is replaced."""

    def __init__(self) -> None:
        self.layer = FakeStorageLayer()
        self.layer.put("1.ndjson", purge.records(5, 7))

    def stand_in(self, acme: Company) -> None:
        acme.lake = dataclasses.replace(acme.lake, layer=lambda _: self.layer)

    def just_before_the_deed(self, call: Callable[[], None]) -> None:
        publish = self.layer.publish

        def published(**what: Any) -> None:
            call()
            publish(**what)

        self.layer.publish = published  # type: ignore[method-assign]

    def customers(self) -> list[object]:
        [content] = self.layer.contents.values()
        return [json.loads(line)["customer"]["id"] for line in content.splitlines()]


class Rows:
    """Of a table, which its engine deletes."""

    def __init__(self) -> None:
        self.store = FakeTableStore()
        self.store.put("orders", {"customer_id": 5}, {"customer_id": 7})

    def stand_in(self, acme: Company) -> None:
        acme.lake = dataclasses.replace(acme.lake, tables=lambda _: self.store)
        acme.dataset.delete()
        purge.a_table_dataset(purge.a_delta_layer())

    def just_before_the_deed(self, call: Callable[[], None]) -> None:
        delete = self.store.delete

        def deleted(*, announce: Any, **what: Any) -> int:
            @contextmanager
            def announced(deletion: Deletion) -> Iterator[None]:
                with announce(deletion):
                    call()
                    yield

            return delete(announce=announced, **what)

        self.store.delete = deleted  # type: ignore[method-assign]

    def customers(self) -> list[object]:
        return [row["customer_id"] for row in self.store.rows["orders"]]


@pytest.fixture(params=[Objects, Rows])
def lake(request: pytest.FixtureRequest) -> Objects | Rows:
    lake: Objects | Rows = request.param()
    return lake


@pytest.fixture
def acme(make_company: Callable[[str], Company], lake: Objects | Rows) -> Company:
    """With no scope open: each thread opens its own."""
    acme = make_company("acme")
    with namespace_scope(acme.namespace.pk):
        lake.stand_in(acme)
    return acme


@pytest.fixture
def request_approved(acme: Company) -> ErasureRequest:
    with namespace_scope(acme.namespace.pk):
        return acme.approved()


@pytest.fixture
def elsewhere() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=2) as pool:
        yield pool


def place(acme: Company, until_then: Callable[[], object] = lambda: None) -> None:
    """By a connection of its own, committed after `until_then`."""
    try:
        with namespace_scope(acme.namespace.pk):
            holds.place(
                subject={"customer_id": 7},
                reason="A court asked for it.",
                until=timezone.now() + timedelta(days=1),
                actor=tenancy.an_actor(acme.olga),
                now=timezone.now(),
            )
            until_then()
    finally:
        connections.close_all()


def test_who_places_one_waits_for_what_is_being_erased(
    acme: Company,
    lake: Objects | Rows,
    request_approved: ErasureRequest,
    elsewhere: ThreadPoolExecutor,
) -> None:
    placing: list[Future[None]] = []
    placed: list[set[Future[None]]] = []

    def place_one() -> None:
        placing.append(elsewhere.submit(place, acme))
        placed.append(wait(placing, timeout=0.5).done)

    lake.just_before_the_deed(place_one)
    acme.carry_out(request_approved)
    placing[0].result(timeout=ENOUGH)

    assert placed == [set()]
    assert lake.customers() == [5]
    with namespace_scope(acme.namespace.pk):
        assert LegalHold.objects.count() == 1


def test_who_erases_waits_for_one_that_is_being_placed(
    acme: Company,
    lake: Objects | Rows,
    request_approved: ErasureRequest,
    elsewhere: ThreadPoolExecutor,
) -> None:
    is_placed, may_commit = Event(), Event()

    def until_then() -> None:
        is_placed.set()
        may_commit.wait(ENOUGH)

    hold = elsewhere.submit(place, acme, until_then)
    assert is_placed.wait(ENOUGH)
    Timer(0.5, may_commit.set).start()
    acme.carry_out(request_approved)
    hold.result(timeout=ENOUGH)

    assert lake.customers() == [5, 7]
    with namespace_scope(acme.namespace.pk):
        request_approved.refresh_from_db()
        assert {one["reason"] for one in request_approved.problems} == {"legal_hold"}


@pytest.mark.parametrize("lake", [Objects], indirect=True)
def test_one_that_waits_too_long_is_told_so(
    acme: Company, elsewhere: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "LONGEST_WAIT", "200ms")

    with locks.no_hold_arrives(acme.namespace.pk):
        hold = elsewhere.submit(place, acme)

        with pytest.raises(HoldMustWait):
            hold.result(timeout=ENOUGH)

    elsewhere.submit(place, acme).result(timeout=ENOUGH)
