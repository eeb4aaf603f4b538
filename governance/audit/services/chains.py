"""The hash chain over a namespace's events: sealing what is new, verifying what is old.

Each seal's hash is HMAC-SHA-256 over its sequence, the previous hash and the event's canonical
JSON (RFC 8785 in spirit: sorted keys, no spaces), under a key derived from FIELD_KEYS, so that
neither the service nor somebody with the database alone can rewrite the past unnoticed. What a
chain cannot show by itself, a tail that was cut off, is seen by its anchors (`anchors.py`).
"""

import hashlib
import hmac
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from governance.audit.models import AuditEvent, AuditSeal
from governance.audit.services import audit_keys
from governance.audit.services.anchors import Anchor

BATCH = 1000
# Arbitrary but fixed: the advisory lock under which one sealer at a time works.
SEALER_LOCK = 0x1A4E5EA1


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """The first seal of a chain that does not hold, and why."""

    namespace_id: UUID | None
    sequence: int
    why: str


@dataclass(frozen=True, slots=True)
class Verification:
    """`oldest_unsealed` is the age of the oldest event without a seal, or None."""

    sealed: int
    broken: tuple[BrokenLink, ...]
    oldest_unsealed: timedelta | None


def seal_pending() -> int:
    """Seal up to BATCH events, in order of recording. Needs a system scope; returns how many.

    A lock of the transaction makes sealers take turns, so a chain never forks.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SEALER_LOCK])
        if not cursor.fetchone()[0]:
            return 0
    heads: dict[UUID | None, tuple[int, str]] = {}
    key_id, key = audit_keys.current()
    seals = []
    for event in AuditEvent.objects.filter(seal__isnull=True).order_by("created_at", "id")[:BATCH]:
        if event.namespace_id not in heads:
            heads[event.namespace_id] = _head(event.namespace_id)
        sequence, previous = heads[event.namespace_id]
        link = _hash(key=key, sequence=sequence + 1, previous=previous, event=event)
        seals.append(
            AuditSeal(
                namespace_id=event.namespace_id,
                sequence=sequence + 1,
                event=event,
                key_id=key_id,
                previous_hash=previous,
                hash=link,
            )
        )
        heads[event.namespace_id] = (sequence + 1, link)
    AuditSeal.objects.bulk_create(seals)
    return len(seals)


def verify(*, now: datetime, anchors: Iterable[Anchor] = ()) -> Verification:
    """Walk every chain of the open scope, hold it against its anchors, name its first fault."""
    anchored = defaultdict(list)
    for anchor in anchors:
        anchored[anchor.namespace_id].append(anchor)
    # A set, for a chain that is gone altogether has only its anchors.
    chains = {*AuditSeal.objects.values_list("namespace_id", flat=True).distinct(), *anchored}
    sealed, broken = 0, []
    for namespace_id in sorted(chains, key=str):
        count, link = _verify_chain(namespace_id, anchors=anchored[namespace_id])
        sealed += count
        if link is not None:
            broken.append(link)
    oldest = AuditEvent.objects.filter(seal__isnull=True).order_by("created_at").first()
    return Verification(
        sealed=sealed,
        broken=tuple(broken),
        oldest_unsealed=None if oldest is None else now - oldest.created_at,
    )


def _verify_chain(
    namespace_id: UUID | None, *, anchors: Sequence[Anchor]
) -> tuple[int, BrokenLink | None]:
    anchored = defaultdict(list)
    for anchor in anchors:
        anchored[anchor.sequence].append(anchor)
    count, previous, keys = 0, "", dict[str, bytes | None]()
    for seal in _seals(namespace_id):
        count += 1
        if seal.key_id not in keys:
            keys[seal.key_id] = audit_keys.of(seal.key_id)
        wrong = _wrong(seal, count=count, previous=previous, key=keys[seal.key_id])
        wrong = wrong or _differs(seal, anchored.get(count, ()))
        if wrong:
            return count, BrokenLink(namespace_id, count, wrong)
        previous = seal.hash
    later = [anchor for anchor in anchors if anchor.sequence > count]
    if later:
        last = max(later, key=lambda one: one.sequence)
        why = f"the trail ends before it, and had got to {last.sequence} at {last.at.isoformat()}"
        return count, BrokenLink(namespace_id, count + 1, why)
    return count, None


def _wrong(seal: AuditSeal, *, count: int, previous: str, key: bytes | None) -> str:
    """What is wrong with a link by itself; empty where nothing is."""
    if seal.sequence != count:
        return f"sequence {count} is missing"
    if key is None:
        return f"its key {seal.key_id!r} is not known here"
    expected = _hash(key=key, sequence=count, previous=previous, event=seal.event)
    if seal.previous_hash != previous or not hmac.compare_digest(seal.hash, expected):
        return "the event or its seal was changed"
    return ""


def _differs(seal: AuditSeal, anchors: Iterable[Anchor]) -> str:
    for anchor in anchors:
        if anchor.hash != seal.hash:
            return f"it is not what it was at {anchor.at.isoformat()}: the trail was written anew"
    return ""


def _seals(namespace_id: UUID | None) -> Iterator[AuditSeal]:
    return (
        AuditSeal.objects.filter(namespace=namespace_id)
        .select_related("event")
        .order_by("sequence")
        .iterator(chunk_size=BATCH)
    )


def _head(namespace_id: UUID | None) -> tuple[int, str]:
    last = AuditSeal.objects.filter(namespace=namespace_id).order_by("-sequence").first()
    return (0, "") if last is None else (last.sequence, last.hash)


def _hash(*, key: bytes, sequence: int, previous: str, event: AuditEvent) -> str:
    body = {
        "sequence": sequence,
        "previous": previous,
        "id": str(event.pk),
        "namespace": str(event.namespace_id),
        "at": event.at.isoformat(),
        "actor_kind": event.actor_kind,
        "actor_id": str(event.actor_id),
        "actor_role": event.actor_role,
        "network": event.network,
        "action": event.action,
        "target_kind": event.target_kind,
        "target_id": str(event.target_id),
        "detail": event.detail,
    }
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hmac.new(key, canonical.encode(), hashlib.sha256).hexdigest()
