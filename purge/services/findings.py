"""Finding people's records in one version of an object, each confirmed in the object itself."""

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from itertools import chain
from typing import NamedTuple

from purge.domain.identifiers import UNREADABLE, Wanted, fingerprint
from purge.domain.locators import WHOLE_OBJECT, Locator
from purge.domain.matching import Verdict
from purge.domain.plans import Plan
from purge.domain.spans import WHOLE, Cuts, Span
from purge.models import LakeObject
from purge.ports import Lake, ObjectChanged, ObjectUnreachable, ReadableObject, Work
from purge.services import holds, indexing, sightings, whole_objects
from purge.services.indexing import Clock, OpenDataset
from purge.services.sightings import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The people's records in one version of an object.

    `indexed` and `present` are the same records, in the index's and in the object's positions.
    `bytes` is what taking them out frees, as near as the format can tell. `held` records are theirs
    too, and stay: they name somebody who is on legal hold. `named` records name them, exactly or
    nearly: what was only unreadable is not among them.
    """

    row: LakeObject
    plan: Plan
    indexed: tuple[Span, ...]
    present: tuple[Span, ...]
    unclear: tuple[Span, ...]
    bytes: int
    held: int = 0
    named: int = 0
    seen: Seen | None = None
    """Erased people who were met where no index would have met them."""


class Place(NamedTuple):
    """A record that may be theirs. Not `named`: it cannot be read, and may be anybody's."""

    indexed: Span
    present: Span
    named: bool


@dataclass(frozen=True, slots=True)
class Left:
    """What reading an object without the index showed."""

    theirs: int
    unclear: int
    held: int = 0
    held_until: str = ""


def fingerprints(wanted: frozenset[Wanted], *, key: bytes) -> list[int]:
    """What to look up: the wanted values, and records that could not be read."""
    return [
        UNREADABLE,
        *(fingerprint(key=key, name=one.name, kind=one.type, value=one.value) for one in wanted),
    ]


def find(
    *,
    dataset: OpenDataset,
    row: LakeObject,
    wanted: frozenset[Wanted],
    work: Work,
    lake: Lake,
    clock: Clock,
) -> Finding | None:
    """The people's records in the object's present version, or in that old one. None: it is gone.

    Where the object changed since it was indexed, it is indexed again first.
    """
    for _ in range(indexing.TRIES):
        try:
            finding = _in_version(dataset=dataset, row=row, wanted=wanted, work=work, lake=lake)
        except ObjectChanged:
            again = indexing.read_object(
                dataset=dataset, listed=row, work=work, lake=lake, clock=clock
            )
            if again is None:
                return None
            row = again
        else:
            if finding.seen is not None and finding.seen.met:
                with work.scope():
                    seen = finding.seen
                    sightings.note(met=seen.met, row=row, count=seen.count, now=clock())
            return finding
    raise ObjectUnreachable(reason="keeps_changing")


def _in_version(
    *, dataset: OpenDataset, row: LakeObject, wanted: frozenset[Wanted], work: Work, lake: Lake
) -> Finding:
    dataset.held.check_place(row.key)
    if dataset.locator is not Locator.ROW:
        return _allowed(dataset, _without_index(dataset, row, wanted))
    places = _places(dataset=dataset, row=row, wanted=wanted, work=work, lake=lake)
    with dataset.layer.open(key=row.key, version=row.version) as source:
        finding = _judged(dataset, row, wanted, places, source)
    return _allowed(dataset, finding)


def _allowed(dataset: OpenDataset, finding: Finding) -> Finding:
    """Raises ObjectUnreachable where what is to go would take with it what is on hold."""
    held, layer, row = dataset.held, dataset.layer, finding.row
    if not held or not finding.present:
        return finding
    goes_whole = finding.plan is not Plan.SPLICE
    if held.keeps_object(layer, key=row.key, version=row.version) or (
        goes_whole and held.keeps_anything(layer, key=row.key, version=row.version)
    ):
        raise ObjectUnreachable(reason=holds.REASON, until=held.until)
    return finding


def _places(
    *, dataset: OpenDataset, row: LakeObject, wanted: frozenset[Wanted], work: Work, lake: Lake
) -> Sequence[Place]:
    named: dict[Span, bool] = {}
    with work.scope():
        for one in lake.index.places(
            fingerprints=fingerprints(wanted, key=dataset.key), object_numbers=[row.number]
        ):
            named[one.span] = named.get(one.span, False) or one.fingerprint != UNREADABLE
    cuts = Cuts(Span(*cut) for cut in row.cuts)
    return [Place(span, cuts.present(span), named[span]) for span in sorted(named)]


def _whole(dataset: OpenDataset, row: LakeObject, wanted: frozenset[Wanted]) -> Finding:
    """The object as one record of somebody's. Raises ObjectChanged if it is gone."""
    if row.current and dataset.layer.version(key=row.key) != row.version:
        raise ObjectChanged
    told = _told(dataset, row.key, row.version)
    verdict = told.judge(wanted=wanted)
    theirs = (WHOLE,) if verdict is Verdict.THEIRS else ()
    return Finding(
        row=row,
        plan=Plan.REMOVE_OBJECT if row.current else Plan.REMOVE_VERSION,
        indexed=theirs,
        present=theirs,
        unclear=(WHOLE,) if verdict is Verdict.UNCLEAR else (),
        bytes=row.size if theirs else 0,
        named=int(verdict is not Verdict.OTHER and told.candidates is not None),
    )


def _told(dataset: OpenDataset, key: str, version: str) -> whole_objects.Told:
    return whole_objects.told(
        layer=dataset.layer,
        locator=dataset.locator,
        identifiers=dataset.identifiers,
        key=key,
        version=version,
    )


def _scanned(
    dataset: OpenDataset, source: ReadableObject, wanted: frozenset[Wanted], seen: Seen
) -> Iterator[Place]:
    """Where the object may hold the people, from reading all of it."""
    asked = {(one.type, one.name, one.value) for one in wanted}
    batches = dataset.format.scan(source=source, identifiers=dataset.identifiers)
    for span, candidates in chain.from_iterable(batch.records() for batch in batches):
        if candidates is None or not asked.isdisjoint(candidates):
            yield Place(span, span, candidates is not None)
        seen.look(span, candidates or ())


def _judged(
    dataset: OpenDataset,
    row: LakeObject,
    wanted: frozenset[Wanted],
    places: Sequence[Place],
    source: ReadableObject,
) -> Finding:
    theirs: list[Place] = []
    unclear: list[Span] = []
    size = held = 0
    records = dataset.format.records(source=source, spans=[one.present for one in places])
    for place, record in zip(places, records, strict=True):
        match record.judge(identifiers=dataset.identifiers, wanted=wanted):
            case Verdict.THEIRS if dataset.held.keeps_record(record, key=row.key):
                held += 1
            case Verdict.THEIRS:
                theirs.append(place)
                size += record.size
            case Verdict.UNCLEAR:
                unclear.append(place.present)
            case Verdict.OTHER:
                pass
    return Finding(
        row=row,
        plan=Plan.SPLICE if row.current else Plan.REMOVE_VERSION,
        indexed=tuple(one.indexed for one in theirs),
        present=tuple(one.present for one in theirs),
        unclear=tuple(unclear),
        bytes=size,
        held=held,
        named=sum(one.named for one in places),
    )


def samples(
    *, dataset: OpenDataset, finding: Finding, limit: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The first records as text: theirs, and the unclear ones. Raises ObjectChanged."""
    row = finding.row
    if dataset.locator in WHOLE_OBJECT:
        whole = (f"the whole object, {row.size} bytes",)
        return (whole if finding.present else ()), (whole if finding.unclear else ())
    with dataset.layer.open(key=row.key, version=row.version) as source:
        theirs, unclear = (
            tuple(
                record.sample()
                for record in dataset.format.records(source=source, spans=spans[:limit])
            )
            for spans in (finding.present, finding.unclear)
        )
    return theirs, unclear


def still_there(*, dataset: OpenDataset, row: LakeObject, wanted: frozenset[Wanted]) -> Left | None:
    """Every record of the object (or of that old version), without the index. None: it is gone.

    Raises ObjectChanged if it changed meanwhile.
    """
    version = dataset.layer.version(key=row.key) if row.current else row.version
    if version is None:
        return None
    at = copy(row)
    at.version = version
    try:
        finding = _without_index(dataset, at, wanted)
    except ObjectChanged:
        if row.current:
            raise
        return None
    theirs, held = len(finding.present), finding.held
    if theirs and dataset.held.keeps_object(dataset.layer, key=at.key, version=version):
        theirs, held = 0, held + theirs
    return Left(theirs, len(finding.unclear), held, dataset.held.until if held else "")


def _without_index(dataset: OpenDataset, row: LakeObject, wanted: frozenset[Wanted]) -> Finding:
    if dataset.locator in WHOLE_OBJECT:
        return _whole(dataset, row, wanted)
    with dataset.layer.open(key=row.key, version=row.version) as source:
        seen = Seen(key=dataset.key, erased=dataset.erased)
        places = list(_scanned(dataset, source, wanted, seen))
        return replace(_judged(dataset, row, wanted, places, source), seen=seen)
