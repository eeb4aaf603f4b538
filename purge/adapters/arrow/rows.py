"""Whose rows are in Arrow batches: marked by the column first, then judged one by one.

Most rows are nobody's who is asked for, and a comparison of whole columns says so quickly. What it
marks is judged as records of every other format are (`purge/domain/matching.py`).
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial, reduce
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from purge.domain import matching
from purge.domain.identifiers import Identifier, IdentifierType, Wanted, canonical
from purge.domain.lookups import Lookup, lookups
from purge.domain.matching import TooAmbiguousError, Verdict
from purge.ports import Sought

Path = tuple[str, ...]
Row = Mapping[str, object]
Values = dict[tuple[Path, ...], set[tuple[object, ...]]]


@dataclass(slots=True)
class Tally:
    """What the rows hold of the people.

    `values`: what stood at the paths of an identifier in rows that are to go, as the table has it.
    `kept`: the same of rows that are theirs, and stay for a hold: by whose identifier they stay.
    """

    rows: int = 0
    unclear: int = 0
    held: int = 0
    values: Values = field(default_factory=lambda: defaultdict(set))
    kept: Values = field(default_factory=lambda: defaultdict(set))


@dataclass(frozen=True, slots=True)
class Judge:
    """Whose rows are theirs, in one table, and which rows stay for somebody on hold."""

    identifiers: Sequence[Identifier]
    wanted: frozenset[Wanted]
    people: Collection[Wanted] = ()
    known_by: Sequence[Identifier] = ()

    @classmethod
    def of(cls, sought: Sought, *, table: str) -> "Judge":
        keeper = sought.keeper
        return cls(
            sought.identifiers,
            frozenset(sought.wanted),
            keeper.people,
            keeper.identifiers_in(table) if keeper.people else (),
        )

    def columns(self, schema: pa.Schema) -> list[str]:
        """Those that identifiers lie in. Empty where none of the dataset's own is there."""
        own = columns(self.identifiers, schema=schema)
        return columns([*self.identifiers, *self.known_by], schema=schema) if own else []

    def verdict(self, row: Row) -> Verdict:
        return _verdict(row, self.identifiers, self.wanted)

    def kept_by(self, row: Row) -> list[Identifier]:
        """By which identifiers it names, or may name, somebody on hold."""
        return [
            one for one in self.known_by if _verdict(row, [one], self.people) is not Verdict.OTHER
        ]


def columns(identifiers: Sequence[Identifier], *, schema: pa.Schema) -> list[str]:
    """The top columns that identifiers lie in, as far as the table has them."""
    wanted = {path[0] for identifier in identifiers for path in identifier.paths}
    return [name for name in schema.names if name in wanted]


def tally(batches: Iterable[pa.RecordBatch], *, judge: Judge) -> Tally:
    result = Tally()
    for row, verdict in judged(batches, judge=judge):
        if verdict is Verdict.UNCLEAR:
            result.unclear += 1
        elif kept_by := judge.kept_by(row):
            result.held += 1
            _remember(result.kept, kept_by, row)
        else:
            result.rows += 1
            theirs = (
                one
                for one in judge.identifiers
                if _verdict(row, [one], judge.wanted) is Verdict.THEIRS
            )
            _remember(result.values, theirs, row)
    return result


def judged(batches: Iterable[pa.RecordBatch], *, judge: Judge) -> Iterator[tuple[Row, Verdict]]:
    """The rows that may be theirs, each with the verdict; never one that is somebody else's."""
    sought = list(lookups(judge.identifiers, wanted=judge.wanted))
    for batch in batches:
        for row in batch.filter(_mask(batch, sought)).to_pylist():
            verdict = judge.verdict(row)
            if verdict is not Verdict.OTHER:
                yield row, verdict


def without(batch: pa.RecordBatch, *, judge: Judge) -> pa.RecordBatch:
    """The rows that stay."""
    marked = _mask(batch, list(lookups(judge.identifiers, wanted=judge.wanted)))
    candidates = batch.select(judge.columns(batch.schema)).filter(marked).to_pylist()
    going = (judge.verdict(row) is Verdict.THEIRS and not judge.kept_by(row) for row in candidates)
    stays = [not (is_marked and next(going)) for is_marked in marked.to_pylist()]
    return batch.filter(pa.array(stays, pa.bool_()))


def on_hold(batches: Iterable[pa.RecordBatch], *, judge: Judge) -> Iterator[Row]:
    """The rows that name, or may name, somebody on hold, whether they are asked for or not."""
    for batch in batches:
        for row in batch.filter(_mask_of_held(batch, judge)).to_pylist():
            if judge.kept_by(row):
                yield row


def _remember(values: Values, identifiers: Iterable[Identifier], row: Row) -> None:
    for identifier in identifiers:
        values[identifier.paths].add(tuple(_at(row, path) for path in identifier.paths))


def comparable(value: object) -> object:
    """A value as matching knows values. Bytes are text of another type: flagged, never exact."""
    result = value
    match value:
        case Mapping():
            result = {name: comparable(member) for name, member in value.items()}
        case list() | tuple():  # a tuple is a map's entry
            result = [comparable(member) for member in value]
        case Decimal():
            is_whole = value == value.to_integral_value()
            result = int(value) if is_whole else str(value)
        case UUID():
            result = str(value)
        case bytes():
            result = [value.decode("utf-8", "replace")]
        case _:
            pass
    return result


def _verdict(row: Row, identifiers: Sequence[Identifier], wanted: Collection[Wanted]) -> Verdict:
    try:
        found = matching.candidates(comparable(row), identifiers=identifiers)
        return matching.verdict(found, wanted=wanted)
    except TooAmbiguousError:
        return Verdict.UNCLEAR


def _at(row: Row, path: Path) -> object:
    leaf: object = row
    for step in path:
        leaf = leaf.get(step) if isinstance(leaf, Mapping) else None
    return (repr(leaf),) if isinstance(leaf, list | dict) else leaf


def _mask(batch: pa.RecordBatch, sought: Sequence[Lookup]) -> pa.Array:
    return _any(batch, [_marked(batch, one) for one in sought if one.path[0] in batch.schema.names])


def _any(batch: pa.RecordBatch, masks: Iterable[pa.Array]) -> pa.Array:
    nothing = pa.array([False] * batch.num_rows)
    return reduce(pc.or_, (pc.fill_null(one, fill_value=False) for one in masks), nothing)


def _mask_of_held(batch: pa.RecordBatch, judge: Judge) -> pa.Array:
    """Each different value is looked at once; of a composite, each row that has any."""
    masks = []
    for identifier in judge.known_by:
        for path in identifier.paths:
            if path[0] in batch.schema.names:
                column, is_leaf = _leaf(batch, path)
                masks.append(
                    _marked_by_value(column, partial(_is_held, judge.people, identifier))
                    if is_leaf and not identifier.parts
                    else pc.is_valid(column)
                )
    return _any(batch, masks)


def _is_held(people: Collection[Wanted], identifier: Identifier, value: object) -> bool:
    return any(
        found is not None and Wanted(identifier.name, identifier.type, found[0]) in people
        for found in _spellings(value, identifier.type)
    )


def _marked(batch: pa.RecordBatch, lookup: Lookup) -> pa.Array:
    """Rows whose value could be one of those looked for. Generous where types differ."""
    column, is_leaf = _leaf(batch, lookup.path)
    if not is_leaf:
        return pc.is_valid(column)
    if pa.types.is_integer(column.type):
        return pc.is_in(column, pa.array(_fitting(lookup.values, column.type), column.type))
    return _marked_by_value(column, partial(_could_be, lookup))


def _leaf(batch: pa.RecordBatch, path: Path) -> tuple[pa.Array, bool]:
    """What lies at the path, or in its way; whether it is a column of plain values at its end."""
    column = batch.column(path[0])
    for step in path[1:]:
        if not pa.types.is_struct(column.type) or column.type.get_field_index(step) < 0:
            return column, False
        column = pc.struct_field(column, step)
    deep = pa.types.is_nested(column.type) or isinstance(column.type, pa.BaseExtensionType)
    return column, not deep


def _marked_by_value(column: pa.Array, is_wanted: Callable[[object], bool]) -> pa.Array:
    """Each different value is looked at once."""
    plain = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
    distinct = plain.unique()
    flags = [is_wanted(value) for value in distinct.to_pylist()]
    return pc.is_in(plain, distinct.filter(pa.array(flags, pa.bool_())))


def _could_be(lookup: Lookup, value: object) -> bool:
    return any(
        found is not None and found[0] in lookup.values for found in _spellings(value, lookup.type)
    )


def _spellings(value: object, kind: IdentifierType) -> Iterator[tuple[str, bool] | None]:
    leaf = comparable(value)
    for one in leaf if isinstance(leaf, list) else [leaf]:
        yield canonical(one, wanted=kind)


def _fitting(values: Iterable[str], kind: pa.DataType) -> list[int]:
    """Those that a column of this type can hold."""
    bits, signed = kind.bit_width, pa.types.is_signed_integer(kind)
    least, most = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
    numbers = (int(value) for value in values if value.removeprefix("-").isdecimal())
    return [number for number in numbers if least <= number < most]
