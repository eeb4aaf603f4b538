"""Finding a person's records in one object: by the index, confirmed in the object itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from purge.domain.identifiers import UNREADABLE, Wanted, fingerprint
from purge.domain.matching import Verdict
from purge.domain.spans import Cuts, Span
from purge.models import LakeObject
from purge.ports import (
    Lake,
    ObjectChanged,
    ObjectUnreachable,
    ReadableObject,
    Work,
)
from purge.services import indexing
from purge.services.indexing import Clock, OpenDataset


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The records of the person in one version of an object.

    `indexed` and `present` are the same records, in the index's and in the object's positions.
    """

    row: LakeObject
    indexed: tuple[Span, ...]
    present: tuple[Span, ...]
    unclear: tuple[Span, ...]

    @property
    def bytes(self) -> int:
        return sum(span.length for span in self.present)


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
    """The person's records in the object's present version. None: the object is gone.

    Where the object changed since it was indexed, it is indexed again first.
    """
    for _ in range(indexing.TRIES):
        pairs = _places(dataset=dataset, row=row, wanted=wanted, work=work, lake=lake)
        try:
            with dataset.layer.open(key=row.key, version=row.version) as source:
                return _judged(dataset=dataset, row=row, wanted=wanted, pairs=pairs, source=source)
        except ObjectChanged:
            again = indexing.read_object(
                dataset=dataset, key=row.key, work=work, lake=lake, clock=clock
            )
            if again is None:
                return None
            row = again
    raise ObjectUnreachable(reason="keeps_changing")


def _places(
    *, dataset: OpenDataset, row: LakeObject, wanted: frozenset[Wanted], work: Work, lake: Lake
) -> Sequence[tuple[Span, Span]]:
    with work.scope():
        places = lake.index.places(
            fingerprints=fingerprints(wanted, key=dataset.key), object_numbers=[row.number]
        )
        cuts = Cuts(Span(*cut) for cut in row.cuts)
        return [(span, cuts.present(span)) for span in sorted({one.span for one in places})]


def _judged(
    *,
    dataset: OpenDataset,
    row: LakeObject,
    wanted: frozenset[Wanted],
    pairs: Sequence[tuple[Span, Span]],
    source: ReadableObject,
) -> Finding:
    theirs: list[tuple[Span, Span]] = []
    unclear: list[Span] = []
    for indexed, present in pairs:
        raw = source.read(present)
        match dataset.format.judge(raw=raw, identifiers=dataset.identifiers, wanted=wanted):
            case Verdict.THEIRS:
                theirs.append((indexed, present))
            case Verdict.UNCLEAR:
                unclear.append(present)
            case Verdict.OTHER:
                pass
    return Finding(
        row=row,
        indexed=tuple(indexed for indexed, _ in theirs),
        present=tuple(present for _, present in theirs),
        unclear=tuple(unclear),
    )


def still_there(
    *, dataset: OpenDataset, key: str, wanted: frozenset[Wanted]
) -> tuple[int, int] | None:
    """Every record of the object, read without the index: how many are theirs, how many unclear.

    None: the object is gone. Raises ObjectChanged if it changed meanwhile.
    """
    version = dataset.layer.version(key=key)
    if version is None:
        return None
    theirs = unclear = 0
    asked = {(one.type, one.name, one.value) for one in wanted}
    with dataset.layer.open(key=key, version=version) as source:
        for record in dataset.format.scan(source=source, identifiers=dataset.identifiers):
            if record.candidates is None or not asked.isdisjoint(record.candidates):
                raw = source.read(record.span)
                judged = dataset.format.judge(
                    raw=raw, identifiers=dataset.identifiers, wanted=wanted
                )
                theirs += judged is Verdict.THEIRS
                unclear += judged is Verdict.UNCLEAR
    return theirs, unclear
