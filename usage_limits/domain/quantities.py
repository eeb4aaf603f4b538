"""Amounts of use: exact decimals, and the narrow gate through which a number comes in.

A number may arrive as JSON number or text. What is not a plain ASCII decimal within its range
is refused: `NaN`, infinities, negatives, full-width digits (which Python would read), and
magnitudes or fractions that a column could not hold exactly.
"""

import re
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import NoReturn

from governance.kernel.refusals import FieldError, Invalid

EXACT = Context(prec=80, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
LARGEST = Decimal(1_000_000_000)  # terabytes or minutes; a zettabyte is enough for anybody
LIMIT_PLACES = 6
USAGE_PLACES = 12

PLAIN = re.compile(r"[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?")


class AmountInvalid(Invalid):
    code = "amount_invalid"
    sentence = "The amount is not valid. {problem}"


def parse(value: object, *, places: int, zero_allowed: bool = False) -> Decimal:
    """The amount that `value` says, exactly. Raises AmountInvalid with the field named."""
    amount = _decimal(value)
    if amount is None:
        _refuse("A plain decimal number is wanted, such as 2 or 0.5.")
    if amount > LARGEST:
        _refuse(f"The largest amount is {LARGEST}.")
    if amount == 0 and not zero_allowed:
        _refuse("The amount must be greater than 0.")
    if _places(amount) > places:
        _refuse(f"At most {places} decimal places are kept.")
    return amount


def _decimal(value: object) -> Decimal | None:
    """None for whatever is not a plain, finite, unsigned decimal."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    try:
        text = str(value)
    except ValueError:  # an integer of thousands of digits, which Python will not print
        return None
    return Decimal(text) if PLAIN.fullmatch(text) else None


def _places(amount: Decimal) -> int:
    exponent = amount.normalize(EXACT).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _refuse(problem: str) -> NoReturn:
    error = FieldError(pointer="/amount", code=AmountInvalid.code, detail=problem)
    raise AmountInvalid(problem=problem, errors=[error])


def number(amount: Decimal) -> int | float:
    """For JSON: whole numbers as integers, others as the nearest double."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def text(amount: Decimal) -> str:
    """For people: no exponent, no trailing zeros."""
    return f"{amount.normalize(EXACT):f}"
