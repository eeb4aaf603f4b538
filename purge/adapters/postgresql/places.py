"""Where rows of a PostgreSQL table are, for as long as they are locked or looked at."""

from collections.abc import Iterable, Iterator
from itertools import groupby, islice

AT_ONCE = 2000
Place = tuple[int, str]
"""The partition, and the row's place in it (ctid)."""


def by_table(places: Iterable[Place]) -> Iterator[tuple[int, list[str]]]:
    """Each partition with places in it, a statement's worth at a time."""
    for table, own in groupby(sorted(places), key=lambda one: one[0]):
        while some := [place for _, place in islice(own, AT_ONCE)]:
            yield table, some
