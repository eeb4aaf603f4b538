"""Tables of an engine: found, erased and looked at again by the engine's own statements."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from purge import selectors
from purge.domain.identifiers import Identifier, Wanted, identifiers_of
from purge.domain.plans import Plan
from purge.domain.reports import FoundObject, Unreachable
from purge.models import Dataset, LakeObject
from purge.ports import (
    Lake,
    ObjectUnreachable,
    StoredTable,
    TableFinding,
    TableStore,
    Work,
)
from purge.services import hold_coverage, steps
from purge.services.findings import Left
from purge.services.hold_coverage import Held
from purge.services.indexing import Clock, unreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTables:
    """A dataset of tables, with everything at hand to ask their engine."""

    id: UUID
    name: str
    prefix: str
    identifiers: tuple[Identifier, ...]
    store: TableStore
    held: Held

    def free(self, wanted: frozenset[Wanted]) -> frozenset[Wanted]:
        """Those of them that no legal hold keeps. Rows of two people need a hold on the dataset."""
        return frozenset(one for one in wanted if not self.held.keeps_person(one))


def opened(dataset: Dataset, *, lake: Lake) -> OpenTables:
    """Needs the scope. Raises LayerInvalid where the layer's options are not usable."""
    return OpenTables(
        id=dataset.pk,
        name=dataset.storage_layer.name,
        prefix=dataset.prefix,
        identifiers=identifiers_of(dataset.identifiers),
        store=lake.tables(selectors.description(dataset.storage_layer)),
        held=hold_coverage.of(dataset, lake=lake),
    )


def located(
    tables: OpenTables, wanted: frozenset[Wanted], *, work: Work, clock: Clock
) -> Iterator[FoundObject | Unreachable]:
    """Every table of the dataset that holds the people."""
    try:
        listed = list(tables.store.tables(prefix=tables.prefix))
    except ObjectUnreachable as refusal:
        yield unreachable(f"{tables.name}/{tables.prefix}", refusal)
        return
    for position, one in enumerate(listed, 1):
        if isinstance(one, StoredTable):
            found = _in_table(tables, one.name, wanted, work=work, clock=clock)
            if found is not None:
                yield found
        else:
            yield Unreachable(name=f"{tables.name}/{one.key}", reason=one.reason)
        work.progress(done=position, total=len(listed))


def _in_table(
    tables: OpenTables, table: str, wanted: frozenset[Wanted], *, work: Work, clock: Clock
) -> FoundObject | Unreachable | None:
    name = f"{tables.name}/{table}"
    try:
        tables.held.check_place(table)
        finding, held = _counted(tables, table, wanted)
    except ObjectUnreachable as refusal:
        return unreachable(name, refusal)
    if finding is None or not (finding.rows or finding.unclear or held):
        return None
    with work.scope():
        row, _ = LakeObject.objects.update_or_create(
            dataset_id=tables.id,
            key=table,
            current=True,
            defaults={
                "version": finding.version,
                "size": 0,
                "entries": finding.rows,
                "cuts": [],
                "indexed_at": clock(),
            },
        )
    return replace(
        _found(tables, name, row, finding),
        held=held,
        held_until=tables.held.until if held else "",
    )


def _counted(
    tables: OpenTables, table: str, wanted: frozenset[Wanted]
) -> tuple[TableFinding | None, int]:
    """What may be deleted, and how many rows of theirs stay for a legal hold."""
    free = tables.free(wanted)
    finding = tables.store.find(table=table, identifiers=tables.identifiers, wanted=free)
    if finding is None or free == wanted:
        return finding, 0
    kept = tables.store.find(table=table, identifiers=tables.identifiers, wanted=wanted - free)
    return finding, 0 if kept is None else kept.rows


def _found(tables: OpenTables, name: str, row: LakeObject, finding: TableFinding) -> FoundObject:
    return FoundObject(
        number=row.number,
        dataset_id=str(tables.id),
        name=name,
        version=finding.version,
        size=0,
        records=finding.rows,
        bytes=0,
        unclear=finding.unclear,
        plan=Plan.DELETE_ROWS,
        detail=finding.plan,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TableStep:
    """A step on a table, and what a worker before had in hand (`steps.py`)."""

    id: UUID
    tables: OpenTables
    table: str
    wanted: frozenset[Wanted]
    hand: dict[str, Any]


def erase(step: TableStep, *, work: Work, clock: Clock) -> None:
    """Delete, then reclaim. Both may be done again: a second delete finds nothing.

    Raises ObjectUnreachable, with what was done so far recorded.
    """
    step.tables.held.check_place(step.table)
    store, identifiers = step.tables.store, step.tables.identifiers
    free = step.tables.free(step.wanted)
    if "reclaims" not in step.hand:
        if "deletes" not in step.hand:
            finding = store.find(table=step.table, identifiers=identifiers, wanted=free)
            if finding is None:
                steps.done(step.id, problem=steps.GONE, work=work, clock=clock)
                return
            steps.deleting(step.id, finding, work=work)
        rows = store.delete(table=step.table, identifiers=identifiers, wanted=free)
        steps.deleted(step.id, rows=rows, work=work)
    statement = store.reclaim(table=step.table)
    steps.reclaimed(step.id, statement=statement, work=work, clock=clock)


def still_there(tables: OpenTables, *, table: str, wanted: frozenset[Wanted]) -> Left | None:
    """Ask the engine once more. None: the table is gone."""
    finding, held = _counted(tables, table, wanted)
    if finding is None:
        return None
    return Left(finding.rows, finding.unclear, held, tables.held.until if held else "")


def samples(
    tables: OpenTables, *, table: str, wanted: frozenset[Wanted], limit: int
) -> tuple[str, ...]:
    """The first of their rows as text."""
    return tuple(
        tables.store.sample(table=table, identifiers=tables.identifiers, wanted=wanted, limit=limit)
    )
