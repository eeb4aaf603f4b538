"""Tables of an engine: found, erased and looked at again by the engine's own statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

from purge import selectors
from purge.domain.identifiers import Identifier, Wanted, identifiers_of
from purge.domain.plans import Plan
from purge.domain.reports import FoundObject, Unreachable
from purge.models import Dataset, ErasureStep, LakeObject
from purge.ports import (
    Deletion,
    Lake,
    ObjectChanged,
    ObjectUnreachable,
    Sought,
    StoredTable,
    TableFinding,
    TableStore,
    Work,
)
from purge.services import hold_coverage, holds, indexing, locks, steps
from purge.services.findings import Left
from purge.services.hold_coverage import Held
from purge.services.indexing import Clock, unreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTables:
    """A dataset of tables, with everything at hand to ask their engine."""

    id: UUID
    namespace_id: UUID
    name: str
    prefix: str
    identifiers: tuple[Identifier, ...]
    store: TableStore
    lake: Lake
    held: Held

    def find(self, table: str, wanted: frozenset[Wanted]) -> TableFinding | None:
        return self.store.find(table=table, sought=self.sought(wanted))

    def sought(self, wanted: frozenset[Wanted]) -> Sought:
        return Sought(identifiers=self.identifiers, wanted=wanted, keeper=self.held)


def opened(dataset: Dataset, *, lake: Lake) -> OpenTables:
    """Needs the scope. Raises LayerInvalid where the layer's options are not usable."""
    return OpenTables(
        id=dataset.pk,
        namespace_id=dataset.namespace_id,
        name=dataset.storage_layer.name,
        prefix=dataset.prefix,
        identifiers=identifiers_of(dataset.identifiers),
        store=lake.tables(selectors.description(dataset.storage_layer)),
        lake=lake,
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
        finding = tables.find(table, wanted)
    except ObjectUnreachable as refusal:
        return unreachable(name, refusal)
    if finding is None or not (finding.rows or finding.unclear or finding.held):
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
    return _found(tables, name, row, finding)


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
        held=finding.held,
        held_until=tables.held.until if finding.held else "",
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


class HoldsChangedError(Exception):
    """A hold was placed or ended since the rows were judged: judge them anew."""


def erase(step: TableStep, *, work: Work, clock: Clock) -> None:
    """Delete, then reclaim. Both may be done again: a second delete finds nothing.

    Raises ObjectUnreachable, with what was done so far recorded.
    """
    for _ in range(indexing.TRIES):
        step = _settled(step, work=work)
        step = replace(step, tables=replace(step.tables, held=_held_now(step, work=work)))
        try:
            _try(step, work=work, clock=clock)
        except (HoldsChangedError, ObjectChanged):
            continue
        return
    raise ObjectUnreachable(reason="keeps_changing")


def _settled(step: TableStep, *, work: Work) -> TableStep:
    """With what is in hand by now, and what was about to be deleted counted if it was.

    A worker was stopped while it deleted: whether that took effect, the engine knows.
    """
    with work.scope():
        hand = ErasureStep.objects.get(pk=step.id).staged
    if "deletes" not in hand:
        return replace(step, hand=hand)
    took_effect = step.tables.store.took_effect(table=step.table, attempt=hand.get("attempt", ""))
    if took_effect:
        steps.deleted(step.id, old=0, work=work)
    elif took_effect is False:
        steps.not_deleted(step.id, work=work)
    else:
        finding = step.tables.find(step.table, step.wanted)
        left = 0 if finding is None else finding.rows - finding.old
        steps.perhaps_deleted(step.id, left, work=work)
    return _settled(step, work=work)


def _held_now(step: TableStep, *, work: Work) -> Held:
    """Raises ObjectUnreachable where the table is on hold whole."""
    with work.scope():
        holds.check_dataset(step.tables.id)
        source = Dataset.objects.select_related("storage_layer").get(pk=step.tables.id)
        held = hold_coverage.of(source, lake=step.tables.lake)
    held.check_place(step.table)
    return held


def _try(step: TableStep, *, work: Work, clock: Clock) -> None:
    """Raises HoldsChangedError or ObjectChanged, and then what was not yet done is not done."""
    if "reclaims" not in step.hand and not _delete(step, work=work, clock=clock):
        return
    statement = step.tables.store.reclaim(
        table=step.table,
        keeper=step.tables.held,
        moment=partial(_no_hold_arrives, step, work=work),
    )
    steps.reclaimed(step.id, statement=statement, work=work, clock=clock)


def _delete(step: TableStep, *, work: Work, clock: Clock) -> bool:
    """False: there was nothing to delete, and nothing is to be reclaimed."""
    tables, table = step.tables, step.table
    finding = tables.find(table, step.wanted)
    if finding is None:
        steps.done(step.id, problem=steps.GONE, work=work, clock=clock)
        return False
    if not finding.rows and "counted" not in step.hand:
        steps.done(step.id, unclear=finding.unclear, work=work, clock=clock)
        return False
    tables.store.delete(
        table=table,
        sought=tables.sought(step.wanted),
        announce=partial(_announced, step, finding, work=work),
    )
    steps.deleted(step.id, old=finding.old, work=work)
    return True


@contextmanager
def _announced(
    step: TableStep, finding: TableFinding, deletion: Deletion, *, work: Work
) -> Iterator[None]:
    # For as long as the engine rewrites files: it judges, writes and commits in one call, and a
    # hold that came between would find its row committed away. Who places one is told to come back.
    with _no_hold_arrives(step, work=work):
        steps.deleting(step.id, finding, deletion, work=work)
        yield


@contextmanager
def _no_hold_arrives(step: TableStep, *, work: Work) -> Iterator[None]:
    with locks.no_hold_arrives(step.tables.namespace_id):
        if _held_now(step, work=work) != step.tables.held:
            raise HoldsChangedError
        yield


def still_there(tables: OpenTables, *, table: str, wanted: frozenset[Wanted]) -> Left | None:
    """Ask the engine once more. None: the table is gone."""
    finding = tables.find(table, wanted)
    if finding is None:
        return None
    until = tables.held.until if finding.held else ""
    return Left(finding.rows, finding.unclear, finding.held, until)


def samples(
    tables: OpenTables, *, table: str, wanted: frozenset[Wanted], limit: int
) -> tuple[str, ...]:
    """The first of their rows as text."""
    return tuple(tables.store.sample(table=table, sought=tables.sought(wanted), limit=limit))
