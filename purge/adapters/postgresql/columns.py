"""Which rows of a PostgreSQL table to fetch, by column: all that may be theirs, few others.

What is fetched is judged like a record of any format (`purge/domain/matching.py`). A condition
here is therefore generous: it must never leave out a row that judging would mark, and may use an
index where the types agree.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from psycopg import sql

from purge.domain import matching
from purge.domain.identifiers import Identifier, IdentifierType, Wanted
from purge.domain.lookups import Lookup
from purge.domain.matching import Pairs, TooAmbiguousError, Verdict

INTEGERS = {"int2", "int4", "int8"}
NUMBERS = {"numeric", "float4", "float8"}
TEXTS = {"text", "varchar", "bpchar", "citext", "name"}
DEEP = {"json", "jsonb", "nested"}
WHOLE = {"bool", "bytea", "date", "timestamp", "timestamptz", "time", "timetz", "inet", "macaddr"}
"""Types of one value, which is all that their text says."""
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

    @property
    def is_opaque(self) -> bool:
        return not self.is_plain and self.type not in DEEP


@dataclass(frozen=True, slots=True)
class Condition:
    text: sql.Composable
    values: Sequence[object]


def condition(column: Column, *, lookup: Lookup) -> Condition | None:
    """Rows whose column may hold a value that is looked for. None: none can be there."""
    values = list(lookup.values)
    name = sql.Identifier(column.name)
    if len(lookup.path) > 1:
        return _anywhere(_as_text(column), values)
    if column.type in INTEGERS | NUMBERS:
        return _numbers(column, name, values)
    if column.type == "uuid":
        return Condition(sql.SQL("{}::text = ANY(%s::text[])").format(name), [values])
    return _texts(name, lookup) if column.type in TEXTS else _anywhere(_as_text(column), values)


def fetched(column: Column) -> sql.Composable:
    """The column as it is read for judging."""
    return sql.Identifier(column.name) if column.is_plain else _as_text(column)


def _as_text(column: Column) -> sql.Composable:
    name = sql.Identifier(column.name)
    match column.type:
        case "nested":  # an array, or a type with fields of its own
            return sql.SQL("to_jsonb({})::text").format(name)
        case "bytea":  # else it is spelled by numbers
            return sql.SQL("encode({}, 'escape')").format(name)
        case _:
            return sql.SQL("{}::text").format(name)


class Fate(StrEnum):
    """What becomes of a row. `HELD` rows are theirs, and stay for somebody on hold."""

    GOES = "goes"
    HELD = "held"
    UNCLEAR = "unclear"
    STAYS = "stays"


@dataclass(frozen=True, slots=True)
class Judge:
    """Whose rows are theirs, by these columns of a table, and which rows stay."""

    columns: Sequence[Column]
    identifiers: Sequence[Identifier]
    wanted: frozenset[Wanted]
    people: Collection[Wanted] = ()
    known_by: Sequence[Identifier] = ()

    def fate(self, row: Sequence[object]) -> Fate:
        match self._verdict(row):
            case Verdict.THEIRS:
                return Fate.HELD if self.keeps(row) else Fate.GOES
            case Verdict.UNCLEAR:
                return Fate.UNCLEAR
            case Verdict.OTHER:
                return Fate.STAYS

    def _verdict(self, row: Sequence[object]) -> Verdict:
        """Whose row it is. What is no column of numbers, text or JSON is never sure."""
        found = _verdict(self._record(row), self.identifiers, self.wanted)
        if found is Verdict.OTHER and any(
            matching.could_hold(str(value).encode("utf-8", "surrogatepass"), wanted=self.wanted)
            for _, value in self._opaque(row, self.identifiers)
        ):
            return Verdict.UNCLEAR
        return found

    def keeps(self, row: Sequence[object]) -> bool:
        """Whether it names, or may name, somebody on hold."""
        if not self.known_by:
            return False
        found = _verdict(self._record(row), self.known_by, self.people)
        return found is not Verdict.OTHER or any(
            column.type not in WHOLE for column, _ in self._opaque(row, self.known_by)
        )

    def _record(self, row: Sequence[object]) -> dict[str, object]:
        pairs = zip(self.columns, row, strict=True)
        return {column.name: _comparable(column, value) for column, value in pairs}

    def _opaque(
        self, row: Sequence[object], identifiers: Sequence[Identifier]
    ) -> Iterator[tuple[Column, object]]:
        """What cannot be looked into, of the columns that these identifiers lie in."""
        names = _names(identifiers)
        for column, value in zip(self.columns, row, strict=True):
            if column.is_opaque and value is not None and column.name in names:
                yield column, value


def _verdict(
    record: dict[str, object], identifiers: Sequence[Identifier], wanted: Collection[Wanted]
) -> Verdict:
    try:
        found = matching.candidates(record, identifiers=identifiers)
        return matching.verdict(found, wanted=wanted)
    except TooAmbiguousError:
        return Verdict.UNCLEAR


def _comparable(column: Column, value: object) -> object:
    result = value
    match value:
        case Decimal():
            is_whole = value.is_finite() and value == value.to_integral_value()
            result = int(value) if is_whole else str(value)
        case UUID():
            result = str(value)
        case str() if column.type in DEEP:
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


def _anywhere(text: sql.Composable, values: Sequence[str]) -> Condition:
    """Somewhere in it, spelled with escapes, or as a number with an exponent."""
    found = sql.SQL(
        "(EXISTS (SELECT FROM unnest(%s::text[]) AS one(value) "
        "WHERE position(lower(one.value) IN lower({0})) > 0 "
        "OR position({2} IN {1}) > 0) OR {0} ~* %s)"
    )
    bare = _bare(text), _bare(sql.SQL("one.value"))
    return Condition(found.format(text, *bare), [list(values), SPELLED])


def _bare(value: sql.Composable) -> sql.Composable:
    """As Python reads a UUID: case, space, dashes, braces and "urn:uuid:" do not count."""
    pattern = r"[\s{}-]|urn:|uuid:"
    text = sql.SQL("regexp_replace(lower({}::text), {}, '', 'g')")
    return text.format(value, sql.Literal(pattern))


def columns_of(described: Mapping[str, str], identifiers: Sequence[Identifier]) -> list[Column]:
    """The columns that identifiers lie in, as far as the table has them."""
    names = _names(identifiers)
    return [Column(name, kind) for name, kind in described.items() if name in names]


def _names(identifiers: Sequence[Identifier]) -> set[str]:
    return {path[0] for identifier in identifiers for path in identifier.paths}
