"""Locating: look up every dataset, confirm in the objects, store a report, ask the officers.

1. take the request to LOCATING (or go on where a killed worker was);
2. bring the index of each dataset that knows the identifiers up to date;
3. look up, and confirm each record in its object;
4. store the report and its hash, and tell the officers.

Nothing before the last step is kept, so a second run starts over and ends the same.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import NamedTuple
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
from purge.domain.reports import FoundObject, Unreachable
from purge.models import Dataset, ErasureReport, ErasureRequest, LakeObject
from purge.ports import Format, Lake, LayerInvalid, ObjectChanged, ObjectUnreachable, Work
from purge.services import (
    data_map_digests,
    findings,
    holds,
    indexing,
    places,
    subjects,
    tables,
    threads,
)
from purge.services.findings import Finding, Search
from purge.services.indexing import Clock, OpenDataset
from purge.services.places import Place
from purge.services.transitions import move

log = structlog.get_logger(__name__)

A_SHARE, PLACES_AT_ONCE = 64, 20_000
"""Objects that are looked up in one transaction, and the places of records held for them."""


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
            candidates = _candidates(dataset, wanted, lake=lake)
    except LayerInvalid as refusal:
        yield Unreachable(name=f"dataset {dataset_id}", reason=refusal.code)
        return
    search = Search(dataset, wanted, tells_effort=True)
    kind, told = row.storage_layer.kind, set(refreshed.unreachable)
    for one in _found_by(search, kind, candidates, work=work, lake=lake, clock=clock):
        if one not in told:  # What could not be indexed again cannot be read either.
            yield one


class Candidate(NamedTuple):
    """An object that may hold the people, and where the index says so."""

    row: LakeObject
    there: Sequence[Place]


Outcome = Finding | ObjectChanged | ObjectUnreachable
"""What came of reading an object."""


def _found_by(
    search: Search, kind: str, candidates: Counter[int], *, work: Work, lake: Lake, clock: Clock
) -> Iterator[FoundObject | Unreachable]:
    """In the order of the candidates; many small ones of a bucket are read beside each other."""

    def read(candidate: Candidate) -> tuple[Candidate, Outcome]:
        return candidate, _outcome(search, candidate)

    def is_threaded(candidate: Candidate) -> bool:
        return threads.suits(kind=kind, size=candidate.row.size)

    telling = threads.Telling(work=work, clock=clock, total=len(candidates))
    looked_up = _looked_up(search, candidates, work=work, lake=lake)
    with closing(threads.in_order(looked_up, act=read, is_threaded=is_threaded)) as outcomes:
        for candidate, outcome in outcomes:
            found = _settled(search, candidate.row, outcome, work=work, lake=lake, clock=clock)
            if found is not None:
                yield found
            telling.one_more()


def _candidates(dataset: OpenDataset, wanted: frozenset[Wanted], *, lake: Lake) -> Counter[int]:
    """The numbers of objects that may hold the people, in the report's order, with how many places.

    As the index says, or all of them. Needs the scope.
    """
    numbers = (
        LakeObject.objects.filter(dataset_id=dataset.id)
        .order_by("key", "-current", "version")
        .values_list("number", flat=True)
    )
    if dataset.locator is Locator.SCAN:
        return Counter(dict.fromkeys(numbers, 0))
    prints = places.fingerprints(wanted, key=dataset.key)
    named = Counter(one.object_number for one in lake.index.places(fingerprints=prints))
    return Counter({one: named[one] for one in numbers.filter(number__in=named)})


def _looked_up(
    search: Search, candidates: Counter[int], *, work: Work, lake: Lake
) -> Iterator[Candidate]:
    """The candidates that are still there, with their places: many in one transaction."""
    for numbers in _shares(candidates):
        with work.scope():
            rows = LakeObject.objects.in_bulk(numbers, field_name="number")
            found = places.of_rows(
                list(rows.values()), dataset=search.dataset, wanted=search.wanted, lake=lake
            )
        yield from (Candidate(rows[one], found[one]) for one in numbers if one in rows)


def _shares(candidates: Counter[int]) -> Iterator[list[int]]:
    """So many that their places fit in memory."""
    share: list[int] = []
    held = 0
    for number, count in candidates.items():
        if share and (len(share) == A_SHARE or held + count > PLACES_AT_ONCE):
            yield share
            share, held = [], 0
        share.append(number)
        held += count
    if share:
        yield share


def _outcome(search: Search, candidate: Candidate) -> Outcome:
    """Read the object. Asks no table: any thread may do it."""
    try:
        return findings.confirmed(search=search, row=candidate.row, there=candidate.there)
    except (ObjectChanged, ObjectUnreachable) as refusal:
        return refusal


def _settled(
    search: Search, row: LakeObject, outcome: Outcome, *, work: Work, lake: Lake, clock: Clock
) -> FoundObject | Unreachable | None:
    name = f"{search.dataset.name}/{row.key}" + ("" if row.current else f" (version {row.version})")
    try:
        finding = _finding(search, row, outcome, work=work, lake=lake, clock=clock)
    except ObjectUnreachable as refusal:
        return indexing.unreachable(name, refusal)
    if finding is None or not (finding.present or finding.unclear or finding.held):
        return None
    return _described(search.dataset, name, finding)


def _finding(
    search: Search, row: LakeObject, outcome: Outcome, *, work: Work, lake: Lake, clock: Clock
) -> Finding | None:
    match outcome:
        case Finding():
            findings.note(outcome, work=work, clock=clock)
            return outcome
        case ObjectChanged():
            return findings.find(search=search, row=row, work=work, lake=lake, clock=clock)
        case ObjectUnreachable():
            raise outcome


def _described(dataset: OpenDataset, name: str, finding: Finding) -> FoundObject:
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
    return replace(found, detail=_detail(finding, found))


def _detail(finding: Finding, found: FoundObject) -> str:
    """More of the plan, in words."""
    if not found.goes_whole:
        return finding.effort
    unreadable = max(finding.row.unreadable, found.unclear)
    are = "record that cannot be read is" if unreadable == 1 else "records that cannot be read are"
    return f"{unreadable} {are} in it, and removed with it" if unreadable else ""


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
            data_map=data_map_digests.of_datasets(one.dataset_id for one in found),
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
