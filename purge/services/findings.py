"""Finding people's records in one version of an object, each confirmed in the object itself."""

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from itertools import chain

from purge.domain.identifiers import Wanted
from purge.domain.locators import WHOLE_OBJECT, Locator
from purge.domain.matching import Verdict
from purge.domain.plans import Plan
from purge.domain.spans import WHOLE, Span
from purge.models import LakeObject
from purge.ports import Lake, ObjectChanged, ObjectUnreachable, ReadableObject, Work
from purge.services import holds, indexing, places, returns, whole_objects
from purge.services.indexing import Clock, OpenDataset
from purge.services.places import Place
from purge.services.returns import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The people's records in one version of an object.

    `indexed` and `present` are the same records, in the index's and in the object's positions.
    `bytes` is what taking them out frees, as near as the format can tell. `held` records are theirs
    too, and stay: they name somebody who is on legal hold. `named` records name them, exactly or
    nearly: what was only unreadable is not among them. `effort` is what the layer says of cutting
    them, where that was asked for and can be told before.
    """

    row: LakeObject
    plan: Plan
    indexed: tuple[Span, ...]
    present: tuple[Span, ...]
    unclear: tuple[Span, ...]
    bytes: int
    held: int = 0
    named: int = 0
    effort: str = ""
    seen: Seen | None = None
    """Erased people who were met where no index would have met them."""


@dataclass(frozen=True, slots=True)
class Left:
    """What reading an object without the index showed."""

    theirs: int
    unclear: int
    held: int = 0
    held_until: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    """Whom to look for, where, and whether to ask the layer what cutting them would take."""

    dataset: OpenDataset
    wanted: frozenset[Wanted]
    tells_effort: bool = False


def find(
    *, search: Search, row: LakeObject, work: Work, lake: Lake, clock: Clock
) -> Finding | None:
    """The people's records in the object's present version, or in that old one. None: it is gone.

    Where the object changed since it was indexed, it is indexed again first.
    """
    for _ in range(indexing.TRIES):
        with work.scope():
            found = places.of_rows([row], dataset=search.dataset, wanted=search.wanted, lake=lake)
        try:
            finding = confirmed(search=search, row=row, there=found[row.number])
        except ObjectChanged:
            again = indexing.read_object(
                dataset=search.dataset, listed=row, work=work, lake=lake, clock=clock
            )
            if again is None:
                return None
            row = again
        else:
            note(finding, work=work, clock=clock)
            return finding
    raise ObjectUnreachable(reason="keeps_changing")


def note(finding: Finding, *, work: Work, clock: Clock) -> None:
    """Write down which erased people were met."""
    seen = finding.seen
    if seen is not None and seen.met:
        with work.scope():
            returns.note(met=seen.met, row=finding.row, count=seen.count, now=clock())


def confirmed(*, search: Search, row: LakeObject, there: Sequence[Place]) -> Finding:
    """What of that is so, read in the object itself, with no table asked.

    Raises ObjectChanged where it is not the version that was indexed.
    """
    dataset, wanted = search.dataset, search.wanted
    dataset.held.check_place(row.key)
    if dataset.locator in WHOLE_OBJECT:
        return _allowed(dataset, _whole(dataset, row, wanted))
    with dataset.layer.open(key=row.key, version=row.version) as source:
        finding = (
            _judged(dataset, row, wanted, there, source)
            if dataset.locator is Locator.ROW
            else _read_whole(dataset, row, wanted, source)
        )
        if search.tells_effort:
            finding = replace(finding, effort=_effort(dataset, finding, source))
    return _allowed(dataset, finding)


def _effort(dataset: OpenDataset, finding: Finding, source: ReadableObject) -> str:
    if finding.plan is not Plan.SPLICE or not finding.present:
        return ""
    try:
        segments = dataset.format.segments(source=source, cuts=finding.present)
        return dataset.layer.effort(size=finding.row.size, segments=segments)
    except ObjectUnreachable:
        return ""  # Carrying it out finds that too, and says so.


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
    there: Sequence[Place],
    source: ReadableObject,
) -> Finding:
    theirs: list[Place] = []
    unclear: list[Span] = []
    size = held = 0
    records = dataset.format.records(source=source, spans=[one.present for one in there])
    for place, record in zip(there, records, strict=True):
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
        named=sum(one.named for one in there),
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
    at = copy(row)
    try:
        finding = _without_index(dataset, at, wanted)
    except ObjectChanged:
        version = dataset.layer.version(key=row.key) if row.current else None
        if version is None:
            return None
        at.version = version
        finding = _without_index(dataset, at, wanted)
    theirs, held = len(finding.present), finding.held
    if theirs and dataset.held.keeps_object(dataset.layer, key=at.key, version=at.version):
        theirs, held = 0, held + theirs
    return Left(theirs, len(finding.unclear), held, dataset.held.until if held else "")


def _without_index(dataset: OpenDataset, row: LakeObject, wanted: frozenset[Wanted]) -> Finding:
    if dataset.locator in WHOLE_OBJECT:
        return _whole(dataset, row, wanted)
    with dataset.layer.open(key=row.key, version=row.version) as source:
        return _read_whole(dataset, row, wanted, source)


def _read_whole(
    dataset: OpenDataset, row: LakeObject, wanted: frozenset[Wanted], source: ReadableObject
) -> Finding:
    seen = Seen(key=dataset.key, erased=dataset.erased)
    there = list(_scanned(dataset, source, wanted, seen))
    return replace(_judged(dataset, row, wanted, there, source), seen=seen)
