"""Which rows of an Iceberg table go, as an expression: the values that stood in them.

Rows that stay for a legal hold are left out by what stood in those. A comparison with null is
neither true nor false to some evaluators, and must not keep everybody's rows: null is named.
"""

from collections.abc import Collection
from functools import reduce

from pyiceberg.expressions import (
    And,
    BooleanExpression,
    EqualTo,
    In,
    IsNull,
    NotEqualTo,
    NotIn,
    NotNaN,
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
            known = {value for (value,) in ones}
            among = In(_name(paths[0]), known)  # type: ignore[call-arg, arg-type]
            result.append(_but_nan(paths[0], among) if _has_float(known) else among)
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
    if value is None:
        return IsNull(name)  # type: ignore[call-arg, arg-type]
    equal = EqualTo(name, value)  # type: ignore[call-arg, arg-type]
    return _but_nan(path, equal) if isinstance(value, float) else equal


def _is_not(path: Path, value: object) -> BooleanExpression:
    name = _name(path)
    return NotNull(name) if value is None else Or(IsNull(name), NotEqualTo(name, value))  # type: ignore[call-arg, arg-type]


def _has_float(values: Collection[object]) -> bool:
    return any(isinstance(value, float) for value in values)


def _but_nan(path: Path, condition: BooleanExpression) -> BooleanExpression:
    """A file's smallest and largest value leave NaN out: it would be dropped as all equal."""
    return And(condition, NotNaN(_name(path)))  # type: ignore[call-arg, arg-type]


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
