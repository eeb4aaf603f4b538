"""Where the index says that people's records may be, of many objects at once."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from purge.domain.identifiers import UNREADABLE, Wanted, fingerprint
from purge.domain.locators import Locator
from purge.domain.spans import Cuts, Span
from purge.models import LakeObject
from purge.ports import Lake
from purge.services.indexing import OpenDataset


class Place(NamedTuple):
    """A record that may be theirs. Not `named`: it cannot be read, and may be anybody's."""

    indexed: Span
    present: Span
    named: bool


def fingerprints(wanted: frozenset[Wanted], *, key: bytes) -> list[int]:
    """What to look up: the wanted values, and records that could not be read."""
    return [
        UNREADABLE,
        *(fingerprint(key=key, name=one.name, kind=one.type, value=one.value) for one in wanted),
    ]


def of_rows(
    rows: Sequence[LakeObject], *, dataset: OpenDataset, wanted: frozenset[Wanted], lake: Lake
) -> Mapping[int, Sequence[Place]]:
    """Where in each of the objects the index says that they may be, by number. Needs the scope."""
    named: dict[int, dict[Span, bool]] = {row.number: {} for row in rows}
    if dataset.locator is Locator.ROW:
        prints = fingerprints(wanted, key=dataset.key)
        for one in lake.index.places(fingerprints=prints, object_numbers=list(named)):
            spans = named[one.object_number]
            spans[one.span] = spans.get(one.span, False) or one.fingerprint != UNREADABLE
    return {row.number: _present(row, named[row.number]) for row in rows}


def _present(row: LakeObject, named: Mapping[Span, bool]) -> Sequence[Place]:
    cuts = Cuts(Span(*cut) for cut in row.cuts)
    return [Place(span, cuts.present(span), named[span]) for span in sorted(named)]
