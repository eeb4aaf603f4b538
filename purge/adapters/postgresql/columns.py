"""Which rows of a PostgreSQL table to fetch, by column: all that may be theirs, few others.

What is fetched is judged like a record of any format (`purge/domain/matching.py`). A condition
here is therefore generous: it must never leave out a row that judging would mark, and may use an
index where the types agree.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from psycopg import sql

from purge.domain import matching
from purge.domain.identifiers import Identifier, IdentifierType, Wanted
from purge.domain.lookups import Lookup
from purge.domain.matching import Pairs, TooAmbiguousError, Verdict

INTEGERS = {"int2", "int4", "int8"}
NUMBERS = {"numeric", "float4", "float8"}
TEXTS = {"text", "varchar", "bpchar", "citext", "name"}
JSONS = {"json", "jsonb"}
NUMBER_PATTERN = r"^\s*[+-]?[0-9]+\s*$"
SPELLED = r"\\u|[0-9]e\+?[0-9]"
BIGGEST = 2**63


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str

    @property
    def is_plain(self) -> bool:
        return self.type in INTEGERS | NUMBERS | TEXTS | {"uuid"}


@dataclass(frozen=True, slots=True)
class Condition:
    text: sql.Composable
    values: Sequence[object]


def condition(column: Column, *, lookup: Lookup) -> Condition | None:
    """Rows whose column may hold a value that is looked for. None: none can be there."""
    values = list(lookup.values)
    name = sql.Identifier(column.name)
    if len(lookup.path) > 1:
        return _anywhere(name, values)
    if column.type in INTEGERS | NUMBERS:
        return _numbers(column, name, values)
    if column.type == "uuid":
        return Condition(sql.SQL("{}::text = ANY(%s::text[])").format(name), [values])
    return _texts(name, lookup) if column.type in TEXTS else _anywhere(name, values)


def fetched(column: Column) -> sql.Composable:
    """The column as it is read for judging."""
    name = sql.Identifier(column.name)
    return name if column.is_plain else sql.SQL("{}::text").format(name)


def verdict(
    row: Sequence[object],
    *,
    columns: Sequence[Column],
    identifiers: Sequence[Identifier],
    wanted: frozenset[Wanted],
) -> Verdict:
    """Whose row it is. What is no column of numbers, text or JSON is never sure."""
    record: dict[str, object] = {}
    opaque = Verdict.OTHER
    for column, value in zip(columns, row, strict=True):
        record[column.name] = _comparable(column, value)
        if _is_opaque(column, value) and matching.could_hold(
            str(value).encode("utf-8", "surrogatepass"), wanted=wanted
        ):
            opaque = Verdict.UNCLEAR
    try:
        found = matching.verdict(
            matching.candidates(record, identifiers=identifiers), wanted=wanted
        )
    except TooAmbiguousError:
        found = Verdict.UNCLEAR
    return opaque if found is Verdict.OTHER else found


def _is_opaque(column: Column, value: object) -> bool:
    return not column.is_plain and column.type not in JSONS and value is not None


def _comparable(column: Column, value: object) -> object:
    result = value
    match value:
        case Decimal():
            is_whole = value.is_finite() and value == value.to_integral_value()
            result = int(value) if is_whole else str(value)
        case UUID():
            result = str(value)
        case str() if column.type in JSONS:
            result = json.loads(value, object_pairs_hook=Pairs)
        case str() if column.type == "bpchar":
            result = value.rstrip(" ")
    return result


def _numbers(column: Column, name: sql.Composable, values: Sequence[str]) -> Condition | None:
    numbers = [int(value) for value in values if value.removeprefix("-").isdecimal()]
    if column.type in INTEGERS:
        fitting = [number for number in numbers if -BIGGEST <= number < BIGGEST]
        whole = sql.SQL("{} = ANY(%s::bigint[])").format(name)
        return Condition(whole, [fitting]) if fitting else None
    # A number that is not whole may be meant by a string identifier.
    text = sql.SQL("({0}::text = ANY(%s::text[]) OR {0}::numeric = ANY(%s::numeric[]))")
    return Condition(text.format(name), [list(values), [Decimal(number) for number in numbers]])


def _texts(name: sql.Composable, lookup: Lookup) -> Condition:
    values = lookup.values
    match lookup.type:
        case IdentifierType.STRING | IdentifierType.COMPOSITE:
            return Condition(sql.SQL("{} = ANY(%s::text[])").format(name), [list(values)])
        case IdentifierType.INTEGER:
            number = sql.SQL(
                "CASE WHEN length({0}) <= 4000 AND {0}::text ~ %s THEN "
                "regexp_replace({0}::text, '\\s', '', 'g')::numeric = ANY(%s::numeric[]) END"
            )
            numbers = [Decimal(value) for value in values]
            return Condition(number.format(name), [NUMBER_PATTERN, numbers])
        case IdentifierType.UUID:
            bare = sql.SQL("{} = ANY(%s::text[])").format(_bare(name))
            return Condition(bare, [[value.replace("-", "") for value in values]])


def _anywhere(name: sql.Composable, values: Sequence[str]) -> Condition:
    """Somewhere in it, spelled with escapes, or as a number with an exponent."""
    text = sql.SQL(
        "(EXISTS (SELECT FROM unnest(%s::text[]) AS one(value) "
        "WHERE position(lower(one.value) IN lower({0}::text)) > 0 "
        "OR position({2} IN {1}) > 0) OR {0}::text ~* %s)"
    )
    bare = _bare(name), _bare(sql.SQL("one.value"))
    return Condition(text.format(name, *bare), [list(values), SPELLED])


def _bare(value: sql.Composable) -> sql.Composable:
    """As Python reads a UUID: case, space, dashes, braces and "urn:uuid:" do not count."""
    pattern = r"[\s{}-]|urn:|uuid:"
    text = sql.SQL("regexp_replace(lower({}::text), {}, '', 'g')")
    return text.format(value, sql.Literal(pattern))


def columns_of(described: Mapping[str, str], identifiers: Sequence[Identifier]) -> list[Column]:
    """The columns that identifiers lie in, as far as the table has them."""
    wanted = {path[0] for identifier in identifiers for path in identifier.paths}
    return [Column(name, kind) for name, kind in described.items() if name in wanted]
