"""Erased people who are met while objects are read: noted once a person, and only if new.

A person who is on the list to decide, or in an erasure that is open, is not noted again. Whom an
officer decided to leave (they rejected the erasure) rests until there is more of them in an object
than that report named.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from uuid import UUID

from governance.audit import trail
from governance.outbox.services import messages
from governance.secrets import sealing
from governance.tenancy.services import actors
from purge import job_names
from purge.domain.erasure import State
from purge.domain.identifiers import IdentifierType, fingerprint
from purge.domain.spans import Span
from purge.models import (
    ErasureReport,
    ErasureRequest,
    LakeObject,
    Origin,
    Return,
    ReturnState,
    Suppression,
)
from purge.ports import Candidate, MetastoreIndex
from purge.ports.extraction import Met
from purge.services import ledger

Count = Callable[[Collection[int]], int]
"""How many records of the object carry one of these fingerprints."""


class Seen:
    """Who was met in an object that no index knows, and in which of its records."""

    def __init__(self, *, key: bytes, erased: frozenset[int]) -> None:
        self._key = key
        self._erased = erased
        self._spans: dict[int, set[Span]] = {}
        self.met: dict[int, Met] = {}

    def look(self, span: Span, candidates: Iterable[Candidate]) -> None:
        if not self._erased:
            return
        for kind, name, value in candidates:
            one = fingerprint(key=self._key, name=name, kind=IdentifierType(kind), value=value)
            if one in self._erased:
                self.met[one] = kind, name, value
                self._spans.setdefault(one, set()).add(span)

    def count(self, prints: Collection[int]) -> int:
        return len(set().union(*(self._spans.get(one, set()) for one in prints)))


def counted(index: MetastoreIndex, *, object_number: int) -> Count:
    """By the index. Needs the scope when it is asked."""

    def count(prints: Collection[int]) -> int:
        places = index.places(fingerprints=prints, object_numbers=[object_number])
        return len({place.span for place in places})

    return count


def note(*, met: Mapping[int, Met], row: LakeObject, count: Count, now: datetime) -> None:
    """Write down who was met in the object. Needs the scope.

    The person's entries are locked: two objects that are read at once make one return.
    """
    for print_, (kind, name, value) in met.items():
        for known in Suppression.objects.filter(fingerprint=print_, lifted_at__isnull=True):
            list(ledger.same_person(known).select_for_update().order_by("pk").values_list("pk"))
            if not _is_asked_for(known) and not _rests(known, row, count):
                value_there = json.loads(value) if kind == IdentifierType.COMPOSITE else value
                _flag(known, row.dataset_id, {name: value_there}, now=now)


def _is_asked_for(known: Suppression) -> bool:
    return ErasureRequest.objects.filter(
        finished_at__isnull=True, fingerprints__contains=[known.public_fingerprint]
    ).exists()


def _rests(known: Suppression, row: LakeObject, count: Count) -> bool:
    """Whether an officer saw what is there and decided to leave it."""
    left = (
        ErasureRequest.objects.filter(
            state=State.REJECTED,
            origin=Origin.CAME_BACK,
            finished_at__gt=known.erased_at,
            fingerprints__contains=[known.public_fingerprint],
        )
        .order_by("-finished_at")
        .first()
    )
    if left is None:
        return False
    report = ErasureReport.objects.get(erasure_request=left, hash=left.report_hash)
    objects = report.document["objects"]
    named = sum(one.get("named", 0) for one in objects if one["number"] == row.number)
    prints = Suppression.objects.filter(public_fingerprint__in=left.fingerprints)
    return count(list(prints.values_list("fingerprint", flat=True))) <= int(named)


def _flag(
    known: Suppression, dataset_id: UUID, subject: Mapping[str, object], *, now: datetime
) -> None:
    """To be decided on: by itself, or with what else of the person is there already."""
    there = Return.objects.filter(
        suppression__in=ledger.same_person(known), dataset_id=dataset_id, state=ReturnState.OPEN
    )
    for one in there:
        if _is_added(one, subject):
            return
    row = Return(suppression=known, dataset_id=dataset_id, seen_at=now)
    row.namespace_id = known.namespace_id
    sealing.put(row, "subject", json.dumps(subject))
    row.save(force_insert=True)
    trail.record(
        actor=actors.system(known.namespace_id),
        action="return.seen",
        target=row,
        detail={"subject": known.public_fingerprint, "dataset": str(dataset_id)},
        now=now,
    )
    messages.enqueue_job(name=job_names.CAME_BACK, key=f"{row.pk}", return_id=row.pk)


def _is_added(row: Return, subject: Mapping[str, object]) -> bool:
    """False where the person is there with another value of the same name."""
    sealed = sealing.get(row, "subject")
    there: dict[str, object] = {} if sealed is None else json.loads(sealed.reveal())
    if any(there.get(name, value) != value for name, value in subject.items()):
        return False
    if any(name not in there for name in subject):
        sealing.put(row, "subject", json.dumps({**there, **subject}))
        row.save(update_fields=["subject", "updated_at"])
    return True
