"""Small objects cut a share at a time: each under its own step, in few transactions for them all.

A step goes through the same as alone (`cutting.py`), and says what is in hand before it is done. So
a worker killed here leaves nothing that one killed there would not. Whatever is not plain is left
to `cutting.py`: what somebody began before, what changed meanwhile, what cannot be reached, what
goes whole, and all of a dataset for which a hold came.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import NamedTuple, Self
from uuid import UUID

from purge.domain.plans import Plan
from purge.models import ErasureStep, StepState
from purge.ports import (
    Format,
    Lake,
    LayerInvalid,
    LayerKind,
    ObjectChanged,
    ObjectUnreachable,
    Staged,
    Work,
)
from purge.services import cutting, findings, loaded_steps, locks, steps, threads
from purge.services.findings import Finding, Search
from purge.services.indexing import Clock
from purge.services.loaded_steps import DatasetCache, LoadedStep

LARGEST = 16
"""Steps of a share."""
LONGEST = timedelta(seconds=5)
"""Publishing: whoever places a hold waits for it. What is left then is cut alone."""
NOT_NOW = (ObjectChanged, ObjectUnreachable)


class PlannedStep(NamedTuple):
    """Of a step that waits, what tells when its turn is: an erasure may have very many."""

    pk: UUID
    number: int
    dataset_id: UUID | None
    key: str
    size: int
    format: Format
    kind: LayerKind

    @classmethod
    def of_erasure(cls, request_id: UUID) -> list[Self]:
        """Those that are open. Needs the scope."""
        waiting = ErasureStep.objects.filter(
            erasure_request_id=request_id, state__in=(StepState.PENDING, StepState.STAGED)
        ).order_by("object_number")
        return [cls(*values) for values in waiting.values_list(*PLANNED).iterator()]

    @property
    def is_small(self) -> bool:
        """Whether it may be cut in a share. A table is never, nor what is gone."""
        is_there = self.dataset_id is not None
        return is_there and self.size <= threads.SMALL and self.format != Format.TABLE

    @property
    def is_far(self) -> bool:
        return self.is_small and threads.suits(kind=self.kind, size=self.size)


PLANNED = (
    *("pk", "object_number", "lake_object__dataset", "lake_object__key", "lake_object__size"),
    *("lake_object__dataset__format", "lake_object__dataset__storage_layer__kind"),
)
Share = Sequence[PlannedStep]


def shared_out(planned: Iterable[PlannedStep], *, size: int) -> Iterator[Share]:
    """Versions of one object stay together, and all of a share fit in memory as one may."""
    share: list[PlannedStep] = []
    held = 0
    for _, group in groupby(sorted(planned, key=_in_order), key=_object_of):
        versions = list(group)
        weight = sum(one.size for one in versions)
        if share and (len(share) + len(versions) > size or held + weight > threads.SMALL):
            yield share
            share, held = [], 0
        share += versions
        held += weight
    if share:
        yield share


def _in_order(step: PlannedStep) -> tuple[str, str, int]:
    return *_object_of(step), step.number


def _object_of(step: PlannedStep) -> tuple[str, str]:
    return str(step.dataset_id), step.key


@dataclass(slots=True)
class _Cut:
    """Records are about to be cut out of an open step's object. `ready` once that is staged."""

    loaded: LoadedStep
    finding: Finding
    attempt: str
    ready: Staged | None = None

    def stage(self) -> None:
        """What cannot be staged now is not ready."""
        with suppress(*NOT_NOW):
            self.ready = cutting.staged(self.loaded, self.finding, self.attempt)

    def publish(self, ready: Staged) -> Iterator[bool]:
        """Whether what it replaced stays behind: as it is published, and as that was removed."""
        layer = self.loaded.dataset.layer
        layer.publish(staged=ready)
        yield ready.stays_behind
        if ready.stays_behind:
            layer.remove(key=ready.key, version=ready.replaces)
            yield False

    def discard(self) -> None:
        with suppress(ObjectUnreachable):
            self.loaded.dataset.layer.discard(key=self.loaded.row.key, attempt=self.attempt)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutter:
    """Cuts the shares of one erasure. Several threads may."""

    datasets: DatasetCache
    work: Work
    lake: Lake
    clock: Clock

    def cut(self, share: Share, is_to_stop: Callable[[], bool] = lambda: False) -> bool:
        """What cannot be cut is its step's `problem`. False: it stopped between two objects."""
        done = self._cut_plain(share, is_to_stop)
        for step in share:
            if step.pk not in done and (is_to_stop() or not self.cut_alone(step)):
                return False
        return True

    def cut_alone(self, step: PlannedStep) -> bool:
        return cutting.cut(
            step_id=step.pk,
            datasets=self.datasets,
            work=self.work,
            lake=self.lake,
            clock=self.clock,
        )

    def _cut_plain(self, share: Share, is_to_stop: Callable[[], bool]) -> Collection[UUID]:
        """Those that are done."""
        cuts: list[_Cut] = []
        try:
            loaded = loaded_steps.load_together(
                [step.pk for step in share], self.datasets, work=self.work, lake=self.lake
            )
            cuts += filter(None, map(self._begun, loaded))
            self._stage(cuts)
            stays_behind = self._published(cuts, is_to_stop)
        except (LayerInvalid, ObjectUnreachable):
            stays_behind = {}  # A hold on a dataset, say: each step tells of it by itself.
        for one in cuts:
            if one.loaded.id not in stays_behind:
                one.discard()
        steps.published(stays_behind, work=self.work, lake=self.lake, clock=self.clock)
        return {one for one, stays in stays_behind.items() if not stays}

    def _begun(self, loaded: LoadedStep) -> _Cut | None:
        """None: it is not plain. What leaves no trace is staged at once, while it is at hand."""
        layer, row = loaded.dataset.layer, loaded.row
        try:
            search = Search(loaded.dataset, loaded.wanted)
            finding = findings.confirmed(search=search, row=row, there=loaded.there)
            findings.note(finding, work=self.work, clock=self.clock)
            is_plain = finding.plan is Plan.SPLICE and finding.present
            if not is_plain or layer.announce(key=row.key, version=row.version):
                return None
            begun = _Cut(loaded, finding, layer.begin(key=row.key, version=row.version))
        except NOT_NOW:
            return None
        if layer.is_traceless(attempt=begun.attempt):
            begun.stage()
        return begun

    def _stage(self, cuts: Sequence[_Cut]) -> None:
        """Those that leave a trace: it is written down where."""
        traced = [
            one for one in cuts if not one.loaded.dataset.layer.is_traceless(attempt=one.attempt)
        ]
        if traced:
            with self.work.scope():
                steps.begun({one.loaded.id: one.attempt for one in traced})
        for one in traced:
            one.stage()

    def _published(self, cuts: Sequence[_Cut], is_to_stop: Callable[[], bool]) -> dict[UUID, bool]:
        """The steps whose new versions are in force, and whether what one replaced stays behind."""
        stays_behind: dict[UUID, bool] = {}
        ready = [(one, one.ready) for one in cuts if one.ready is not None]
        if not ready:
            return stays_behind
        with locks.no_hold_arrives(ready[0][0].loaded.dataset.namespace_id):
            ready = self._announced(ready)
            latest = self.clock() + LONGEST
            for one, staged in ready:
                if is_to_stop() or self.clock() > latest:
                    break
                # One look at the object will tell what became of it.
                with suppress(*NOT_NOW):
                    for stays in one.publish(staged):
                        stays_behind[one.loaded.id] = stays
        return stays_behind

    def _announced(self, ready: Sequence[tuple[_Cut, Staged]]) -> list[tuple[_Cut, Staged]]:
        """Those for which no hold came since they were read. Raises ObjectUnreachable."""
        with self.work.scope():
            datasets = {one.loaded.dataset.id: one.loaded for one, _ in ready}
            held = {
                pk: loaded_steps.held_now(loaded, lake=self.lake) for pk, loaded in datasets.items()
            }
            as_found = [
                (one, staged)
                for one, staged in ready
                if held[one.loaded.dataset.id] == one.loaded.dataset.held
            ]
            steps.staged({one.loaded.id: (one.finding, staged) for one, staged in as_found})
        return as_found
