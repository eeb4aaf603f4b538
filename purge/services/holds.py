"""Legal holds: placed and lifted by people, respected by everything that deletes.

A hold on a person is kept as fingerprints. A record that carries one of them stays, whoever else
it is about, and no version or object that holds such a record is removed whole.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import product
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from governance.audit import trail
from governance.isolation.scopes import current_namespace_id
from governance.kernel.actions import Action
from governance.kernel.actors import Actor, ActorKind
from governance.kernel.permissions import require
from governance.kernel.refusals import Conflict, Forbidden
from governance.tenancy.services import step_up
from purge import selectors
from purge.domain.canonical import SIMPLE_TYPES
from purge.domain.identifiers import Identifier, check_subjects, fingerprint, wanted_in
from purge.models import Dataset, LegalHold
from purge.ports import ObjectUnreachable
from purge.services import free_texts, keyrings, locks, subjects

REASON = "legal_hold"


class HoldLifted(Conflict):
    code = "legal_hold_lifted"
    sentence = "This hold was lifted before. Place another one if it is needed again."


class HoldNeedsPerson(Forbidden):
    code = "legal_hold_needs_person"
    sentence = (
        "A legal hold is placed by a person or a token that can be named afterwards, and lifted "
        "only by a person who is signed in."
    )


def place(
    *,
    subject: Mapping[str, object] | None = None,
    dataset: Dataset | None = None,
    reason: str,
    until: datetime,
    actor: Actor,
    now: datetime,
) -> LegalHold:
    """Keep a person's records, or a dataset, until then. What is stored names nobody."""
    require(actor=actor, action=Action.MANAGE_LEGAL_HOLDS)
    placed_by = actor.user_id or actor.token_id
    if placed_by is None:
        raise HoldNeedsPerson
    if (subject is None) == (dataset is None):
        raise free_texts.wrong("/subject", "give either a subject or a dataset")
    if until <= now:
        raise free_texts.wrong("/until", "this time has passed")
    if not reason.strip():
        raise free_texts.wrong("/reason", "say why it must be kept")
    free_texts.check(values=(), reason=reason)
    hold = LegalHold(dataset=dataset, reason=reason.strip(), until=until, placed_by_id=placed_by)
    with transaction.atomic():
        locks.let_deletions_end(current_namespace_id())
        if subject is not None:
            _name(hold, subject)  # By the data map as it is now: nobody changes it meanwhile.
        hold.save()
        trail.record(
            actor=actor,
            action="legal_hold.placed",
            target=hold,
            detail=_described(hold),
            now=now,
        )
    return hold


def lift(*, hold_id: UUID, reason: str, actor: Actor, now: datetime) -> LegalHold:
    """End the duty to keep, before its time. Erasures that waited for it can be retried."""
    require(actor=actor, action=Action.MANAGE_LEGAL_HOLDS)
    if actor.kind is not ActorKind.PERSON or actor.user_id is None:
        raise HoldNeedsPerson
    step_up.require_recent(actor=actor, now=now)
    if not reason.strip():
        raise free_texts.wrong("/reason", "say why it is lifted")
    free_texts.check(values=(), reason=reason)
    with transaction.atomic():
        hold = LegalHold.objects.select_for_update().get(pk=hold_id)
        if hold.lifted_at is not None:
            raise HoldLifted
        hold.lifted_at, hold.lifted_by_id = now, actor.user_id
        hold.lifted_because = reason.strip()
        hold.save()
        trail.record(
            actor=actor, action="legal_hold.lifted", target=hold, detail=_described(hold), now=now
        )
    return hold


def in_force() -> QuerySet[LegalHold]:
    """By the database's clock: whatever deletes asks, and none of it decides by another one."""
    return LegalHold.objects.filter(until__gt=Now(), lifted_at__isnull=True)


def names_of_people() -> frozenset[str]:
    """The names of the identifiers that people on hold are known by."""
    prints = in_force().filter(dataset__isnull=True).values_list("fingerprints", flat=True)
    return frozenset(one.rpartition(":")[0] for found in prints for one in found)


def until_of(dataset_id: UUID) -> str:
    """Until when the whole dataset is on hold, as an ISO time; empty where it is not."""
    last = in_force().filter(dataset_id=dataset_id).order_by("-until").first()
    return "" if last is None else last.until.isoformat()


def check_dataset(dataset_id: UUID) -> None:
    """Raises ObjectUnreachable, with until when, where the whole dataset is on hold."""
    until = until_of(dataset_id)
    if until:
        raise ObjectUnreachable(reason=REASON, until=until)


def _name(hold: LegalHold, subject: Mapping[str, object]) -> None:
    identifiers = selectors.known_identifiers()
    people = check_subjects([subject], known_names=frozenset(one.name for one in identifiers))
    free_texts.check(values=subjects.values_in(people), reason=hold.reason)
    key = keyrings.fingerprint_key()
    hold.fingerprints = subjects.fingerprints(people, identifiers=identifiers, key=key)
    hold.index_fingerprints = sorted(
        fingerprint(key=key, name=one.name, kind=one.type, value=one.value)
        for one in wanted_in(people, identifiers=list(_of_any_type(identifiers)))
    )
    if not hold.fingerprints:
        raise free_texts.wrong(
            "/subject", "no dataset has this identifier with a type that it fits"
        )


def _of_any_type(identifiers: Sequence[Identifier]) -> Iterator[Identifier]:
    """A dataset that comes later may have the identifier, or columns of it, with other types."""
    for one in identifiers:
        yield one
        if one.parts:
            for kinds in product(SIMPLE_TYPES, repeat=len(one.parts)):
                typed = zip(one.parts, kinds, strict=True)
                yield replace(one, parts=tuple(replace(part, type=kind) for part, kind in typed))
        else:
            yield from (replace(one, type=kind) for kind in SIMPLE_TYPES)


def _described(hold: LegalHold) -> dict[str, object]:
    return {
        "subject": hold.fingerprints,
        "dataset": None if hold.dataset_id is None else str(hold.dataset_id),
        "until": hold.until.isoformat(),
    }
