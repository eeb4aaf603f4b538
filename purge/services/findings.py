"""Finding people's records in one version of an object, each confirmed in the object itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from purge.domain.identifiers import UNREADABLE, Wanted, fingerprint
from purge.domain.matching import Verdict
from purge.domain.plans import Plan
from purge.domain.spans import Cuts, Span
from purge.models import LakeObject, Locator
from purge.ports import Lake, ObjectChanged, ObjectUnreachable, ReadableObject, Work
from purge.services import indexing
from purge.services.indexing import Clock, OpenDataset


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The people's records in one version of an object.

    `indexed` and `present` are the same records, in the index's and in the object's positions.
    `bytes` is what taking them out frees, as near as the format can tell.
    """

    row: LakeObject
    plan: Plan
    indexed: tuple[Span, ...]
    present: tuple[Span, ...]
    unclear: tuple[Span, ...]
    bytes: int


@dataclass(frozen=True, slots=True)
class Left:
    """What reading an object without the index showed."""

    theirs: int
    unclear: int


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
            return _in_version(dataset=dataset, row=row, wanted=wanted, work=work, lake=lake)
        except ObjectChanged:
            again = indexing.read_object(
                dataset=dataset, listed=row, work=work, lake=lake, clock=clock
            )
            if again is None:
                return None
            row = again
    raise ObjectUnreachable(reason="keeps_changing")


def _in_version(
    *, dataset: OpenDataset, row: LakeObject, wanted: frozenset[Wanted], work: Work, lake: Lake
) -> Finding:
    if dataset.locator is Locator.SCAN:
        with dataset.layer.open(key=row.key, version=row.version) as source:
            spans = _scanned(dataset, source, wanted)
            return _judged(dataset, row, wanted, [(span, span) for span in spans], source)
    pairs = _places(dataset=dataset, row=row, wanted=wanted, work=work, lake=lake)
    with dataset.layer.open(key=row.key, version=row.version) as source:
        return _judged(dataset, row, wanted, pairs, source)


def _places(
    *, dataset: OpenDataset, row: LakeObject, wanted: frozenset[Wanted], work: Work, lake: Lake
) -> Sequence[tuple[Span, Span]]:
    with work.scope():
        places = lake.index.places(
            fingerprints=fingerprints(wanted, key=dataset.key), object_numbers=[row.number]
        )
        cuts = Cuts(Span(*cut) for cut in row.cuts)
        return [(span, cuts.present(span)) for span in sorted({one.span for one in places})]


def _scanned(
    dataset: OpenDataset, source: ReadableObject, wanted: frozenset[Wanted]
) -> Sequence[Span]:
    """Where the object may hold the people, from reading all of it."""
    asked = {(one.type, one.name, one.value) for one in wanted}
    return [
        record.span
        for record in dataset.format.scan(source=source, identifiers=dataset.identifiers)
        if record.candidates is None or not asked.isdisjoint(record.candidates)
    ]


def _judged(
    dataset: OpenDataset,
    row: LakeObject,
    wanted: frozenset[Wanted],
    pairs: Sequence[tuple[Span, Span]],
    source: ReadableObject,
) -> Finding:
    theirs: list[tuple[Span, Span]] = []
    unclear: list[Span] = []
    size = 0
    records = dataset.format.records(source=source, spans=[present for _, present in pairs])
    for (indexed, present), record in zip(pairs, records, strict=True):
        match record.judge(identifiers=dataset.identifiers, wanted=wanted):
            case Verdict.THEIRS:
                theirs.append((indexed, present))
                size += record.size
            case Verdict.UNCLEAR:
                unclear.append(present)
            case Verdict.OTHER:
                pass
    return Finding(
        row=row,
        plan=Plan.SPLICE if row.current else Plan.REMOVE_VERSION,
        indexed=tuple(indexed for indexed, _ in theirs),
        present=tuple(present for _, present in theirs),
        unclear=tuple(unclear),
        bytes=size,
    )


def samples(
    *, dataset: OpenDataset, finding: Finding, limit: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The first records as text: theirs, and the unclear ones. Raises ObjectChanged."""
    row = finding.row
    with dataset.layer.open(key=row.key, version=row.version) as source:
        theirs, unclear = (
            tuple(
                record.sample()
                for record in dataset.format.records(source=source, spans=spans[:limit])
            )
            for spans in (finding.present, finding.unclear)
        )
    return theirs, unclear


def still_there(*, dataset: OpenDataset, key: str, wanted: frozenset[Wanted]) -> Left | None:
    """Every record of the object, read without the index. None: the object is gone.

    Raises ObjectChanged if it changed meanwhile.
    """
    version = dataset.layer.version(key=key)
    if version is None:
        return None
    with dataset.layer.open(key=key, version=version) as source:
        spans = _scanned(dataset, source, wanted)
        verdicts = list(_verdicts(dataset, source, spans, wanted))
    return Left(verdicts.count(Verdict.THEIRS), verdicts.count(Verdict.UNCLEAR))


def _verdicts(
    dataset: OpenDataset,
    source: ReadableObject,
    spans: Sequence[Span],
    wanted: frozenset[Wanted],
) -> Iterator[Verdict]:
    for record in dataset.format.records(source=source, spans=spans):
        yield record.judge(identifiers=dataset.identifiers, wanted=wanted)
