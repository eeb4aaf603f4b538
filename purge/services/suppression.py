"""The ledger of who was erased, and what happens when they come back.

Indexing sees every identifier as it arrives. `Watch` compares their fingerprints with the ledger
in memory; what it met is written once the object is indexed, in the same transaction. Nothing is
deleted by itself: another report and another decision are needed (ARCHITECTURE, what always holds).
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction

from governance.audit import trail
from governance.kernel.actions import Action
from governance.kernel.actors import Actor
from governance.kernel.permissions import require
from governance.kernel.refusals import Conflict
from governance.outbox.services import messages
from governance.secrets import sealing
from governance.tenancy.services import actors
from purge import job_names, selectors
from purge.domain.identifiers import fingerprint, public_fingerprint, wanted_in
from purge.models import (
    CameBackPolicy,
    ComeBack,
    ComeBackState,
    ErasureRequest,
    Origin,
    Suppression,
)
from purge.services import erasure_requests, keyrings, rules, subjects
from purge.services.erasure_requests import Wish

CAME_BACK = "A record of somebody who was erased came back."


class ComeBackDecided(Conflict):
    code = "come_back_decided"
    sentence = "Somebody decided on this before."


@dataclass(slots=True)
class Watch:
    """What to look out for while an object is read. `met`: name and value by fingerprint."""

    fingerprints: frozenset[int]
    met: dict[int, tuple[str, str]] = field(default_factory=dict)

    def look(self, fingerprint_: int, *, name: str, value: str) -> None:
        if fingerprint_ in self.fingerprints:
            self.met[fingerprint_] = (name, value)


def watch() -> Watch:
    """For one indexing run. Needs the scope."""
    rows = Suppression.objects.filter(lifted_at__isnull=True)
    return Watch(frozenset(rows.values_list("fingerprint", flat=True)))


def remember(*, request: ErasureRequest, now: datetime) -> int:
    """Write a completed erasure's people into the ledger, before they are destroyed. How many."""
    people, identifiers = subjects.of(request), selectors.known_identifiers()
    key = keyrings.fingerprint_key()
    rows = [
        Suppression(
            namespace_id=request.namespace_id,
            fingerprint=fingerprint(key=key, name=one.name, kind=one.type, value=one.value),
            public_fingerprint=f"{one.name}:{public_fingerprint(key=key, wanted=one)}",
            erasure_request=request,
            erased_at=now,
        )
        for one in wanted_in(people, identifiers=identifiers)
    ]
    Suppression.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def came_back(*, seen: Watch, dataset_id: UUID, now: datetime) -> int:
    """Write down who was met while an object was indexed. Needs the scope. How many are new.

    By policy the officers are told, or another erasure is asked for at once.
    """
    new = 0
    for fingerprint_, (name, value) in seen.met.items():
        for ledger in Suppression.objects.filter(fingerprint=fingerprint_, lifted_at__isnull=True):
            if not _is_known(ledger, dataset_id):
                _flag(ledger, dataset_id=dataset_id, subject={name: value}, now=now)
                new += 1
    seen.met.clear()
    return new


def ask_again(*, come_back_id: UUID, actor: Actor, now: datetime) -> ErasureRequest:
    """Ask for an erasure of what came back: a new report, and a new decision."""
    require(actor=actor, action=Action.REQUEST_ERASURE)
    requester = actor.user_id or actor.token_id
    if requester is None:
        raise erasure_requests.RequesterUnknown
    with transaction.atomic():
        row = _open(come_back_id)
        return _asked(row, requester_id=requester, actor=actor, now=now)


def dismiss(*, come_back_id: UUID, actor: Actor, now: datetime) -> ComeBack:
    """The person is back by their own wish: the record may stay, and is looked out for no more."""
    require(actor=actor, action=Action.REQUEST_ERASURE)
    with transaction.atomic():
        row = _open(come_back_id)
        row.state, row.subject, row.decided_by_id = ComeBackState.DISMISSED, "", actor.user_id
        row.save()
        Suppression.objects.filter(pk=row.suppression_id).update(lifted_at=now)
        trail.record(actor=actor, action="come_back.dismissed", target=row, now=now)
    return row


def _is_known(ledger: Suppression, dataset_id: UUID) -> bool:
    """Whether it was flagged and not decided on, or an erasure of the person is open already."""
    flagged = ComeBack.objects.filter(
        suppression=ledger, dataset_id=dataset_id, state=ComeBackState.OPEN
    )
    asked = ErasureRequest.objects.filter(
        finished_at__isnull=True, fingerprints__contains=[ledger.public_fingerprint]
    )
    return flagged.exists() or asked.exists()


def _flag(ledger: Suppression, *, dataset_id: UUID, subject: dict[str, str], now: datetime) -> None:
    row = ComeBack(suppression=ledger, dataset_id=dataset_id, seen_at=now)
    row.namespace_id = ledger.namespace_id
    sealing.put(row, "subject", json.dumps(subject))
    row.save(force_insert=True)
    actor = actors.system(ledger.namespace_id)
    trail.record(
        actor=actor,
        action="come_back.seen",
        target=row,
        detail={"subject": ledger.public_fingerprint, "dataset": str(dataset_id)},
        now=now,
    )
    match CameBackPolicy(rules.current().came_back):
        case CameBackPolicy.ERASE_AGAIN:
            requester = ledger.erasure_request.requested_by_id
            _asked(row, requester_id=requester, actor=actor, now=now)
        case CameBackPolicy.FLAG:
            messages.enqueue_job(
                name=job_names.TELL_CAME_BACK, key=f"{row.pk}", come_back_id=row.pk
            )


def _asked(row: ComeBack, *, requester_id: UUID, actor: Actor, now: datetime) -> ErasureRequest:
    sealed = sealing.get(row, "subject")
    if sealed is None:
        raise ComeBackDecided
    before = row.suppression.erasure_request
    request = erasure_requests.open_request(
        wish=Wish(
            people=[json.loads(sealed.reveal())],
            reason=CAME_BACK,
            reference=before.reference,
        ),
        requester_id=requester_id,
        origin=Origin.CAME_BACK,
        actor=actor,
        now=now,
    )
    row.state, row.subject, row.erasure_request = ComeBackState.ASKED, "", request
    row.decided_by_id = actor.user_id
    row.save()
    trail.record(
        actor=actor,
        action="come_back.asked",
        target=row,
        detail={"erasure_request": str(request.pk)},
        now=now,
    )
    return request


def _open(come_back_id: UUID) -> ComeBack:
    row = (
        ComeBack.objects.select_for_update(of=("self",))
        .select_related("suppression__erasure_request")
        .get(pk=come_back_id)
    )
    if row.state != ComeBackState.OPEN:
        raise ComeBackDecided
    return row
