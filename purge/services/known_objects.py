"""What the index has of a dataset, compared with a listing in bounded pieces.

A lake may have many million objects: of each that was known at the start only a number is held and
whether it was met, nine bytes. Whatever order a layer lists in, a piece of the listing is compared
by one query.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from uuid import UUID

from purge.domain import versioned_keys
from purge.domain.versioned_keys import VersionedKey
from purge.models import Dataset, LakeObject
from purge.ports import StoredObject, Work

AT_ONCE = 1000
"""As many as stores name in one answer."""


class KnownObjects:
    """Made before the listing: what comes into the index meanwhile is not missed in it."""

    def __init__(self, dataset: Dataset) -> None:
        """Needs the scope."""
        rows = LakeObject.objects.filter(dataset=dataset).order_by("number")
        self._dataset_id = dataset.pk
        self._numbers = array("i", rows.values_list("number", flat=True).iterator())
        self._is_met = bytearray(len(self._numbers))
        self._left = len(self._numbers)

    def __len__(self) -> int:
        """How many were not met yet."""
        return self._left

    def compared(
        self, listed: Iterable[StoredObject], *, work: Work
    ) -> Iterator[tuple[StoredObject, str | None]]:
        """Each with the version that the index has of it, None for a new one."""
        listing = iter(listed)
        while piece := list(islice(listing, AT_ONCE)):
            with work.scope():
                rows = _rows(self._dataset_id, piece)
            for one in piece:
                number, version = rows.get(versioned_keys.of(one), (None, None))
                if number is not None:
                    self._meet(number)
                yield one, version

    def gone(self) -> Iterator[int]:
        """The numbers of those that the whole listing did not show."""
        for position, number in enumerate(self._numbers):
            if not self._is_met[position]:
                yield number

    def _meet(self, number: int) -> None:
        at = bisect_left(self._numbers, number)
        if at < len(self._numbers) and self._numbers[at] == number and not self._is_met[at]:
            self._is_met[at] = 1
            self._left -= 1


def _rows(dataset_id: UUID, piece: Sequence[StoredObject]) -> dict[VersionedKey, tuple[int, str]]:
    """By two questions, each of which has an index: versions in force, and those behind them."""
    rows = LakeObject.objects.filter(dataset_id=dataset_id)
    in_force = rows.filter(current=True, key__in={one.key for one in piece if one.current})
    old = [one for one in piece if not one.current]
    behind = rows.filter(
        current=False, key__in={one.key for one in old}, version__in={one.version for one in old}
    )
    return {
        versioned_keys.of(row): (row.number, row.version)
        for found in (in_force, behind)
        for row in found.values_list("key", "version", "current", "number", named=True)
    }
