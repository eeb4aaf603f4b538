"""A worker killed at any request of an erasure in a bucket: the next one ends the same, once."""

import os
from collections.abc import Callable

import pytest
from botocore.client import BaseClient
from django.db.backends.postgresql.base import DatabaseWrapper
from pytest_django import Settings

from governance.isolation.scopes import namespace_scope
from purge.domain import s3_parts
from purge.models import ErasureCertificate, ErasureRequest, ErasureStep
from tests.app.purge.conftest import Company
from tests.factories import purge, s3
from tests.factories.s3 import S3Lake
from tests.fakes.killer import Killer, was_killed
from tests.servers.seaweedfs import VERSIONED, S3Store

pytestmark = pytest.mark.django_db(transaction=True)

FEWEST_POINTS, MOST_POINTS = 20, 90
STRIDE = 3
RUNS = range(STRIDE) if os.environ.get("LAKEWARDEN_FULL") else range(1)
WRITES = ("Put", "Create", "Upload", "Complete", "Abort", "Delete")


def is_a_write(_client: object, operation: str, *_: object) -> bool:
    return operation.startswith(WRITES)


def killed_at(point: int, company: Company, request: ErasureRequest) -> bool:
    def carry_out(killer: Killer) -> None:
        killer.around(BaseClient, "_make_api_call", counts=is_a_write)
        killer.around(DatabaseWrapper, "_commit")
        company.carry_out(request)

    return was_killed(carry_out, at=point)


@pytest.mark.parametrize("largest_put_whole", [s3_parts.WHOLE, -1])
@pytest.mark.parametrize("first", RUNS)
def test_wherever_a_worker_is_killed_the_next_one_ends_the_same(
    make_company: Callable[[str], Company],
    s3_store: S3Store,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    first: int,
    largest_put_whole: int,
) -> None:
    """Each run takes every third point, by turns before and after: `make test-full` all of them."""
    monkeypatch.setattr(s3_parts, "WHOLE", largest_put_whole)
    company = make_company("acme")
    lake = s3.a_lake(s3_store, settings, VERSIONED)
    with namespace_scope(company.namespace.pk):
        company.dataset.delete()
        company.dataset = lake.dataset()
    point, was = first + 1 - STRIDE, True
    while was:
        point += STRIDE
        assert point < MOST_POINTS
        customer = 1000 + point
        key = f"{point}.ndjson"
        lake.put(key, purge.records(5, customer, 6, customer))
        with namespace_scope(company.namespace.pk):
            request = company.approved(people=[{"customer_id": customer}])

        was = killed_at(point, company, request)

        with namespace_scope(company.namespace.pk):
            company.erase(request)
            check(request, lake, key, customer)
        assert lake.uploads() == 0
        remove(lake)
    assert point > FEWEST_POINTS


def check(request: ErasureRequest, lake: S3Lake, key: str, customer: int) -> None:
    assert request.state == "completed", request.problems
    lines = purge.records(5, customer, 6, customer).splitlines(keepends=True)
    assert lake.contents() == [lines[0] + lines[2]]
    step = ErasureStep.objects.get(erasure_request=request)
    assert (step.state, step.records) == ("done", 2)
    certificate = ErasureCertificate.objects.get(erasure_request=request)
    assert certificate.document["totals"]["records"] == 2


def remove(lake: S3Lake) -> None:
    for one in lake.versions():
        lake.client.delete_object(Bucket=lake.bucket, Key=one["Key"], VersionId=one["VersionId"])
