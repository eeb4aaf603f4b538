"""A few of the records an erasure would cut, read from the lake for an officer who asks."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from governance.audit import trail
from governance.isolation.scopes import current_namespace_id, namespace_scope
from governance.kernel.actions import Action
from governance.kernel.actors import Actor
from governance.kernel.permissions import require
from governance.kernel.refusals import NotFound
from purge.domain import reasons
from purge.domain.identifiers import Wanted, identifiers_of, wanted_in
from purge.models import Dataset, ErasureReport, ErasureRequest, LakeObject
from purge.ports import Format, Lake, ObjectChanged, ObjectUnreachable
from purge.services import findings, indexing, subjects, tables
from purge.services.findings import Search
from purge.services.indexing import OpenDataset

OBJECTS = 5
RECORDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """`records` are text of the lake, shown once and kept nowhere."""

    name: str
    records: tuple[str, ...]
    unclear: tuple[str, ...] = ()
    problem: str = ""

    @property
    def why(self) -> str:
        return reasons.sentence(self.problem)


class _Here:
    """Work inside a request: its scope is open already."""

    @contextmanager
    def scope(self) -> Iterator[None]:
        with namespace_scope(current_namespace_id()):
            yield

    def progress(self, *, done: int, total: int | None = None) -> None:
        """Nobody waits for it."""


def show(*, request_id: UUID, lake: Lake, actor: Actor, now: datetime) -> list[Sample]:
    """The first records of the first objects of the report. That somebody looked is audited."""
    require(actor=actor, action=Action.APPROVE_ERASURE)
    request = ErasureRequest.objects.get(pk=request_id)
    report = ErasureReport.objects.filter(erasure_request=request, hash=request.report_hash).first()
    if report is None:
        raise NotFound
    people = subjects.of(request)
    shown = [
        _sample(one, people, lake=lake, now=now) for one in report.document["objects"][:OBJECTS]
    ]
    trail.record(
        actor=actor,
        action="erasure.samples_seen",
        target=request,
        detail={"objects": len(shown), "records": sum(len(one.records) for one in shown)},
        now=now,
    )
    return shown


def _sample(
    described: dict[str, Any], people: subjects.Subjects, *, lake: Lake, now: datetime
) -> Sample:
    name = str(described["name"])
    row = LakeObject.objects.filter(number=described["number"]).first()
    if row is None:
        return Sample(name=name, records=(), problem="object_gone")
    source = Dataset.objects.select_related("storage_layer").get(pk=row.dataset_id)
    wanted = wanted_in(people, identifiers=identifiers_of(source.identifiers))
    try:
        if source.format == Format.TABLE:
            theirs = tables.samples(
                tables.opened(source, lake=lake), table=row.key, wanted=wanted, limit=RECORDS
            )
            return Sample(name=name, records=theirs)
        return _of_object(name, indexing.opened(source, lake=lake), row, wanted, lake=lake, now=now)
    except (ObjectChanged, ObjectUnreachable) as refusal:
        return Sample(name=name, records=(), problem=refusal.code)


def _of_object(
    name: str,
    dataset: OpenDataset,
    row: LakeObject,
    wanted: frozenset[Wanted],
    *,
    lake: Lake,
    now: datetime,
) -> Sample:
    found = findings.find(
        search=Search(dataset, wanted), row=row, work=_Here(), lake=lake, clock=lambda: now
    )
    if found is None:
        return Sample(name=name, records=(), problem="object_gone")
    theirs, unclear = findings.samples(dataset=dataset, finding=found, limit=RECORDS)
    return Sample(name=name, records=theirs, unclear=unclear)
