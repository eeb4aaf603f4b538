"""Between the last look at holds and the deed there is no moment for a hold to come."""

import dataclasses
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta
from threading import Event, Timer
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from purge.models import ErasureRequest, LegalHold
from purge.services import holds, locks
from purge.services.locks import HoldMustWait
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy
from tests.fakes.storage import FakeStorageLayer

pytestmark = pytest.mark.django_db(transaction=True)

ENOUGH = 30


@pytest.fixture
def layer() -> FakeStorageLayer:
    """It keeps nothing of what is replaced."""
    layer = FakeStorageLayer()
    layer.put("1.ndjson", purge.records(5, 7))
    return layer


@pytest.fixture
def acme(make_company: Callable[[str], Company], layer: FakeStorageLayer) -> Company:
    """With no scope open: each thread opens its own."""
    acme = make_company("acme")
    acme.lake = dataclasses.replace(acme.lake, layer=lambda _: layer)
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


def test_who_places_one_waits_for_what_is_being_published(
    acme: Company,
    layer: FakeStorageLayer,
    request_approved: ErasureRequest,
    elsewhere: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish = layer.publish
    placing: list[Future[None]] = []
    placed: list[set[Future[None]]] = []

    def slow(**what: Any) -> None:
        placing.append(elsewhere.submit(place, acme))
        placed.append(wait(placing, timeout=0.5).done)
        publish(**what)

    monkeypatch.setattr(layer, "publish", slow)
    acme.carry_out(request_approved)
    placing[0].result(timeout=ENOUGH)

    assert placed == [set()]
    with namespace_scope(acme.namespace.pk):
        assert LegalHold.objects.count() == 1


def test_who_cuts_waits_for_one_that_is_being_placed(
    acme: Company,
    layer: FakeStorageLayer,
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

    assert list(layer.contents.values()) == [purge.records(5, 7)]
    with namespace_scope(acme.namespace.pk):
        request_approved.refresh_from_db()
        assert {one["reason"] for one in request_approved.problems} == {"legal_hold"}


def test_one_that_waits_too_long_is_told_so(
    acme: Company, elsewhere: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "LONGEST_WAIT", "200ms")

    with locks.no_hold_arrives(acme.namespace.pk):
        hold = elsewhere.submit(place, acme)

        with pytest.raises(HoldMustWait):
            hold.result(timeout=ENOUGH)

    elsewhere.submit(place, acme).result(timeout=ENOUGH)
