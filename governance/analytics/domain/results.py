"""Results: a page of rows in plain values, and what a spreadsheet must not be made to run."""

import base64
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from governance.kernel.refusals import NotFound

# Arrow's names of types that hold numbers begin so (`interval` does not: it is month_day_nano).
NUMERIC = ("int", "uint", "float", "double", "halffloat", "decimal")
# A spreadsheet takes a cell that begins so for a formula (OWASP, CSV injection).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


class ResultMissing(NotFound):
    code = "result_missing"
    sentence = "There is no result: {why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultPage:
    """Rows from `offset` on. Values are those of JSON: exact decimals and times are strings."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[object, ...], ...]
    offset: int
    total: int

    @property
    def cells(self) -> tuple[tuple[tuple[object, bool], ...], ...]:
        """The rows as a page shows them, each value with whether its column holds numbers."""
        numeric = [kind.startswith(NUMERIC) for _, kind in self.columns]
        return tuple(tuple(zip(map(_shown, row), numeric, strict=True)) for row in self.rows)

    @property
    def heads(self) -> tuple[tuple[str, str, bool], ...]:
        """Name, type, and whether it holds numbers."""
        return tuple((name, kind, kind.startswith(NUMERIC)) for name, kind in self.columns)

    @property
    def end(self) -> int:
        return self.offset + len(self.rows)

    @property
    def has_more(self) -> bool:
        return self.end < self.total


def _shown(value: object) -> object:
    """Truth values, lists and structures in JSON's words, not in Python's."""
    if isinstance(value, bool | list | dict):
        return json.dumps(value, ensure_ascii=False)
    return value


def plain(value: object) -> object:
    """The value as JSON can carry it, losing nothing but its type."""
    shown: object = str(value)
    match value:
        case None | bool() | int() | str():
            shown = value
        case float():
            shown = value if math.isfinite(value) else str(value)
        case bytes() | bytearray():
            shown = base64.b64encode(value).decode()
        case Mapping():
            shown = {str(plain(key)): plain(item) for key, item in value.items()}
        case Sequence():
            shown = [plain(item) for item in value]
        case datetime() | date() | time():
            shown = value.isoformat()
        case Decimal():
            shown = format(value, "f")
        case _:
            pass
    return shown


def csv_cell(value: object) -> object:
    """As a CSV cell: text that a spreadsheet would run is led by an apostrophe."""
    shown = plain(value)
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    if isinstance(shown, dict | list):
        return str(shown)
    return "" if shown is None else shown
