"""Whose rows are in Arrow batches: marked by the column first, then judged one by one.

Most rows are nobody's who is asked for, and a comparison of whole columns says so quickly. What it
marks is judged as records of every other format are (`purge/domain/matching.py`).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from purge.domain import matching
from purge.domain.identifiers import Identifier, Wanted, canonical
from purge.domain.lookups import Lookup, lookups
from purge.domain.matching import TooAmbiguousError, Verdict

Path = tuple[str, ...]
Row = Mapping[str, object]


@dataclass(slots=True)
class Tally:
    """What the rows hold of the people.

    `values`: what stood at the paths of an identifier in rows that are theirs, as the table has it.
    """

    rows: int = 0
    unclear: int = 0
    values: dict[tuple[Path, ...], set[tuple[object, ...]]] = field(
        default_factory=lambda: defaultdict(set)
    )


def columns(identifiers: Sequence[Identifier], *, schema: pa.Schema) -> list[str]:
    """The top columns that identifiers lie in, as far as the table has them."""
    wanted = {path[0] for identifier in identifiers for path in identifier.paths}
    return [name for name in schema.names if name in wanted]


def tally(
    batches: Iterable[pa.RecordBatch],
    *,
    identifiers: Sequence[Identifier],
    wanted: Collection[Wanted],
) -> Tally:
    result = Tally()
    for row, verdict in judged(batches, identifiers=identifiers, wanted=wanted):
        result.rows += verdict is Verdict.THEIRS
        result.unclear += verdict is Verdict.UNCLEAR
        if verdict is Verdict.THEIRS:
            for identifier in identifiers:
                if _verdict(row, [identifier], frozenset(wanted)) is Verdict.THEIRS:
                    values = tuple(_at(row, path) for path in identifier.paths)
                    result.values[identifier.paths].add(values)
    return result


def judged(
    batches: Iterable[pa.RecordBatch],
    *,
    identifiers: Sequence[Identifier],
    wanted: Collection[Wanted],
) -> Iterator[tuple[Row, Verdict]]:
    """The rows that may be theirs, each with the verdict; never one that is somebody else's."""
    known = frozenset(wanted)
    sought = list(lookups(identifiers, wanted=wanted))
    for batch in batches:
        for row in batch.filter(_mask(batch, sought)).to_pylist():
            verdict = _verdict(row, identifiers, known)
            if verdict is not Verdict.OTHER:
                yield row, verdict


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


def _verdict(row: Row, identifiers: Sequence[Identifier], wanted: frozenset[Wanted]) -> Verdict:
    try:
        found = matching.candidates(comparable(row), identifiers=identifiers)
        return matching.verdict(found, wanted=wanted)
    except TooAmbiguousError:
        return Verdict.UNCLEAR


def _at(row: Row, path: Path) -> object:
    leaf: object = row
    for step in path:
        leaf = leaf.get(step) if isinstance(leaf, Mapping) else None
    return leaf


def _mask(batch: pa.RecordBatch, sought: Sequence[Lookup]) -> pa.Array:
    nothing = pa.array([False] * batch.num_rows)
    masks = [
        pc.fill_null(_marked(batch, one), fill_value=False)
        for one in sought
        if one.path[0] in batch.schema.names
    ]
    return reduce(pc.or_, masks, nothing)


def _marked(batch: pa.RecordBatch, lookup: Lookup) -> pa.Array:
    """Rows whose value could be one of those looked for. Generous where types differ."""
    column = batch.column(lookup.path[0])
    for step in lookup.path[1:]:
        if not pa.types.is_struct(column.type) or column.type.get_field_index(step) < 0:
            return pc.is_valid(column)
        column = pc.struct_field(column, step)
    if pa.types.is_integer(column.type):
        return pc.is_in(column, pa.array(_fitting(lookup.values, column.type), column.type))
    if pa.types.is_nested(column.type) or isinstance(column.type, pa.BaseExtensionType):
        return pc.is_valid(column)
    return _marked_by_value(column, lookup)


def _marked_by_value(column: pa.Array, lookup: Lookup) -> pa.Array:
    """Each different value is looked at once."""
    plain = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
    distinct = plain.unique()
    flags = [_could_be(value, lookup) for value in distinct.to_pylist()]
    return pc.is_in(plain, distinct.filter(pa.array(flags, pa.bool_())))


def _could_be(value: object, lookup: Lookup) -> bool:
    leaf = comparable(value)
    for one in leaf if isinstance(leaf, list) else [leaf]:
        found = canonical(one, wanted=lookup.type)
        if found is not None and found[0] in lookup.values:
            return True
    return False


def _fitting(values: Iterable[str], kind: pa.DataType) -> list[int]:
    """Those that a column of this type can hold."""
    bits, signed = kind.bit_width, pa.types.is_signed_integer(kind)
    least, most = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
    numbers = (int(value) for value in values if value.removeprefix("-").isdecimal())
    return [number for number in numbers if least <= number < most]
