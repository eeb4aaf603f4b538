"""The ledger of who was erased: written at the end of an erasure, looked at while objects are read.

It holds keyed fingerprints. Indexing computes the fingerprint of every identifier as it arrives, so
that comparing costs one look into a set. What was met is written with the object's entries, in one
transaction; `suppression.py` says what happens then.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from governance.audit import trail
from governance.isolation.scopes import current_namespace_id
from governance.outbox.services import messages
from governance.secrets import sealing
from governance.tenancy.services import actors
from purge import job_names, selectors
from purge.domain.identifiers import (
    IdentifierType,
    fingerprint,
    public_fingerprint,
    wanted_in,
)
from purge.models import ComeBack, ComeBackState, ErasureRequest, Suppression
from purge.ports.extraction import Met
from purge.services import keyrings, subjects


def fingerprints() -> frozenset[int]:
    """Whom to look out for. Needs the scope."""
    rows = Suppression.objects.filter(lifted_at__isnull=True)
    return frozenset(rows.values_list("fingerprint", flat=True))


def described(request: ErasureRequest) -> list[dict[str, str]]:
    """The request's people as the ledger has them, for its certificate to carry."""
    key = keyrings.fingerprint_key()
    found = (
        {
            "subject": f"{one.name}:{public_fingerprint(key=key, wanted=one)}",
            "fingerprint": str(fingerprint(key=key, name=one.name, kind=one.type, value=one.value)),
        }
        for one in wanted_in(subjects.of(request), identifiers=selectors.known_identifiers())
    )
    return sorted(found, key=lambda one: one["subject"])


def remember_again(
    *, entries: Sequence[Mapping[str, str]], erased_at: datetime, request_id: UUID
) -> int:
    """Write what a genuine certificate says into the ledger of a restored database. How many."""
    request = ErasureRequest.objects.filter(pk=request_id).first()
    rows = [
        Suppression(
            namespace_id=current_namespace_id(),
            fingerprint=int(one["fingerprint"]),
            public_fingerprint=one["subject"],
            erasure_request=request,
            erased_at=erased_at,
        )
        for one in entries
    ]
    before = Suppression.objects.count()
    Suppression.objects.bulk_create(rows, ignore_conflicts=True)
    return Suppression.objects.count() - before


def remember(*, request: ErasureRequest, now: datetime) -> None:
    """Write a completed erasure's people into the ledger, before they are destroyed.

    Somebody whom a person let back in, and who was erased again, is looked out for again.
    """
    key = keyrings.fingerprint_key()
    for one in wanted_in(subjects.of(request), identifiers=selectors.known_identifiers()):
        Suppression.objects.update_or_create(
            fingerprint=fingerprint(key=key, name=one.name, kind=one.type, value=one.value),
            public_fingerprint=f"{one.name}:{public_fingerprint(key=key, wanted=one)}",
            defaults={"erasure_request": request, "erased_at": now, "lifted_at": None},
        )


def note(*, met: Mapping[int, Met], dataset_id: UUID, now: datetime) -> None:
    """Write down who was met while an object was read. Needs the scope."""
    for print_, (kind, name, value) in met.items():
        for known in Suppression.objects.filter(fingerprint=print_, lifted_at__isnull=True):
            if not _is_known(known, dataset_id):
                subject = {name: json.loads(value) if kind == IdentifierType.COMPOSITE else value}
                _flag(known, dataset_id=dataset_id, subject=subject, now=now)


def _is_known(known: Suppression, dataset_id: UUID) -> bool:
    """Whether it was flagged and not decided on, or an erasure of the person is open already."""
    flagged = ComeBack.objects.filter(
        suppression=known, dataset_id=dataset_id, state=ComeBackState.OPEN
    )
    asked = ErasureRequest.objects.filter(
        finished_at__isnull=True, fingerprints__contains=[known.public_fingerprint]
    )
    return flagged.exists() or asked.exists()


def _flag(
    known: Suppression, *, dataset_id: UUID, subject: Mapping[str, object], now: datetime
) -> None:
    row = ComeBack(suppression=known, dataset_id=dataset_id, seen_at=now)
    row.namespace_id = known.namespace_id
    sealing.put(row, "subject", json.dumps(subject))
    row.save(force_insert=True)
    trail.record(
        actor=actors.system(known.namespace_id),
        action="come_back.seen",
        target=row,
        detail={"subject": known.public_fingerprint, "dataset": str(dataset_id)},
        now=now,
    )
    messages.enqueue_job(name=job_names.CAME_BACK, key=f"{row.pk}", come_back_id=row.pk)
