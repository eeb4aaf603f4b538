"""Locating: look up every dataset, confirm in the objects, store a report, ask the officers.

1. take the request to LOCATING (or go on where a killed worker was);
2. bring the index of each dataset that knows the identifiers up to date;
3. look up, and confirm each record in its object;
4. store the report and its hash, and tell the officers.

Nothing before the last step is kept, so a second run starts over and ends the same.
"""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import structlog

from governance.audit import trail
from governance.outbox.services import messages
from governance.tenancy.services import actors
from purge import job_names
from purge.domain import masks, reports
from purge.domain.erasure import State
from purge.domain.identifiers import Wanted, identifiers_of, wanted_in
from purge.domain.locators import Locator
from purge.domain.plans import Plan
from purge.domain.reports import FoundObject, Unreachable
from purge.models import Dataset, ErasureReport, ErasureRequest, LakeObject
from purge.ports import Format, Lake, LayerInvalid, ObjectChanged, ObjectUnreachable, Work
from purge.services import findings, holds, indexing, subjects, tables
from purge.services.findings import Finding
from purge.services.indexing import Clock, OpenDataset
from purge.services.moves import move

log = structlog.get_logger(__name__)


def locate(*, request_id: UUID, work: Work, lake: Lake, clock: Clock) -> None:
    """Find every record and put a report before the officers."""
    with work.scope():
        request = ErasureRequest.objects.select_for_update().get(pk=request_id)
        if request.state == State.RECEIVED:
            move(request, State.LOCATING, actor=actors.system(request.namespace_id), now=clock())
        if request.state != State.LOCATING:
            log.info("already_located", erasure_request=str(request_id), state=request.state)
            return
        people = subjects.of(request)
        datasets = [
            (dataset.pk, wanted)
            for dataset in Dataset.objects.order_by("pk")
            if (wanted := wanted_in(people, identifiers=identifiers_of(dataset.identifiers)))
        ]
    values = subjects.values_in(people)
    found: list[FoundObject] = []
    unreachable: list[Unreachable] = []
    for dataset_id, wanted in datasets:
        for one in in_dataset(dataset_id, wanted, work=work, lake=lake, clock=clock):
            match _masked(one, values):
                case FoundObject() as masked:
                    found.append(masked)
                case Unreachable() as masked:
                    unreachable.append(masked)
    _store(request_id, found, unreachable, work=work, clock=clock)


def _masked(one: FoundObject | Unreachable, values: frozenset[str]) -> FoundObject | Unreachable:
    return replace(one, name=masks.without(one.name, values=values))


def in_dataset(
    dataset_id: UUID, wanted: frozenset[Wanted], *, work: Work, lake: Lake, clock: Clock
) -> Iterator[FoundObject | Unreachable]:
    """What one dataset holds of the people: asked of its engine, or found by the index."""
    with work.scope():
        row = Dataset.objects.select_related("storage_layer").get(pk=dataset_id)
        until = holds.until_of(dataset_id)
    if until:
        yield Unreachable(
            name=f"{row.storage_layer.name}/{row.prefix}", reason=holds.REASON, until=until
        )
        return
    try:
        if row.format == Format.TABLE:
            with work.scope():
                opened = tables.opened(row, lake=lake)
            yield from tables.located(opened, wanted, work=work, clock=clock)
            return
        refreshed = indexing.refresh(dataset_id=dataset_id, work=work, lake=lake, clock=clock)
        yield from refreshed.unreachable
        with work.scope():
            dataset = indexing.opened(row, lake=lake)
            candidates = list(objects_with(dataset, wanted, lake=lake))
    except LayerInvalid as refusal:
        yield Unreachable(name=f"dataset {dataset_id}", reason=refusal.code)
        return
    for position, candidate in enumerate(candidates, 1):
        found = _in_object(dataset, candidate, wanted, work, lake, clock)
        if found is not None:
            yield found
        work.progress(done=position, total=len(candidates))


def objects_with(
    dataset: OpenDataset, wanted: frozenset[Wanted], *, lake: Lake
) -> Iterator[LakeObject]:
    """Objects that may hold the people: as the index says, or all of them. Needs the scope."""
    rows = LakeObject.objects.filter(dataset_id=dataset.id).order_by("key", "-current", "version")
    if dataset.locator is Locator.SCAN:
        yield from rows
        return
    places = lake.index.places(fingerprints=findings.fingerprints(wanted, key=dataset.key))
    numbers = {place.object_number for place in places}
    yield from rows.filter(number__in=numbers)


def _in_object(
    dataset: OpenDataset,
    row: LakeObject,
    wanted: frozenset[Wanted],
    work: Work,
    lake: Lake,
    clock: Clock,
) -> FoundObject | Unreachable | None:
    name = f"{dataset.name}/{row.key}" + ("" if row.current else f" (version {row.version})")
    try:
        finding = findings.find(
            dataset=dataset, row=row, wanted=wanted, work=work, lake=lake, clock=clock
        )
    except ObjectUnreachable as refusal:
        return indexing.unreachable(name, refusal)
    if finding is None or not (finding.present or finding.unclear or finding.held):
        return None
    found = FoundObject(
        number=finding.row.number,
        dataset_id=str(dataset.id),
        name=name,
        version=finding.row.version,
        size=finding.row.size,
        records=len(finding.present),
        bytes=finding.bytes,
        unclear=len(finding.unclear),
        held=finding.held,
        held_until=dataset.held.until if finding.held else "",
        named=finding.named,
        plan=finding.plan,
    )
    return replace(found, detail=_detail(dataset, finding, found))


def _detail(dataset: OpenDataset, finding: Finding, found: FoundObject) -> str:
    """More of the plan, in words."""
    if not found.goes_whole:
        return _effort(dataset, finding)
    unreadable = max(finding.row.unreadable, found.unclear)
    are = "record that cannot be read is" if unreadable == 1 else "records that cannot be read are"
    return f"{unreadable} {are} in it, and removed with it" if unreadable else ""


def _effort(dataset: OpenDataset, finding: Finding) -> str:
    """What the layer says of the work, where it can be told before it is done."""
    if finding.plan is not Plan.SPLICE or not finding.present:
        return ""
    row = finding.row
    try:
        with dataset.layer.open(key=row.key, version=row.version) as source:
            segments = dataset.format.segments(source=source, cuts=finding.present)
            return dataset.layer.effort(size=row.size, segments=segments)
    except (ObjectChanged, ObjectUnreachable):
        return ""  # Carrying it out finds that too, and says so.


def _store(
    request_id: UUID,
    found: list[FoundObject],
    unreachable: list[Unreachable],
    *,
    work: Work,
    clock: Clock,
) -> None:
    now = clock()
    with work.scope():
        request = ErasureRequest.objects.select_for_update().get(pk=request_id)
        document = reports.document(
            request_id=str(request.pk),
            located_at=now,
            fingerprints=request.fingerprints,
            found=found,
            unreachable=unreachable,
        )
        report_hash = reports.digest(document)
        ErasureReport.objects.create(erasure_request=request, document=document, hash=report_hash)
        request.report_hash = report_hash
        request.save(update_fields=["report_hash", "updated_at"])
        actor = actors.system(request.namespace_id)
        trail.record(
            actor=actor,
            action="erasure.reported",
            target=request,
            detail={"report_hash": report_hash, **document["totals"]},
            now=now,
        )
        move(request, State.AWAITING_APPROVAL, actor=actor, now=now)
        messages.enqueue_job(
            name=job_names.ASK_OFFICERS,
            key=f"{request.pk}:{report_hash}",
            erasure_request_id=request.pk,
        )
