"""Identifier values as one canonical text each, whatever type a format gives them."""

import json
import re
import uuid
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

INTEGER = re.compile(r"[+-]?[0-9]{1,4000}")
WRITTEN_OUT = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{0,40})?([eE][+-]?[0-9]{1,2})?")
UUID_LENGTH = 16


class IdentifierType(StrEnum):
    """`COMPOSITE` is given to identifiers of several columns; nobody configures it."""

    STRING = "string"
    INTEGER = "integer"
    UUID = "uuid"
    COMPOSITE = "composite"


SIMPLE_TYPES = frozenset(IdentifierType) - {IdentifierType.COMPOSITE}


def canonical(value: object, *, wanted: IdentifierType) -> tuple[str, bool] | None:
    """The value as text, and whether it has the wanted type exactly. None holds no identifier.

    The number 7 under a string identifier, or the text "7" under an integer, is the same text but
    not exact: such a record is flagged for a person to look at, neither erased nor passed over.
    """
    found: tuple[str, bool] | None = None
    if value is not None and not isinstance(value, bool):
        match wanted:
            case IdentifierType.STRING:
                found = _string(value)
            case IdentifierType.INTEGER:
                found = _integer(value)
            case IdentifierType.UUID:
                found = _uuid(value)
            case IdentifierType.COMPOSITE:
                pass
    return found


def composite(values: Sequence[str | None]) -> str:
    """The canonical values of a composite's columns as one text."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def _string(value: object) -> tuple[str, bool]:
    if isinstance(value, str):
        return value, True
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace"), False
    if isinstance(value, date):
        # There is no type for dates: a column of dates holds their one canonical text.
        return value.isoformat(), not isinstance(value, datetime)
    return _number(value), False


def _integer(value: object) -> tuple[str, bool] | None:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        text = value.strip()
        if INTEGER.fullmatch(text):
            return str(int(text)), False
        return (_number(Decimal(text)), False) if WRITTEN_OUT.fullmatch(text) else None
    return (_number(value), True) if isinstance(value, int | float | Decimal) else None


def _number(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        return str(int(value))
    return str(value)


def _uuid(value: object) -> tuple[str, bool] | None:
    if isinstance(value, uuid.UUID):
        return str(value), True
    if isinstance(value, bytes):
        if len(value) == UUID_LENGTH:
            return str(uuid.UUID(bytes=value)), False
        value = value.decode("utf-8", "replace")
    try:
        return (str(uuid.UUID(value.strip())), True) if isinstance(value, str) else None
    except ValueError:
        return None
