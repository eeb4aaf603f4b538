"""Erasing in a bucket, from the request to the certificate, on a real store."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from purge.models import ErasureCertificate, ErasureRequest, ErasureStep
from purge.services import data_map_digests, erasure_requests
from tests.app.purge.conftest import Company
from tests.factories import purge, s3, tenancy
from tests.factories.s3 import S3Lake
from tests.servers.seaweedfs import LOCKED, PLAIN, VERSIONED, S3Store


@pytest.fixture
def make_lake(s3_store: S3Store, settings: Settings, company: Company) -> Callable[[str], S3Lake]:
    """Acme's only dataset lies in a bucket."""

    def made(bucket: str) -> S3Lake:
        lake = s3.a_lake(s3_store, settings, bucket)
        company.dataset.delete()
        company.dataset = lake.dataset()
        return lake

    return made


def problems(request: ErasureRequest) -> set[str]:
    return {one["reason"] for one in request.problems}


def retried(company: Company, request: ErasureRequest) -> ErasureRequest:
    erasure_requests.retry(
        request_id=request.pk, actor=tenancy.an_actor(company.ivan), now=timezone.now()
    )
    return company.erase(request)


@pytest.mark.parametrize("bucket", [PLAIN, VERSIONED])
def test_records_are_cut_out_and_the_rest_stays(
    company: Company, make_lake: Callable[[str], S3Lake], bucket: str
) -> None:
    lake = make_lake(bucket)
    lake.put("1.ndjson", purge.records(5, 7, 6), Metadata={"origin": "shop"}, Tagging="team=sales")
    lake.put("deep/2.ndjson", purge.records(7))
    lake.put("3.ndjson", purge.records(6))
    untouched = lake.head("3.ndjson")["LastModified"]

    request = company.erase(company.approved())

    assert request.state == "completed", request.problems
    lines = purge.records(5, 7, 6).splitlines(keepends=True)
    assert lake.get("1.ndjson") == lines[0] + lines[2]
    assert lake.get("deep/2.ndjson") == b""
    assert lake.head("1.ndjson")["Metadata"] == {"origin": "shop"}
    assert lake.head("1.ndjson")["TagCount"] == 1
    assert lake.head("3.ndjson")["LastModified"] == untouched
    assert lake.uploads() == 0
    certificate = ErasureCertificate.objects.get(erasure_request=request)
    assert certificate.document["totals"]["records"] == 2


def test_the_report_says_what_each_object_takes(
    company: Company, make_lake: Callable[[str], S3Lake]
) -> None:
    lake = make_lake(PLAIN)
    rest = (b'{"note": "%s"}\n' % (b"x" * 65_523)) * 160
    lake.put("1.ndjson", rest + purge.records(7) + rest)

    request = company.located()

    (found,) = request.reports.get().document["objects"]
    assert found["detail"] == (
        "2 parts: 20 MiB copied by the store, 0 bytes downloaded, 0 bytes uploaded, "
        "2 requests; 40 MiB would move to rewrite it whole"
    )


def test_nothing_is_left_in_old_versions_and_behind_delete_markers(
    company: Company, make_lake: Callable[[str], S3Lake]
) -> None:
    lake = make_lake(VERSIONED)
    lake.put("1.ndjson", purge.records(7, 5))
    lake.put("1.ndjson", purge.records(5, 7, 6))
    lake.put("1.ndjson", purge.records(5, 6))
    lake.put("2.ndjson", purge.records(7))
    lake.remove("2.ndjson")
    lake.put("3.ndjson", purge.records(5))
    lake.put("3.ndjson", purge.records(6))

    request = company.erase(company.approved())

    assert request.state == "completed", request.problems
    assert not any(b'"id": 7}' in content for content in lake.contents())
    assert lake.get("1.ndjson") == purge.records(5, 6)
    assert len([one for one in lake.versions() if one["Key"].endswith("3.ndjson")]) == 2


def test_a_version_under_legal_hold_fails_the_request_in_part_until_it_is_lifted(
    company: Company, make_lake: Callable[[str], S3Lake]
) -> None:
    lake = make_lake(LOCKED)
    lake.put("1.ndjson", purge.records(5, 7))
    lake.put("2.ndjson", purge.records(7, 6), ObjectLockLegalHoldStatus="ON")

    request = company.erase(company.approved())

    assert request.state == "partially_failed"
    assert problems(request) == {"s3_legal_hold"}
    assert lake.get("1.ndjson") == purge.records(5)
    assert lake.get("2.ndjson") == purge.records(7, 6)

    lake.client.put_object_legal_hold(
        Bucket=LOCKED, Key=f"{lake.path}/2.ndjson", LegalHold={"Status": "OFF"}
    )
    request = retried(company, request)

    assert request.state == "completed", request.problems
    assert not any(b'"id": 7}' in content for content in lake.contents())


def test_a_locked_version_says_until_when_and_is_done_after_that(
    company: Company, make_lake: Callable[[str], S3Lake]
) -> None:
    lake = make_lake(LOCKED)
    end = timezone.now() + timedelta(seconds=6)
    lake.put(
        "1.ndjson",
        purge.records(7, 5),
        ObjectLockMode="COMPLIANCE",
        ObjectLockRetainUntilDate=end,
    )

    request = company.erase(company.approved())

    assert request.state == "partially_failed"
    assert problems(request) == {"s3_locked"}
    step = ErasureStep.objects.get(erasure_request=request)
    assert step.locked_until.startswith(end.strftime("%Y-%m-%dT%H:%M:%S"))

    time.sleep(max(0.0, (end - timezone.now()).total_seconds()) + 1)
    request = retried(company, request)

    assert request.state == "completed", request.problems
    assert lake.get("1.ndjson") == purge.records(7, 5).splitlines(keepends=True)[1]
    assert not any(b'"id": 7}' in content for content in lake.contents())


def test_a_locked_old_version_is_done_when_its_lock_ends(
    company: Company, make_lake: Callable[[str], S3Lake]
) -> None:
    lake = make_lake(LOCKED)
    end = timezone.now() + timedelta(seconds=6)
    lake.put(
        "1.ndjson",
        purge.records(7, 5),
        ObjectLockMode="COMPLIANCE",
        ObjectLockRetainUntilDate=end,
    )
    lake.put("1.ndjson", purge.records(6, 7))

    request = company.erase(company.approved())

    assert request.state == "partially_failed"
    assert problems(request) == {"s3_locked"}
    assert b'"id": 7}' not in lake.get("1.ndjson")

    time.sleep(max(0.0, (end - timezone.now()).total_seconds()) + 1)
    request = retried(company, request)

    assert request.state == "completed", request.problems
    assert not any(b'"id": 7}' in content for content in lake.contents())


def test_a_bucket_that_is_away_is_no_empty_one(
    company: Company, make_lake: Callable[[str], S3Lake], monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = make_lake(PLAIN)
    lake.put("1.ndjson", purge.records(7))
    request = company.approved()
    layer = company.dataset.storage_layer
    layer.options = {**layer.options, "bucket": "nowhere"}
    layer.save()
    # As if the store had lost it: nobody changed the data map.
    monkeypatch.setattr(data_map_digests, "lock_and_match", lambda _report: True)

    request = company.erase(request)

    assert request.state == "partially_failed"
    assert "s3_no_such_bucket" in problems(request)
