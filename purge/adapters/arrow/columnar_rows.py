"""Rows of Arrow batches as records that matching understands, with as few columns as will do."""

import json
from collections.abc import Collection, Iterator, Sequence
from itertools import repeat

import pyarrow as pa

from purge.domain.canonical import IdentifierType
from purge.domain.identifiers import Identifier, Wanted
from purge.domain.matching import (
    Pairs,
    TooAmbiguousError,
    Verdict,
    candidates,
    could_hold,
    verdict,
)
from purge.domain.spans import Span
from purge.ports import Column, ScannedBatch, ScannedRecord

STRING, INTEGER = IdentifierType.STRING, IdentifierType.INTEGER
WRAPPERS = {"list", "array", "element", "item", "bag", "array_element", "key_value", "key", "value"}
"""How Parquet writers call the levels of lists and maps, which no path names."""

LONGEST_SAMPLE = 4000


def leaf_columns(leaves: Sequence[str], *, identifiers: Sequence[Identifier]) -> Sequence[str]:
    """Which of a file's leaves may hold a part of an identifier, however they are spelled."""
    paths = [tuple(map(str.casefold, path)) for one in identifiers for path in one.paths]
    return [leaf for leaf in leaves if any(_may_hold(leaf.casefold(), path) for path in paths)]


def scanned(
    batch: pa.RecordBatch, *, offset: int, identifiers: Sequence[Identifier]
) -> ScannedBatch:
    """The rows; the first row of the batch is number `offset` of the file."""
    columns = [_plain_column(batch, one) for one in identifiers if one.paths]
    plain = [column for column in columns if column is not None]
    if len(plain) == len(columns):
        rows = batch.num_rows
        return ScannedBatch(range(offset, offset + rows), [1] * rows, plain)
    return ScannedBatch.of(_faithfully(batch, offset=offset, identifiers=identifiers))


def _faithfully(
    batch: pa.RecordBatch, *, offset: int, identifiers: Sequence[Identifier]
) -> Iterator[ScannedRecord]:
    for number, record in enumerate(records_of(batch), offset):
        try:
            found = [
                (one.type, one.name, one.value)
                for one in candidates(record, identifiers=identifiers)
            ]
        except TooAmbiguousError:
            yield ScannedRecord(Span(number, 1), None)
        else:
            if found:
                yield ScannedRecord(Span(number, 1), found)


def records_of(batch: pa.RecordBatch | pa.Table) -> Iterator[Pairs]:
    """Each row with every column, also those whose names occur twice."""
    names = batch.schema.names
    columns = [map(_faithful, column.to_pylist(), repeat(column.type)) for column in batch.columns]
    for row in zip(*columns, strict=True):
        yield Pairs(zip(names, row, strict=True))


def judged(
    record: Pairs, *, identifiers: Sequence[Identifier], wanted: Collection[Wanted]
) -> Verdict:
    try:
        return verdict(candidates(record, identifiers=identifiers), wanted=wanted)
    except TooAmbiguousError:
        raw = repr(record).encode("utf-8", "replace")
        return Verdict.UNCLEAR if could_hold(raw, wanted=wanted) else Verdict.OTHER


def sample_of(row: pa.Table | pa.RecordBatch) -> str:
    """One row as JSON text, as far as Python knows its values."""
    shown: dict[str, object] = {}
    for name, column in zip(row.schema.names, row.columns, strict=True):
        try:
            [shown[name]] = column.to_pylist()
        except (ValueError, pa.ArrowException):
            shown[name] = str(column.type)
    return json.dumps(shown, ensure_ascii=False, default=str)[:LONGEST_SAMPLE]


def _plain_column(batch: pa.RecordBatch, one: Identifier) -> Column | None:
    """The values of an identifier that is one plain column of its own type, or not there."""
    wanted = one.path[0] if len(one.path) == 1 and one.type in {STRING, INTEGER} else None
    if wanted is None:
        return None
    names = [name for name in batch.schema.names if name.casefold() == wanted.casefold()]
    values: Sequence[str | None] | None = None
    if not names:
        values = [None] * batch.num_rows
    elif names == [wanted] and _is_of_type(batch.column(wanted).type, one.type):
        found = batch.column(wanted).to_pylist()
        values = [None if value is None else str(value) for value in found]
    return None if values is None else Column(one.type, one.name, values)


def _is_of_type(kind: pa.DataType, wanted: IdentifierType) -> bool:
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    if wanted is INTEGER:
        return bool(pa.types.is_integer(plain))
    return bool(pa.types.is_string(plain) or pa.types.is_large_string(plain))


def _faithful(value: object, kind: pa.DataType) -> object:
    """Structs and maps as pairs, so that no member is lost."""
    if isinstance(value, dict):
        fields = {field.name: field.type for field in kind}
        value = Pairs((name, _faithful(one, fields[name])) for name, one in value.items())
    elif isinstance(value, list) and pa.types.is_map(kind):
        value = Pairs((str(key), _faithful(one, kind.item_type)) for key, one in value)
    elif isinstance(value, list):
        value = [_faithful(one, kind.value_type) for one in value]
    return value


def _may_hold(leaf: str, path: tuple[str, ...]) -> bool:
    dotted = ".".join(path)
    return f"{leaf}.".startswith(f"{dotted}.") or _leads_along(leaf.split("."), path)


def _leads_along(parts: Sequence[str], path: Sequence[str]) -> bool:
    if not parts or not path:
        return True
    if parts[0] == path[0] and _leads_along(parts[1:], path[1:]):
        return True
    return parts[0] in WRAPPERS and _leads_along(parts[1:], path)
