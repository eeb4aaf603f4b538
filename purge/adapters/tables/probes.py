"""Trying a layer of tables: each is listed, and opened as far as its metadata."""

import time
from collections.abc import Callable, Iterator, Sequence

from purge.ports import ObjectUnreachable, ProbeStep, StoredTable, UnreachableObject


def opened(
    listed: Iterator[StoredTable | UnreachableObject],
    *,
    open_table: Callable[[str], object],
    kind: str,
) -> Sequence[ProbeStep]:
    """One step: how many there are, or why the first of them cannot be opened."""
    began = time.monotonic()
    try:
        found = list(listed)
        for one in found:
            if isinstance(one, StoredTable):
                open_table(one.name)
        ok, detail = True, f"{len(found)} {kind} tables"
    except ObjectUnreachable as refusal:
        ok, detail = False, str(refusal)
    return [ProbeStep("open the tables", ok, detail, round((time.monotonic() - began) * 1000))]
