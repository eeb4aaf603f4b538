"""Which rows of an Iceberg table go, as an expression: the values that stood in them.

Rows that stay for a legal hold are left out by what stood in those. A comparison with null is
neither true nor false to some evaluators, and must not keep everybody's rows: null is named.
"""

from functools import reduce

from pyiceberg.expressions import (
    And,
    BooleanExpression,
    EqualTo,
    In,
    IsNull,
    NotEqualTo,
    NotIn,
    NotNull,
    Or,
)

from purge.adapters.arrow.rows import Path, Tally, Values
from purge.ports import ObjectUnreachable


def expression(found: Tally) -> BooleanExpression:
    """Raises ObjectUnreachable where a value cannot be written in it."""
    return reduce(And, _none_of(found.kept), reduce(Or, _each_of(found.values)))


def _each_of(values: Values) -> list[BooleanExpression]:
    result: list[BooleanExpression] = []
    for paths, ones in _checked(values).items():
        if len(paths) == 1:
            result.append(In(_name(paths[0]), {value for (value,) in ones}))  # type: ignore[call-arg, arg-type]
        else:
            result += [reduce(And, map(_is, paths, one)) for one in ones]
    return result


def _none_of(values: Values) -> list[BooleanExpression]:
    result: list[BooleanExpression] = []
    for paths, ones in _checked(values).items():
        if len(paths) == 1:
            name = _name(paths[0])
            known = {value for (value,) in ones}
            result.append(Or(IsNull(name), NotIn(name, known)))  # type: ignore[call-arg, arg-type]
        else:
            result += [reduce(Or, map(_is_not, paths, one)) for one in ones]
    return result


def _is(path: Path, value: object) -> BooleanExpression:
    name = _name(path)
    return IsNull(name) if value is None else EqualTo(name, value)  # type: ignore[call-arg, arg-type]


def _is_not(path: Path, value: object) -> BooleanExpression:
    name = _name(path)
    return NotNull(name) if value is None else Or(IsNull(name), NotEqualTo(name, value))  # type: ignore[call-arg, arg-type]


def _checked(values: Values) -> Values:
    if any(
        isinstance(value, tuple | bytes)
        for ones in values.values()
        for one in ones
        for value in one
    ):
        raise ObjectUnreachable(reason="rows_not_told_apart")
    return values


def _name(path: Path) -> str:
    return ".".join(path)
