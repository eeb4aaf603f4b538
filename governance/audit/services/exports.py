"""The trail as CSV, for whoever must hand it to an auditor."""

import csv
import json
from collections.abc import Iterable, Iterator

from governance.audit.models import AuditEvent

COLUMNS = (
    "at",
    "actor_kind",
    "actor_id",
    "actor_role",
    "network",
    "action",
    "object_kind",
    "object_id",
    "detail",
    "hash",
    "previous_hash",
)
# What a spreadsheet would take for a formula is written behind an apostrophe (CSV injection).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class _Echo:
    """A file whose `write` gives the line back, so that csv can be streamed."""

    def write(self, line: str) -> str:
        return line


def csv_lines(events: Iterable[AuditEvent]) -> Iterator[str]:
    """A line of names, then one for each event. Events come with their `seal` selected."""
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for event in events:
        yield writer.writerow([_cell(value) for value in _values(event)])


def _values(event: AuditEvent) -> tuple[object, ...]:
    seal = getattr(event, "seal", None)
    return (
        event.at.isoformat(),
        event.actor_kind,
        event.actor_id,
        event.actor_role,
        event.network,
        event.action,
        event.target_kind,
        event.target_id,
        json.dumps(event.detail, sort_keys=True),
        None if seal is None else seal.hash,
        None if seal is None else seal.previous_hash,
    )


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
