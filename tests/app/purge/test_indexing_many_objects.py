"""A lake of many objects is compared with its index in pieces, whatever its size."""

import tracemalloc
from dataclasses import replace

import pytest
from django.utils import timezone

from purge.domain.erasure import State
from purge.models import LakeObject
from purge.services import indexing, known_objects
from purge.services.indexing import Refreshed
from tests.app.purge.conftest import Company
from tests.factories import purge
from tests.fakes.storage import FakeStorageLayer

pytestmark = pytest.mark.django_db

MANY = 5000


@pytest.fixture
def layer() -> FakeStorageLayer:
    return FakeStorageLayer(keeps_versions=True)


@pytest.fixture(autouse=True)
def stand_in(company: Company, layer: FakeStorageLayer) -> None:
    company.lake = replace(company.lake, layer=lambda _: layer)


def refreshed(company: Company) -> Refreshed:
    return indexing.refresh(
        dataset_id=company.dataset.pk,
        work=purge.DirectWork(company.namespace.pk),
        lake=company.lake,
        clock=timezone.now,
    )


def known() -> dict[str, int]:
    """How many versions, by key."""
    rows = LakeObject.objects.values_list("key", flat=True)
    return {key: list(rows).count(key) for key in rows}


def test_what_changed_came_and_went_is_told_across_pieces(
    company: Company, layer: FakeStorageLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_objects, "AT_ONCE", 2)
    for number in range(7):
        layer.put(f"{number}.ndjson", purge.records(number))
    first = refreshed(company)
    layer.put("3.ndjson", purge.records(3, 33))
    layer.put("00.ndjson", purge.records(0))
    del layer.contents["5.ndjson"], layer.contents["6.ndjson"]

    second, third = refreshed(company), refreshed(company)

    assert [(one.objects, one.read, one.removed) for one in (first, second, third)] == [
        (7, 7, 0),
        (7, 3, 2),
        (7, 0, 0),
    ]
    assert known() == {f"{one}.ndjson": 1 for one in ("0", "00", "1", "2", "4")} | {"3.ndjson": 2}


def test_few_bytes_are_held_for_each_object_that_is_known(
    company: Company, layer: FakeStorageLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_objects, "AT_ONCE", 100)
    for number in range(MANY):
        layer.put(f"part-{number:08d}.ndjson", b"")
    LakeObject.objects.bulk_create(
        LakeObject(
            namespace_id=company.namespace.pk,
            dataset=company.dataset,
            key=one.key,
            version=one.version,
            size=0,
            indexed_at=timezone.now(),
        )
        for one in layer.objects(prefix="")
        if hasattr(one, "version")
    )

    tracemalloc.start()
    done = refreshed(company)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (done.objects, done.read, done.removed) == (MANY, 0, 0)
    assert peak / MANY < 150


def test_an_object_that_comes_while_others_are_listed_stays(
    company: Company, layer: FakeStorageLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event told of it, and the listing had passed its name."""
    layer.put("2.ndjson", purge.records(7))
    listing = layer.objects

    def listed(*, prefix: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - as the layer's
        yield from list(listing(prefix=prefix))
        layer.put("1.ndjson", purge.records(7))
        dataset = indexing.opened(company.dataset, lake=company.lake)
        monkeypatch.undo()
        for one in listing(prefix="1"):
            indexing.refresh_object(
                dataset=dataset,
                listed=one,  # type: ignore[arg-type]
                work=purge.DirectWork(company.namespace.pk),
                lake=company.lake,
                clock=timezone.now,
            )

    monkeypatch.setattr(layer, "objects", listed)
    assert refreshed(company).removed == 0

    assert set(known()) == {"1.ndjson", "2.ndjson"}
    assert company.erase(company.approved()).state == State.COMPLETED
