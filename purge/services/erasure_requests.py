"""Asking for an erasure, withdrawing it, and going on with what failed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from governance.audit import trail
from governance.isolation.scopes import current_namespace_id
from governance.kernel.actions import Action
from governance.kernel.actors import Actor
from governance.kernel.permissions import require
from governance.kernel.refusals import FieldError, Forbidden
from governance.outbox.services import messages
from purge import job_names, selectors
from purge.domain.deadlines import expiry, one_month_after
from purge.domain.erasure import State, StateConflict
from purge.domain.identifiers import SubjectInvalid, check_subjects, wanted_in
from purge.models import ErasureRequest, Origin
from purge.services import (
    bulk_actions,
    contacts,
    data_map_digests,
    decisions,
    free_texts,
    keyrings,
    rules,
    subjects,
)
from purge.services.transitions import move

FAILED = frozenset({State.FAILED, State.PARTIALLY_FAILED})


class RequesterUnknown(Forbidden):
    code = "requester_unknown"
    sentence = "An erasure is asked for by a person or a token that can be named afterwards."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody writes who asks for an erasure. `people` come from outside, unchecked.

    `contact` is where the person wants to hear of the outcome; the texts may name nobody.
    """

    people: object
    reason: str
    due_at: datetime | None = None
    reference: str = ""
    identity_proof: str = ""
    contact: str = ""


def ask(*, wish: Wish, actor: Actor, now: datetime) -> ErasureRequest:
    """Ask that people be forgotten. What is kept in clear may not name them."""
    require(actor=actor, action=Action.REQUEST_ERASURE)
    requester = actor.user_id or actor.token_id
    if requester is None:
        raise RequesterUnknown
    return open_request(wish=wish, requester_id=requester, actor=actor, now=now)


def open_request(
    *,
    wish: Wish,
    requester_id: UUID,
    origin: Origin = Origin.ASKED,
    actor: Actor,
    now: datetime,
) -> ErasureRequest:
    """Write the request and have it located. `requester_id` is who may not decide on it."""
    identifiers = selectors.known_identifiers()
    checked = check_subjects(wish.people, known_names=frozenset(one.name for one in identifiers))
    _check_findable(checked)
    _check_texts(wish, checked)
    if wish.due_at is not None and wish.due_at <= now:
        raise free_texts.wrong("/due_at", "the due time has passed")
    due_at = wish.due_at or one_month_after(now)
    with transaction.atomic():
        wanted = rules.current()
        request = ErasureRequest(
            subject_count=len(checked),
            fingerprints=subjects.fingerprints(
                checked, identifiers=identifiers, key=keyrings.fingerprint_key()
            ),
            reason=wish.reason.strip(),
            reference=wish.reference.strip(),
            identity_proof=wish.identity_proof.strip(),
            origin=origin,
            due_at=due_at,
            expires_at=expiry(asked_at=now, due_at=due_at, undecided_days=wanted.undecided_days),
            approvals_needed=wanted.approvals_needed,
            requested_by_id=requester_id,
        )
        request.namespace_id = current_namespace_id()
        subjects.seal(request, checked)
        contacts.seal(request, wish.contact)
        request.save()
        trail.record(
            actor=actor,
            action="erasure.requested",
            target=request,
            detail={
                "subjects": request.fingerprints,
                "due_at": request.due_at.isoformat(),
                "origin": origin.value,
            },
            now=now,
        )
        messages.enqueue_job(name=job_names.LOCATE, erasure_request_id=request.pk)
    return request


def cancel(*, request_id: UUID, actor: Actor, now: datetime) -> ErasureRequest:
    """Withdraw a request. One that is being carried out stops after the object at hand.

    What was cut by then stays cut: a partial certificate says what.
    """
    require(actor=actor, action=Action.REQUEST_ERASURE)
    with transaction.atomic():
        request = ErasureRequest.objects.select_for_update().get(pk=request_id)
        if request.state == State.PURGING:
            request.stop_wanted = True
            request.save(update_fields=["stop_wanted", "updated_at"])
            trail.record(actor=actor, action="erasure.stop_wanted", target=request, now=now)
            messages.enqueue_job(name=job_names.ERASE, erasure_request_id=request.pk)
        else:
            move(request, State.CANCELLED, actor=actor, now=now)
            messages.enqueue_job(
                name=job_names.TELL_OUTCOME, key=f"{request.pk}", erasure_request_id=request.pk
            )
    return request


def retry(*, request_id: UUID, actor: Actor, now: datetime) -> ErasureRequest:
    """Go on with what failed or was given up.

    Objects that failed are tried again under the same approval. What the approved report did not
    cover, because it could not be reached then, needs a new report and a new decision.
    """
    require(actor=actor, action=Action.REQUEST_ERASURE)
    with transaction.atomic():
        request = ErasureRequest.objects.select_for_update().get(pk=request_id)
        match State(request.state):
            case State.APPROVED | State.PURGING | State.VERIFYING:
                messages.enqueue_job(name=job_names.ERASE, erasure_request_id=request.pk)
            case State.PARTIALLY_FAILED if _is_still_covered(request):
                move(request, State.PURGING, actor=actor, now=now)
                messages.enqueue_job(name=job_names.ERASE, erasure_request_id=request.pk)
            case _:
                decisions.look_again(request_id=request_id, actor=actor, now=now)
                request.refresh_from_db()
    return request


def retry_many(
    *, request_ids: Sequence[UUID], actor: Actor, now: datetime
) -> list[bulk_actions.BulkResult]:
    """Go on with several that failed, each from where it stopped. Others are left as they are."""
    require(actor=actor, action=Action.REQUEST_ERASURE)

    def go_on(request_id: UUID) -> ErasureRequest:
        before = State(ErasureRequest.objects.select_for_update().get(pk=request_id).state)
        if before not in FAILED:
            raise StateConflict(before=before.value, after=State.PURGING.value)
        return retry(request_id=request_id, actor=actor, now=now)

    return bulk_actions.run(request_ids, go_on)


def _is_still_covered(request: ErasureRequest) -> bool:
    """Whether what failed may be tried again under the approval it had."""
    return (
        not request.needs_new_report
        and selectors.approval_holds(request)
        and data_map_digests.lock_and_match(selectors.report_of(request))
    )


def _check_findable(people: Sequence[Mapping[str, object]]) -> None:
    """A value that fits no dataset's type would be looked for nowhere."""
    identifiers = selectors.known_identifiers()
    for position, person in enumerate(people):
        for name, value in person.items():
            if not wanted_in([{name: value}], identifiers=identifiers):
                pointer = f"/subjects/{position}/{name}"
                detail = "no dataset has this identifier with a type that this value fits"
                raise SubjectInvalid(why=detail, errors=[FieldError(pointer, "invalid", detail)])


def _check_texts(wish: Wish, people: Sequence[Mapping[str, object]]) -> None:
    if not wish.reason.strip():
        raise free_texts.wrong("/reason", "say why")
    values = subjects.values_in(people) | (
        {wish.contact.strip()} if wish.contact.strip() else set()
    )
    free_texts.check(
        values=values,
        reason=wish.reason,
        reference=wish.reference,
        identity_proof=wish.identity_proof,
    )
