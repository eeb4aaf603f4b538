"""Which look-ups a changelist's address may carry: the page's own filters, nothing else."""

SUFFIXES = frozenset(
    {
        "exact", "in", "isnull", "gt", "gte", "lt", "lte",
        "year", "month", "day", "range", "date", "time",
        "id__exact", "pk__exact", "id__in", "icontains",
    }
)  # fmt: skip
UNFOLD_SUFFIXES = ("_from", "_to", "_from_0", "_from_1", "_to_0", "_to_1")


def allowed_lookup(lookup: str, names: set[str]) -> bool:
    """Whether `lookup` is one of `names`, with a suffix that a filter of that name writes."""
    for name in names:
        if lookup == name or lookup in {f"{name}{suffix}" for suffix in UNFOLD_SUFFIXES}:
            return True
        if lookup.startswith(f"{name}__") and lookup.removeprefix(f"{name}__") in SUFFIXES:
            return True
    return False
