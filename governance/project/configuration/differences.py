"""What applying changes, in lines for people."""

import json
from collections.abc import Iterator

from governance.project.configuration.applying import Applied, Change

LONGEST = 100


def lines(applied: Applied) -> Iterator[str]:
    """A line an item, and one for each of its fields that differ."""
    for change in applied.changes:
        yield from _change(change)
    for place in applied.left_alone:
        yield f"  {place}: not in the document, left as it is"
    for remark in applied.remarks:
        yield f"  {remark}"


def counts(applied: Applied) -> str:
    added = sum(change.before is None for change in applied.changes)
    return (
        f"{added} added, {len(applied.changes) - added} changed, {applied.unchanged} unchanged, "
        f"{len(applied.left_alone)} not in the document."
    )


def _change(change: Change) -> Iterator[str]:
    yield f"{'+' if change.before is None else '~'} {change.place}"
    for name, value in change.after.items():
        if change.before is None:
            if value not in ("", [], {}, None):
                yield f"    {name}: {_short(value)}"
        elif change.before.get(name) != value:
            yield f"    {name}: {_short(change.before.get(name))} → {_short(value)}"
    for name in change.secrets:
        yield f"    {name}: a secret, set"


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if "\n" in text or len(text) > LONGEST:
        return f"{' '.join(text.split())[: LONGEST - 20]}… ({len(text):,} characters)"
    return text or '""'
