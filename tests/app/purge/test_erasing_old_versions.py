"""Layers that keep what was replaced: erased means gone from there too."""

import dataclasses

import pytest
from django.utils import timezone

from purge.domain.plans import Plan
from purge.models import Dataset, ErasureReport, ErasureRequest, ErasureStep, LakeObject, Locator
from purge.services import decisions
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy
from tests.fakes.storage import FakeStorageLayer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def versioned(company: Company) -> FakeStorageLayer:
    """The company's lake, on a layer that keeps versions."""
    layer = FakeStorageLayer(keeps_versions=True)
    company.lake = dataclasses.replace(company.lake, layer=lambda _: layer)
    return layer


def test_the_version_that_was_replaced_goes_too(
    company: Company, versioned: FakeStorageLayer
) -> None:
    versioned.put("1.ndjson", purge.records(5, 7, 6))

    request = company.erase(company.approved())

    assert request.state == "completed"
    first, _, last = purge.records(5, 7, 6).splitlines(keepends=True)
    assert versioned.contents["1.ndjson"] == first + last
    assert versioned.old == {}


def test_old_versions_that_hold_the_person_are_reported_and_removed(
    company: Company, versioned: FakeStorageLayer
) -> None:
    versioned.put("1.ndjson", purge.records(5))
    versioned.put("1.ndjson", purge.records(5, 7))
    versioned.put("1.ndjson", purge.records(5, 6))

    request = company.located()
    [found] = ErasureReport.objects.get(hash=request.report_hash).document["objects"]

    assert found["plan"] == Plan.REMOVE_VERSION
    assert "version v2" in found["name"]
    request = company.erase(company.approve(request))
    assert request.state == "completed"
    assert list(versioned.old.values()) == [purge.records(5)]
    assert versioned.contents == {"1.ndjson": purge.records(5, 6)}
    step = ErasureStep.objects.get(erasure_request=request)
    assert (step.state, step.records, step.before_version) == ("done", 1, "v2")
    assert not LakeObject.objects.filter(version="v2").exists()


def test_a_lock_on_what_was_replaced_fails_that_object_alone_and_is_made_good_later(
    company: Company, versioned: FakeStorageLayer
) -> None:
    versioned.put("1.ndjson", purge.records(5, 7))
    versioned.put("2.ndjson", purge.records(7, 8))
    versioned.keeps_locked.add("1.ndjson")

    request = company.erase(company.approved())

    assert request.state == "partially_failed"
    [problem] = request.problems
    assert problem["reason"] == "object_locked"
    assert problem["until"] == "2027-01-01T00:00:00+00:00"
    assert versioned.contents["1.ndjson"] == purge.records(5)
    assert versioned.contents["2.ndjson"] != purge.records(7, 8)
    versioned.keeps_locked.clear()
    company.retry(request)
    assert request.state == "completed"
    assert versioned.old == {}
    step = ErasureStep.objects.get(erasure_request=request, object_name__contains="1.ndjson")
    assert (step.state, step.records) == ("done", 1)


def test_without_an_index_every_record_is_read(
    company: Company, versioned: FakeStorageLayer
) -> None:
    Dataset.objects.update(locator=Locator.SCAN)
    versioned.put("1.ndjson", purge.records(5, 7, 6))
    versioned.put("2.ndjson", purge.records(5, 6))

    request = company.erase(company.approved())

    assert request.state == "completed"
    assert b'"id": 7}' not in versioned.contents["1.ndjson"]
    assert versioned.contents["2.ndjson"] == purge.records(5, 6)
    assert not LakeObject.objects.exclude(entries=0).exists()


TORN = b'{"customer": {"id": 7\n'


def test_what_cannot_be_read_goes_with_an_old_version_as_the_report_says(
    company: Company, versioned: FakeStorageLayer
) -> None:
    """Nothing can be cut from an old version, and their record may not stay in it."""
    versioned.put("1.ndjson", purge.records(5, 7) + TORN + b"not json\n")
    versioned.put("1.ndjson", purge.records(5))

    request = company.located()
    document = ErasureReport.objects.get(hash=request.report_hash).document
    [found] = document["objects"]

    assert found["plan"] == Plan.REMOVE_VERSION
    assert found["detail"] == "2 records that cannot be read are in it, and removed with it"
    assert (found["unclear"], document["totals"]["unclear"]) == (1, 0)
    assert company.erase(company.approve(request)).state == "completed"
    assert versioned.old == {}


@pytest.mark.parametrize("locator", [Locator.ROW, Locator.SCAN])
def test_an_old_version_with_only_what_cannot_be_read_is_left_and_keeps_it_from_being_completed(
    company: Company, versioned: FakeStorageLayer, locator: Locator
) -> None:
    Dataset.objects.update(locator=locator)
    versioned.put("1.ndjson", purge.records(5) + TORN)
    versioned.put("1.ndjson", purge.records(5, 7))

    request = company.located()
    document = ErasureReport.objects.get(hash=request.report_hash).document
    assert document["totals"]["unclear"] == 1

    request = company.erase(company.approve(request))

    assert request.state == "partially_failed"
    [problem] = request.problems
    assert (problem["reason"], problem["count"]) == ("unclear_records", 1)
    assert "version v1" in problem["name"]
    assert list(versioned.old.values()) == [purge.records(5) + TORN]
    del versioned.old["1.ndjson", "v1"]
    assert company.retry(request).state == "completed"


def test_a_lock_on_an_old_version_keeps_no_newly_approved_record_waiting(
    company: Company, versioned: FakeStorageLayer
) -> None:
    versioned.put("1.ndjson", purge.records(5, 7))
    versioned.keeps_locked.add("1.ndjson")
    request = company.erase(company.approved())
    assert versioned.contents["1.ndjson"] == purge.records(5)
    versioned.put("1.ndjson", purge.records(5) + purge.records(7) + purge.records(6))

    request = company.approve(asked_again(company, request))
    request = company.erase(request)

    assert versioned.contents["1.ndjson"] == purge.records(5) + purge.records(6)
    assert request.state == "partially_failed"
    assert {one["reason"] for one in request.problems} == {"object_locked"}
    assert sum(purge.records(7) in content for content in versioned.old.values()) == 1
    versioned.keeps_locked.clear()
    request = company.retry(request)
    assert request.state == "completed", request.problems
    assert not any(b'"id": 7}' in content for content in versioned.old.values())
    records = ErasureStep.objects.filter(erasure_request=request).values_list("plan", "records")
    assert ("splice", 2) in records


def asked_again(company: Company, request: ErasureRequest) -> ErasureRequest:
    """Another report, because a record came meanwhile."""
    decisions.look_again(
        request_id=request.pk, actor=tenancy.an_actor(company.ivan), now=timezone.now()
    )
    company.locate(request.pk)
    request.refresh_from_db()
    return request
