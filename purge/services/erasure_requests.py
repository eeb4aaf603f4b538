"""Asking for an erasure, and deciding on it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from governance.audit import trail
from governance.isolation.scopes import current_namespace_id
from governance.kernel.actions import Action
from governance.kernel.actors import Actor, ActorKind
from governance.kernel.permissions import require
from governance.kernel.refusals import Conflict, FieldError, Forbidden, Invalid
from governance.outbox.services import messages
from purge import job_names, selectors
from purge.domain import masks
from purge.domain.deadlines import one_month_after
from purge.domain.erasure import State, check_decider, check_move
from purge.domain.identifiers import SubjectInvalid, check_subjects, wanted_in
from purge.models import ErasureDecision, ErasureRequest, Verb
from purge.ports import Lake
from purge.services import freshness, keyrings, subjects
from purge.services.moves import move


class RequestInvalid(Invalid):
    code = "erasure_request_invalid"
    sentence = "The request is not usable: {why}."


class DecisionNeedsPerson(Forbidden):
    code = "decision_needs_person"
    sentence = "Only a person who is signed in may decide on an erasure, never a token."


class ReportStale(Conflict):
    code = "report_stale"
    sentence = "This is not the report in force: {why}. Read the present one, then decide."


class LakeChanged(ReportStale):
    """The same refusal to whoever reads it; the entrance asks for a new report besides."""


class AlreadyDecided(Conflict):
    code = "already_decided"
    sentence = "This erasure was decided before."


class ReasonMissing(Invalid):
    code = "reason_missing"
    sentence = "Say why, for whoever asked."


def ask(
    *,
    people: object,
    reason: str,
    due_at: datetime | None = None,
    reference: str = "",
    actor: Actor,
    now: datetime,
) -> ErasureRequest:
    """Ask that people be forgotten. What is kept in clear may not name them."""
    require(actor=actor, action=Action.REQUEST_ERASURE)
    requester = actor.user_id or actor.token_id
    if requester is None:
        raise DecisionNeedsPerson
    identifiers = selectors.known_identifiers()
    checked = check_subjects(people, known_names=frozenset(one.name for one in identifiers))
    _check_findable(checked)
    _check_texts(reason=reason, reference=reference, people=checked)
    if due_at is not None and due_at <= now:
        raise _wrong("/due_at", "the due time has passed")
    with transaction.atomic():
        request = ErasureRequest(
            subject_count=len(checked),
            fingerprints=subjects.fingerprints(
                checked, identifiers=identifiers, key=keyrings.fingerprint_key()
            ),
            reason=reason.strip(),
            reference=reference.strip(),
            due_at=due_at or one_month_after(now),
            requested_by_id=requester,
        )
        request.namespace_id = current_namespace_id()
        subjects.seal(request, checked)
        request.save()
        trail.record(
            actor=actor,
            action="erasure.requested",
            target=request,
            detail={"subjects": request.fingerprints, "due_at": request.due_at.isoformat()},
            now=now,
        )
        messages.enqueue_job(name=job_names.LOCATE, erasure_request_id=request.pk)
    return request


def approve(
    *, request_id: UUID, report_hash: str, lake: Lake, actor: Actor, now: datetime
) -> ErasureRequest:
    """Approve the report in force, while the lake is still as it says.

    Raises DecisionNeedsPerson, SelfApprovalForbidden, ReportStale, StateConflict; and LakeChanged,
    after which the entrance asks for a new report (`look_again`).
    """
    with transaction.atomic():
        request = _locked_for_decision(request_id, State.APPROVED, actor=actor)
        if report_hash != request.report_hash:
            raise ReportStale(why="another one was made since")
        if not freshness.is_current(request_id=request_id, lake=lake):
            raise LakeChanged(why="the lake changed since")
        _decide(request, Verb.APPROVE, reason="", actor=actor, now=now)
        request.approved_by_id = actor.user_id
        move(request, State.APPROVED, actor=actor, now=now)
        messages.enqueue_job(name=job_names.ERASE, erasure_request_id=request.pk)
    return request


def reject(*, request_id: UUID, reason: str, actor: Actor, now: datetime) -> ErasureRequest:
    """Say no, for good, with a reason. Nothing in the lake changes."""
    with transaction.atomic():
        request = _locked_for_decision(request_id, State.REJECTED, actor=actor)
        if not reason.strip():
            raise ReasonMissing
        _check_texts(reason=reason, reference="", people=subjects.of(request))
        _decide(request, Verb.REJECT, reason=reason.strip(), actor=actor, now=now)
        move(request, State.REJECTED, actor=actor, now=now)
        messages.enqueue_job(
            name=job_names.TELL_OUTCOME, key=f"{request.pk}", erasure_request_id=request.pk
        )
    return request


def cancel(*, request_id: UUID, actor: Actor, now: datetime) -> ErasureRequest:
    """Withdraw a request that is not being carried out at this moment."""
    require(actor=actor, action=Action.REQUEST_ERASURE)
    with transaction.atomic():
        request = ErasureRequest.objects.select_for_update().get(pk=request_id)
        move(request, State.CANCELLED, actor=actor, now=now)
    return request


def look_again(*, request_id: UUID, actor: Actor, now: datetime) -> ErasureRequest:
    """Ask for a new report, because the lake changed or something could not be reached."""
    with transaction.atomic():
        request = ErasureRequest.objects.select_for_update().get(pk=request_id)
        if request.state != State.LOCATING:
            request.approved_by_id = None
            move(request, State.LOCATING, actor=actor, now=now)
        messages.enqueue_job(name=job_names.LOCATE, erasure_request_id=request.pk)
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
                look_again(request_id=request_id, actor=actor, now=now)
                request.refresh_from_db()
    return request


def _is_still_covered(request: ErasureRequest) -> bool:
    """Whether what failed may be tried again under the approval it had."""
    return not request.needs_new_report and selectors.approval_holds(request)


def _locked_for_decision(request_id: UUID, after: State, *, actor: Actor) -> ErasureRequest:
    """The request, locked, if this actor may decide on it now.

    Who may decide at all, then whether it is open, then whether they are the second person.
    """
    require(actor=actor, action=Action.APPROVE_ERASURE)
    if actor.kind is not ActorKind.PERSON or actor.user_id is None:
        raise DecisionNeedsPerson
    request = ErasureRequest.objects.select_for_update().get(pk=request_id)
    check_move(State(request.state), after)
    check_decider(
        requester=selectors.person(request.requested_by_id),
        decider=selectors.person(actor.user_id),
        subject_values=subjects.values_in(subjects.of(request)),
    )
    return request


def _decide(
    request: ErasureRequest, verb: Verb, *, reason: str, actor: Actor, now: datetime
) -> None:
    if actor.user_id is None:
        raise DecisionNeedsPerson
    made, created = ErasureDecision.objects.get_or_create(
        erasure_request=request,
        decided_by_id=actor.user_id,
        report_hash=request.report_hash,
        voided_at=None,
        defaults={
            "requested_by_id": request.requested_by_id,
            "decided_in_role": actor.role_name,
            "decision": verb,
            "reason": reason,
            "decided_at": now,
        },
    )
    if not created:
        raise AlreadyDecided
    trail.record(
        actor=actor,
        action=f"erasure.decided.{verb}",
        target=request,
        detail={"decision": str(made.pk), "report_hash": request.report_hash},
        now=now,
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


def _check_texts(*, reason: str, reference: str, people: Sequence[Mapping[str, object]]) -> None:
    """Reason and reference outlive the subjects, are mailed and certified: they name nobody."""
    values = subjects.values_in(people)
    for pointer, text in (("/reason", reason), ("/reference", reference)):
        if pointer == "/reason" and not text.strip():
            raise _wrong("/reason", "say why")
        breaks = "\r\n\t" if pointer == "/reason" else ""
        if any(ord(character) < ord(" ") and character not in breaks for character in text):
            raise _wrong(pointer, "it holds control characters")
        if masks.names(text, values=values):
            raise _wrong(pointer, "it names the person; leave identifiers to the subjects")


def _wrong(pointer: str, why: str) -> RequestInvalid:
    return RequestInvalid(why=why, errors=[FieldError(pointer, "invalid", why)])
