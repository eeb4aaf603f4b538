"""A worker killed at any point of an erasure: the next one ends with the same result, once."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db.backends.postgresql.base import DatabaseWrapper

from governance.isolation.scopes import namespace_scope
from purge.adapters.filesystem import files as filesystem_files, swap as filesystem_swap
from purge.models import ErasureCertificate, ErasureRequest, ErasureStep
from tests.app.purge.conftest import Company
from tests.factories import purge
from tests.fakes.killer import Killer, was_killed

pytestmark = pytest.mark.django_db(transaction=True)

FEWEST_POINTS, MOST_POINTS = 30, 120
STRIDE = 3


def killed_at(point: int, company: Company, request: ErasureRequest) -> bool:
    def carry_out(killer: Killer) -> None:
        for name in ("fsync", "unlink", "copy_file_range"):
            killer.around(os, name)
        killer.around(filesystem_swap, "_exchange")
        killer.around(filesystem_files, "_copy")
        killer.around(DatabaseWrapper, "_commit")
        company.carry_out(request)

    return was_killed(carry_out, at=point)


@pytest.mark.parametrize("first", range(STRIDE))
def test_wherever_a_worker_is_killed_the_next_one_ends_the_same(
    make_company: Callable[[str], Company], first: int
) -> None:
    """Each run takes every third point, so that several processes can share the work."""
    company = make_company("acme")
    point, was_killed = first + 1 - STRIDE, True
    while was_killed:
        point += STRIDE
        assert point < MOST_POINTS
        customer = 1000 + point
        path = company.folder / f"{point}.ndjson"
        path.write_bytes(purge.records(5, customer, 6, customer))
        with namespace_scope(company.namespace.pk):
            request = company.approved(people=[{"customer_id": customer}])

        was_killed = killed_at(point, company, request)

        with namespace_scope(company.namespace.pk):
            company.erase(request)
            check(request, path, customer)
        path.unlink()
    assert point > FEWEST_POINTS


def check(request: ErasureRequest, path: Path, customer: int) -> None:
    assert request.state == "completed", request.problems
    lines = path.read_bytes().splitlines()
    assert [b'"n": 0' in lines[0], b'"n": 2' in lines[1], len(lines)] == [True, True, 2]
    assert str(customer).encode() not in path.read_bytes()
    assert not list(path.parent.rglob(".lakewarden-*"))
    step = ErasureStep.objects.get(erasure_request=request)
    assert (step.state, step.records) == ("done", 2)
    certificate = ErasureCertificate.objects.get(erasure_request=request)
    assert certificate.document["totals"]["records"] == 2
