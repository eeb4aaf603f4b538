"""Anchors: where each chain had got to, written down outside of the database.

A chain alone does not show that its tail was cut off, nor that somebody who has the key wrote all
of it anew. A line for each chain goes to a file (and by mail, where somebody is named for it), and
`verify_audit` holds the chain against the lines.
"""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db.models import Max

from governance.audit.models import AuditSeal
from governance.isolation.scopes import current_scope

PLATFORM = "platform"
LINE = re.compile(r"(\S+) (platform|[0-9a-f-]{36}) ([0-9]{1,18}) ([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Anchor:
    """The head of a namespace's chain (None: of the platform's) at a time."""

    at: datetime
    namespace_id: UUID | None
    sequence: int
    hash: str

    def __str__(self) -> str:
        owner = PLATFORM if self.namespace_id is None else self.namespace_id
        return f"{self.at.isoformat(timespec='seconds')} {owner} {self.sequence} {self.hash}"


def heads(*, now: datetime) -> list[Anchor]:
    """The head of every chain. Needs a system scope."""
    last = AuditSeal.objects.values("namespace_id").annotate(last=Max("sequence"))
    return [
        Anchor(now, one["namespace_id"], one["last"], _hash_at(one["namespace_id"], one["last"]))
        for one in last.order_by("namespace_id")
    ]


def own() -> list[Anchor]:
    """The anchors in this machine's file: of the open scope's namespace, or all of them."""
    file = Path(settings.AUDIT_ANCHORS)
    if not file.exists():
        return []
    found, scope = parsed(file.read_text(encoding="utf-8", errors="replace")), current_scope()
    return [one for one in found if scope.namespace_id in {None, one.namespace_id}]


def drop(*, now: datetime) -> list[Anchor]:
    """Write down the head of every chain that moved since. Needs a system scope. The new ones."""
    fresh = moved(heads(now=now), before=own())
    if fresh:
        append(fresh, file=Path(settings.AUDIT_ANCHORS))
    return fresh


def append(anchors: Iterable[Anchor], *, file: Path) -> None:
    """Add a line for each, on the disk when this returns."""
    lines = "".join(f"{one}\n" for one in anchors)
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, lines.encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def parsed(text: str) -> list[Anchor]:
    """The anchors in a file or a mail, whatever stands around them."""
    found = []
    for match in LINE.finditer(text):
        try:
            at = datetime.fromisoformat(match[1])
            owner = None if match[2] == PLATFORM else UUID(match[2])
        except ValueError:
            continue
        found.append(Anchor(at, owner, int(match[3]), match[4]))
    return found


def moved(now: Sequence[Anchor], *, before: Sequence[Anchor]) -> list[Anchor]:
    """Those whose chain is not where its newest anchor says."""
    newest = {one.namespace_id: one.hash for one in before}
    return [one for one in now if newest.get(one.namespace_id) != one.hash]


def _hash_at(namespace_id: UUID | None, sequence: int) -> str:
    return AuditSeal.objects.get(namespace=namespace_id, sequence=sequence).hash
