"""What queries leave behind about people who are to be forgotten: results, and what was typed."""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from governance.analytics.domain.queries import FINAL
from governance.analytics.models import Query
from governance.analytics.services import results

A_LOOK = 1000
TYPED = ("sql", "error", "notes", "parameters")
Mask = Callable[[str, Sequence[str]], str]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many results are gone, and how many queries named somebody."""

    results: int
    queries: int


def forget(*, values: Collection[str], mask: Mask) -> Forgotten:
    """Remove every result of the open scope: any may hold their records, and can be had again.

    In the history of queries, what people are known by (`values`) is masked. A query that still
    runs is left to the age limit of its result.
    """
    kept = Query.objects.filter(result_expires_at__isnull=False)
    for query in kept.only("pk", "namespace_id"):
        path = results.path_of(namespace_id=query.namespace_id, query_id=query.pk)
        path.unlink(missing_ok=True)
    gone = kept.update(result_expires_at=None)
    named, last = 0, None
    ended = Query.objects.filter(state__in=[state.value for state in FINAL]).order_by("pk")
    while values:
        after = ended if last is None else ended.filter(pk__gt=last)
        some = list(after.values("pk", *TYPED)[:A_LOOK])
        if not some:
            break
        named, last = named + _masked_in(some, values, mask), some[-1]["pk"]
    return Forgotten(results=gone, queries=named)


def _masked_in(rows: Sequence[dict[str, Any]], values: Collection[str], mask: Mask) -> int:
    """How many of them named somebody. Most people are in none of a thousand: one look at all."""
    texts = json.dumps(rows, default=str, ensure_ascii=False).casefold()
    there = [
        value for value in values if json.dumps(value, ensure_ascii=False)[1:-1].casefold() in texts
    ]
    named = 0
    for row in rows if there else ():
        before = {name: row[name] for name in TYPED}
        after = {name: _masked(value, there, mask) for name, value in before.items()}
        if after != before:
            named += Query.objects.filter(pk=row["pk"]).update(**after)
    return named


def _masked(value: Any, there: Sequence[str], mask: Mask) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        return mask(value, there)
    if isinstance(value, list):
        return [_masked(one, there, mask) for one in value]
    if isinstance(value, dict):
        return {name: _masked(one, there, mask) for name, one in value.items()}
    text = mask(str(value), there)
    return value if text == str(value) else text
