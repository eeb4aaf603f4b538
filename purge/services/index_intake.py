"""What was read of objects, taken into the index: many small ones in one transaction."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol, Self
from uuid import UUID

from django.db.models import Q, QuerySet

from governance.kernel.refusals import Refusal
from purge.domain import versioned_keys
from purge.domain.versioned_keys import VersionedKey
from purge.models import LakeObject
from purge.ports import IndexBatch, Lake, StoredObject, Work
from purge.ports.extraction import Extracted
from purge.services import returns

AT_ONCE, ENTRIES_AT_ONCE = 64, 1 << 16
"""Objects of one transaction, and the entries that are held in memory for it."""
CHANGES = ("version", "size", "entries", "unreadable", "cuts", "indexed_at", "updated_at")


class Dataset(Protocol):
    """Whose objects they are."""

    @property
    def id(self) -> UUID: ...
    @property
    def namespace_id(self) -> UUID: ...


class Entered(NamedTuple):
    """An object that was read, what was learnt of it, and its entries."""

    at: StoredObject
    read: Extracted
    batch: IndexBatch

    @property
    def versioned_key(self) -> VersionedKey:
        return versioned_keys.of(self.at)


class Intake:
    """Of one dataset. All is stored when it is left, also by a refusal to read more."""

    def __init__(
        self, dataset: Dataset, *, work: Work, lake: Lake, clock: Callable[[], datetime]
    ) -> None:
        self._dataset = dataset
        self._work = work
        self._lake = lake
        self._clock = clock
        self._waiting: dict[VersionedKey, Entered] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        # Readers elsewhere may give up, and a layer may not be listed to its end.
        try:
            if failure is None or issubclass(failure, Refusal):
                self.store()
        finally:
            self._close()

    def add(self, entered: Entered) -> None:
        if entered.versioned_key in self._waiting:
            self.store()
        self._waiting[entered.versioned_key] = entered
        entries = sum(one.batch.count for one in self._waiting.values())
        if len(self._waiting) == AT_ONCE or entries > ENTRIES_AT_ONCE:
            self.store()

    def take(self, entered: Entered) -> LakeObject:
        """By itself, and at once."""
        self.store()
        self._waiting[entered.versioned_key] = entered
        return self.store()[0]

    def store(self) -> Sequence[LakeObject]:
        """Make each object what was read of it, in one transaction."""
        if not self._waiting:
            return []
        with self._work.scope():
            known = {versioned_keys.of(row): row for row in self._known()}
            had_entries = {row.number for row in known.values() if row.entries}
            rows = [
                self._filled(known.get(key) or self._fresh(one), one)
                for key, one in self._waiting.items()
            ]
            fresh = [row for row in rows if versioned_keys.of(row) not in known]
            LakeObject.objects.bulk_create(fresh)
            LakeObject.objects.bulk_create(
                known.values(), update_conflicts=True, unique_fields=["id"], update_fields=CHANGES
            )
            for row, one in zip(rows, self._waiting.values(), strict=True):
                one.batch.store(object_number=row.number, is_known=row.number in had_entries)
                count = returns.counted(self._lake.index, object_number=row.number)
                returns.note(met=one.read.met, row=row, count=count, now=self._clock())
        self._close()
        return rows

    def _known(self) -> QuerySet[LakeObject]:
        """Locked: of two that read one at once, the second is to see what the first stored."""
        keys, versions = zip(*self._waiting, strict=True)
        rows = LakeObject.objects.select_for_update().filter(dataset_id=self._dataset.id)
        return rows.filter(Q(current=True) | Q(version__in=versions), key__in=keys).order_by(
            "number"
        )

    def _fresh(self, entered: Entered) -> LakeObject:
        return LakeObject(
            namespace_id=self._dataset.namespace_id,
            dataset_id=self._dataset.id,
            key=entered.at.key,
            current=entered.at.current,
        )

    def _filled(self, row: LakeObject, entered: Entered) -> LakeObject:
        row.version, row.size = entered.at.version, entered.read.size
        row.entries, row.unreadable, row.cuts = entered.batch.count, entered.read.unreadable, []
        row.indexed_at = self._clock()
        return row

    def _close(self) -> None:
        for one in self._waiting.values():
            one.batch.close()
        self._waiting = {}
