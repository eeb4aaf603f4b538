"""Upkeep at a terminal: `index_lake` and `vacuum_lake`."""

import os
import sys
import time
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from governance.isolation.scopes import namespace_scope
from governance.outbox.models import OutboxMessage
from purge import job_names
from purge.models import LakeObject
from purge.services import vacuums
from tests.app.purge.conftest import Company
from tests.factories import purge

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def acme(make_company: Callable[[str], Company]) -> Company:
    made = make_company("acme")
    (made.folder / "a.ndjson").write_bytes(purge.records(5, 7, 6))
    (made.folder / "b.ndjson").write_bytes(purge.records(8))
    return made


def run(command: str, *words: str) -> str:
    out = StringIO()
    call_command(command, *words, namespace="acme", stdout=out, stderr=out)
    return out.getvalue()


def test_a_layer_is_indexed_and_a_second_time_reads_nothing(acme: Company) -> None:
    first = run("index_lake", "sales")
    second = run("index_lake", "sales")

    assert "2 objects, 2 read" in first
    assert "2 objects, 0 read" in second


def test_reading_is_left_to_the_workers(acme: Company) -> None:
    said = run("index_lake", "sales", "--workers")

    assert "1 jobs written" in said
    with namespace_scope(acme.namespace.pk):
        assert OutboxMessage.objects.filter(name=job_names.INDEX).count() == 1


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["sales", "--engine", "spark"], "make spark"),
        (["nowhere"], "no storage layer"),
        (["sales", "--prefix", "x"], "no dataset"),
    ],
)
def test_what_cannot_be_indexed_is_said(
    acme: Company, monkeypatch: pytest.MonkeyPatch, words: list[str], why: str
) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)  # As where it was never installed.

    with pytest.raises(CommandError, match=why):
        run("index_lake", *words)


def test_a_vacuum_drops_what_is_gone_and_rebases_what_was_cut_often(
    acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vacuums, "MANY_CUTS", 1)
    run("index_lake", "sales")
    with namespace_scope(acme.namespace.pk):
        acme.erase(acme.approved())
        assert LakeObject.objects.get(key="a.ndjson").cuts
    (acme.folder / "b.ndjson").unlink()

    said = run("vacuum_lake", "sales")

    assert "1 gone objects dropped, 1 objects read again, 1 of them cut often" in said
    assert "32 parts vacuumed" in said
    with namespace_scope(acme.namespace.pk):
        row = LakeObject.objects.get()
        assert (row.key, row.cuts, row.entries) == ("a.ndjson", [], 4)


def test_a_next_version_that_nobody_completed_is_cleared_when_it_is_old(acme: Company) -> None:
    old, new = (acme.folder / f".lakewarden-{name}.new" for name in ("old", "new"))
    mine = acme.folder / ".mine.new"
    for path in (old, new, mine):
        path.write_bytes(b"x")
    for path in (old, mine):
        os.utime(path, (time.time() - 2 * 86400, time.time() - 2 * 86400))

    said = run("vacuum_lake", "sales", "--abort-uploads", "1")

    assert "1 uploads aborted" in said
    assert [path.exists() for path in (old, new, mine)] == [False, True, True]
