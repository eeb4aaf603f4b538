"""What happens when somebody who was erased comes back.

By the namespace's rule the officers are told, or another erasure is asked for at once. Nothing is
deleted by itself: that takes another report, and another decision by another person.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from governance.audit import trail
from governance.kernel.actions import Action
from governance.kernel.actors import Actor
from governance.kernel.permissions import require
from governance.kernel.refusals import Conflict, NotFound
from governance.secrets import sealing
from governance.tenancy.services import actors
from purge import selectors
from purge.domain import accounts
from purge.domain.identifiers import check_subjects
from purge.models import (
    CameBackPolicy,
    ErasureRequest,
    Origin,
    Return,
    ReturnState,
    Suppression,
)
from purge.services import erasure_requests, free_texts, keyrings, ledger, rules, subjects
from purge.services.erasure_requests import Wish

CAME_BACK = "A record of somebody who was erased came back."


class ReturnDecided(Conflict):
    code = "return_decided"
    sentence = "Somebody decided on this before. Nothing is left to decide."


class NotErased(NotFound):
    code = "nobody_erased_is_called_so"
    sentence = "Nobody who was erased is known by this. Look at the spelling and the name."


def act_on(*, return_id: UUID, now: datetime) -> bool:
    """Do as the rule says. True where the officers are to be told."""
    row = _locked(return_id)
    if row.state != ReturnState.OPEN:
        return False
    match CameBackPolicy(rules.current().came_back):
        case CameBackPolicy.FLAG:
            return True
        case CameBackPolicy.ERASE_AGAIN if row.suppression.erasure_request is None:
            return True
        case CameBackPolicy.ERASE_AGAIN:
            requester = row.suppression.erasure_request.requested_by_id
            actor = actors.system(row.namespace_id)
            _ask(row, requester_id=requester, actor=actor, now=now)
            return False


def ask_again(*, return_id: UUID, actor: Actor, now: datetime) -> ErasureRequest:
    """Ask for an erasure of what came back: a new report, and a new decision."""
    require(actor=actor, action=Action.REQUEST_ERASURE)
    requester = actor.user_id or actor.token_id
    if requester is None:
        raise erasure_requests.RequesterUnknown
    with transaction.atomic():
        return _ask(_open(return_id), requester_id=requester, actor=actor, now=now)


def dismiss(*, return_id: UUID, actor: Actor, now: datetime) -> Return:
    """The person is back by their own wish: they may stay, and are looked out for no more."""
    require(actor=actor, action=Action.REQUEST_ERASURE)
    with transaction.atomic():
        row = _open(return_id)
        row.state, row.subject, row.decided_by_id = ReturnState.DISMISSED, "", actor.user_id
        row.save()
        ledger.same_person(row.suppression).update(lifted_at=now)
        trail.record(actor=actor, action="return.dismissed", target=row, now=now)
    return row


def let_back(*, subject: Mapping[str, object], reason: str, actor: Actor, now: datetime) -> int:
    """Somebody who was erased wants to be known again: they are looked out for no more.

    Their records may stay, and they may have an account. How many identifiers that was.
    """
    require(actor=actor, action=Action.REQUEST_ERASURE)
    identifiers = selectors.known_identifiers()
    people = check_subjects([subject], known_names=frozenset(one.name for one in identifiers))
    if not reason.strip():
        raise free_texts.wrong("/reason", "say why, such as how they agreed")
    free_texts.check(values=subjects.values_in(people), reason=reason)
    key = keyrings.fingerprint_key()
    prints = subjects.fingerprints(people, identifiers=identifiers, key=key)
    with transaction.atomic():
        named = Q(public_fingerprint__in=prints) | Q(
            account_fingerprint__in=accounts.fingerprints(subjects.values_in(people), key=key)
        )
        known = Suppression.objects.filter(named, lifted_at__isnull=True)
        rows = {row.pk for one in list(known) for row in ledger.same_person(one)}
        lifted = Suppression.objects.filter(pk__in=rows, lifted_at__isnull=True)
        count = lifted.update(lifted_at=now)
        if not count:
            raise NotErased
        waiting = Return.objects.filter(suppression__in=rows, state=ReturnState.OPEN)
        waiting.update(state=ReturnState.DISMISSED, subject="", decided_by_id=actor.user_id)
        trail.record(
            actor=actor,
            action="person.let_back",
            detail={"subjects": prints, "reason": reason.strip()},
            now=now,
        )
    return count


def _ask(row: Return, *, requester_id: UUID, actor: Actor, now: datetime) -> ErasureRequest:
    sealed = sealing.get(row, "subject")
    if sealed is None:
        raise ReturnDecided
    before = row.suppression.erasure_request
    request = erasure_requests.open_request(
        wish=Wish(
            people=[json.loads(sealed.reveal())],
            reason=CAME_BACK,
            reference="" if before is None else before.reference,
        ),
        requester_id=requester_id,
        origin=Origin.CAME_BACK,
        actor=actor,
        now=now,
    )
    row.state, row.subject, row.erasure_request = ReturnState.ASKED, "", request
    row.decided_by_id = actor.user_id
    row.save()
    trail.record(
        actor=actor,
        action="return.asked",
        target=row,
        detail={"erasure_request": str(request.pk)},
        now=now,
    )
    return request


def _locked(return_id: UUID) -> Return:
    return (
        Return.objects.select_for_update(of=("self",))
        .select_related("suppression__erasure_request")
        .get(pk=return_id)
    )


def _open(return_id: UUID) -> Return:
    row = _locked(return_id)
    if row.state != ReturnState.OPEN:
        raise ReturnDecided
    return row
