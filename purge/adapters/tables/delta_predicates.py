"""Which rows of a Delta table go, as a predicate of its engine: the values that stood in them.

Rows that stay for a legal hold are left out by what stood in those. A comparison with null is
neither true nor false, and must not keep everybody's rows: COALESCE says it is false.
"""

import math
from collections.abc import Collection, Sequence
from datetime import date, datetime
from decimal import Decimal

from purge.adapters.arrow.rows import Path, Tally, Values
from purge.ports import ObjectUnreachable


def predicate(found: Tally) -> str:
    """Raises ObjectUnreachable where a value cannot be written in it."""
    theirs = _any_of(found.values)
    if not found.kept:
        return theirs
    return f"({theirs}) AND NOT COALESCE({_any_of(found.kept)}, false)"


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _any_of(values: Values) -> str:
    return " OR ".join(_alternatives(paths, ones) for paths, ones in sorted(values.items()))


def _alternatives(paths: Sequence[Path], values: Collection[tuple[object, ...]]) -> str:
    if len(paths) == 1:
        literals = sorted(_literal(value) for (value,) in values)
        return f"{_column(paths[0])} IN ({', '.join(literals)})"
    return " OR ".join(
        "(" + " AND ".join(_equals(*pair) for pair in zip(paths, one, strict=True)) + ")"
        for one in sorted(values, key=repr)
    )


def _equals(path: Path, value: object) -> str:
    return f"{_column(path)} " + ("IS NULL" if value is None else f"= {_literal(value)}")


def _column(path: Path) -> str:
    first, *rest = path
    return quoted(first) + "".join(f"[{_literal(step)}]" for step in rest)


def _literal(value: object) -> str:
    match value:
        case str():
            result = "'" + value.replace("'", "''") + "'"
        case bool() | int():
            result = str(value)
        case Decimal() if value.is_finite():
            result = f"{value:f}"
        case date() if not isinstance(value, datetime):
            result = f"CAST('{value}' AS DATE)"
        case float() if math.isfinite(value):
            result = repr(value)
        case _:
            raise ObjectUnreachable(reason="rows_not_told_apart")
    return result
