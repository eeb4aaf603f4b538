"""Deciding on an erasure: approving one report, by one or two people, or rejecting it."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.db import transaction

from governance.audit import trail
from governance.kernel.actors import Actor
from governance.kernel.refusals import Conflict, Invalid, Refusal
from governance.outbox.services import messages
from governance.tenancy.services import actors, step_up
from purge import job_names, selectors
from purge.domain.erasure import State
from purge.models import ErasureDecision, ErasureRequest, Verb
from purge.ports import Lake
from purge.services import bulk_actions, deciders, free_texts, freshness, rules, subjects
from purge.services.transitions import move


class ReportStale(Conflict):
    code = "report_stale"
    sentence = "This is not the report in force: {why}. Read the present one, then decide."


class LakeChanged(ReportStale):
    """The same refusal to whoever reads it; the entrance asks for a new report besides."""


class AlreadyDecided(Conflict):
    code = "already_decided"
    sentence = "You approved this erasure already. It waits for a second person."


class ReasonMissing(Invalid):
    code = "reason_missing"
    sentence = "Say why, for whoever asked."


class ApprovalTooLate(Conflict):
    code = "erasure_expired"
    sentence = (
        "Nobody decided on this erasure in time: it ends with nothing deleted. Ask again if it is "
        "still wanted."
    )


def approve(
    *, request_id: UUID, report_hash: str, lake: Lake, actor: Actor, now: datetime
) -> ErasureRequest:
    """Approve the report in force, while the lake is still as it says.

    The last approval that it needs sets the work off; before that it goes on waiting. Raises what
    `deciders.check` raises, AuthenticationTooOld, ReportStale, ApprovalTooLate, AlreadyDecided,
    StateConflict; and LakeChanged, after which the entrance asks for a new report (`look_again`).
    """
    step_up.require_recent(actor=actor, now=now)
    _check_approval(ErasureRequest.objects.get(pk=request_id), report_hash, actor=actor, now=now)
    # Stores may take their time: nobody waits for this row meanwhile.
    is_current = freshness.is_current(request_id=request_id, lake=lake)
    return _approve(request_id, report_hash, is_current=is_current, actor=actor, now=now)


def _approve(
    request_id: UUID, report_hash: str, *, is_current: bool, actor: Actor, now: datetime
) -> ErasureRequest:
    with transaction.atomic():
        request = ErasureRequest.objects.select_for_update().get(pk=request_id)
        officer = _check_approval(request, report_hash, actor=actor, now=now)
        if not is_current:
            raise LakeChanged(why="the lake changed since")
        _forget_lost(request, now=now)
        _decide(request, Verb.APPROVE, officer=officer, reason="", actor=actor, now=now)
        _settle(request, actor=actor, now=now)
    return request


def _check_approval(
    request: ErasureRequest, report_hash: str, *, actor: Actor, now: datetime
) -> UUID:
    """Who approves. Raises what `approve` does, but for LakeChanged."""
    officer = deciders.check(request, after=State.APPROVED, actor=actor)
    if report_hash != request.report_hash:
        raise ReportStale(why="another one was made since")
    if now >= request.expires_at:
        raise ApprovalTooLate  # Whatever runs by the calendar has not come by yet.
    return officer


def reject(*, request_id: UUID, reason: str, actor: Actor, now: datetime) -> ErasureRequest:
    """Say no, for good, with a reason. One person is enough. Nothing in the lake changes."""
    step_up.require_recent(actor=actor, now=now)
    with transaction.atomic():
        request = ErasureRequest.objects.select_for_update().get(pk=request_id)
        officer = deciders.check(request, after=State.REJECTED, actor=actor)
        if not reason.strip():
            raise ReasonMissing
        values = subjects.values_in(subjects.of(request))
        free_texts.check(values=values, reason=reason)
        _withdraw_approvals(request, now=now)
        _decide(request, Verb.REJECT, officer=officer, reason=reason.strip(), actor=actor, now=now)
        move(request, State.REJECTED, actor=actor, now=now)
        messages.enqueue_job(
            name=job_names.TELL_OUTCOME, key=f"{request.pk}", erasure_request_id=request.pk
        )
    return request


def approve_many(
    *, reports: Sequence[tuple[UUID, str]], lake: Lake, actor: Actor, now: datetime
) -> list[bulk_actions.BulkResult]:
    """Approve several, each by the hash of its own report. One that is refused stops no other.

    Stores are asked for all of them before the first is decided: until then nothing is written, and
    no transaction waits for them.
    """
    step_up.require_recent(actor=actor, now=now)
    hashes, current = dict(reports), dict[UUID, bool]()
    for request_id, report_hash in hashes.items():
        with suppress(ErasureRequest.DoesNotExist, Refusal):  # It is refused below, by name.
            request = ErasureRequest.objects.get(pk=request_id)
            _check_approval(request, report_hash, actor=actor, now=now)
            current[request_id] = freshness.is_current(request_id=request_id, lake=lake)

    def say_yes(request_id: UUID) -> ErasureRequest | Refusal:
        is_current = current.get(request_id, False)
        try:
            return _approve(
                request_id, hashes[request_id], is_current=is_current, actor=actor, now=now
            )
        except LakeChanged as refusal:
            look_again(request_id=request_id, actor=actor, now=now)
            return refusal

    return bulk_actions.run([request_id for request_id, _ in reports], say_yes)


def reject_many(
    *, request_ids: Sequence[UUID], reason: str, actor: Actor, now: datetime
) -> list[bulk_actions.BulkResult]:
    """Reject several for one reason. One that is refused stops no other."""
    step_up.require_recent(actor=actor, now=now)

    def say_no(request_id: UUID) -> ErasureRequest:
        return reject(request_id=request_id, reason=reason, actor=actor, now=now)

    return bulk_actions.run(request_ids, say_no)


def look_again(*, request_id: UUID, actor: Actor, now: datetime) -> ErasureRequest:
    """Ask for a new report, because the lake changed or something could not be reached.

    Whatever was approved so far was another report: it counts no longer.
    """
    with transaction.atomic():
        request = ErasureRequest.objects.select_for_update().get(pk=request_id)
        if request.state != State.LOCATING:
            _withdraw_approvals(request, now=now)
            move(request, State.LOCATING, actor=actor, now=now)
        messages.enqueue_job(name=job_names.LOCATE, erasure_request_id=request.pk)
    return request


def void(*, request: ErasureRequest, now: datetime) -> None:
    """Take the approvals back, because somebody who gave one may not any more. Row locked."""
    actor = actors.system(request.namespace_id)
    _withdraw_approvals(request, now=now)
    move(request, State.AWAITING_APPROVAL, actor=actor, now=now)
    trail.record(actor=actor, action="erasure.approval_voided", target=request, now=now)
    messages.enqueue_job(
        name=job_names.ASK_OFFICERS,
        key=f"{request.pk}:{request.report_hash}:{now.isoformat()}",
        erasure_request_id=request.pk,
    )


def _withdraw_approvals(request: ErasureRequest, *, now: datetime) -> None:
    ErasureDecision.objects.filter(
        erasure_request=request, decision=Verb.APPROVE, voided_at__isnull=True
    ).update(voided_at=now)
    request.approved_by_id = request.second_approved_by_id = None


def _forget_lost(request: ErasureRequest, *, now: datetime) -> None:
    """An approval whose officer lost the right before the next one was given is void."""
    for approval in selectors.approvals(request):
        if not selectors.may_still_approve(approval.decided_by_id):
            approval.voided_at = now
            approval.save(update_fields=["voided_at", "updated_at"])
            trail.record(
                actor=actors.system(request.namespace_id),
                action="erasure.approval_voided",
                target=request,
                detail={"decision": str(approval.pk)},
                now=now,
            )


def _decide(
    request: ErasureRequest, verb: Verb, *, officer: UUID, reason: str, actor: Actor, now: datetime
) -> None:
    made, created = ErasureDecision.objects.get_or_create(
        erasure_request=request,
        decided_by_id=officer,
        report_hash=request.report_hash,
        decision=verb,
        voided_at=None,
        defaults={
            "requested_by_id": request.requested_by_id,
            "decided_in_role": actor.role_name,
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


def _settle(request: ErasureRequest, *, actor: Actor, now: datetime) -> None:
    """Set the work off where enough people approved, else ask the others."""
    given = selectors.approvals(request)
    request.approvals_needed = max(request.approvals_needed, rules.current().approvals_needed)
    if len(given) < request.approvals_needed:
        request.save(update_fields=["approvals_needed", "updated_at"])
        messages.enqueue_job(
            name=job_names.ASK_OFFICERS,
            key=f"{request.pk}:{request.report_hash}:{len(given)}",
            erasure_request_id=request.pk,
        )
        return
    request.approved_by_id = given[0].decided_by_id
    request.second_approved_by_id = given[1].decided_by_id if len(given) > 1 else None
    move(request, State.APPROVED, actor=actor, now=now)
    messages.enqueue_job(name=job_names.ERASE, erasure_request_id=request.pk)
