"""One erasure: an officer reads the report, looks at samples, approves or rejects, follows it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from governance.audit.models import AuditEvent
from governance.kernel.actions import Action
from governance.kernel.permissions import allows, require
from governance.kernel.refusals import Refusal
from governance.portal.views.access import Visit, signed_in
from governance.tenancy.selectors import actor_name
from governance.tenancy.services import step_up
from purge import selectors, wiring
from purge.domain import audit_sentences, masks, plans, reasons
from purge.domain.erasure import NEXT, State, is_final
from purge.forms import ApproveForm, RejectForm
from purge.models import (
    ErasureCertificate,
    ErasureDecision,
    ErasureReport,
    ErasureRequest,
    ErasureStep,
)
from purge.services import decisions, erasure_requests, free_texts, samples as sampling, subjects
from purge.views import glance, progress, shown
from purge.views.shown import BUSY, PILLS

FIRST_OBJECTS = 10
SHOWN_OBJECTS = 200
SHOWN_EVENTS = 100


@never_cache
@require_safe
@signed_in
def decision(visit: Visit, request_id: UUID) -> HttpResponse:
    require(actor=visit.actor, action=Action.READ_ERASURE)
    return _page(visit, shown.found(request_id))


@never_cache
@require_POST
@signed_in
def samples(visit: Visit, request_id: UUID) -> HttpResponse:
    """POST, because looking at people's records is written to the audit trail."""
    request = shown.found(request_id)
    records = sampling.show(
        request_id=request.pk, lake=wiring.lake(), actor=visit.actor, now=visit.now
    )
    return _page(visit, request, samples=records)


@never_cache
@require_POST
@signed_in
def approve(visit: Visit, request_id: UUID) -> HttpResponse:
    require(actor=visit.actor, action=Action.APPROVE_ERASURE)
    request = shown.found(request_id)
    form = ApproveForm(visit.request.POST, wanted=_wanted(shown.report_of(request)))
    if not form.is_valid():
        return _page(visit, request, approve_form=form, status=400)
    try:
        done = decisions.approve(
            request_id=request.pk,
            report_hash=form.cleaned_data["report_hash"],
            lake=wiring.lake(),
            actor=visit.actor,
            now=visit.now,
        )
    except step_up.AuthenticationTooOld as refusal:
        return _page(visit, request, approve_form=form, too_old=refusal, status=403)
    except decisions.ReportStale as refusal:
        if isinstance(refusal, decisions.LakeChanged):
            # Answered, not raised: what is written from here on is to be kept.
            decisions.look_again(request_id=request.pk, actor=visit.actor, now=visit.now)
        return _refused(visit, request_id, refusal, status=409)
    enough = done.state == State.APPROVED
    words = "What was found is being erased." if enough else "It waits for a second person now."
    messages.success(visit.request, f"Approved. {words}")
    return redirect("purge:decision", ns=visit.ns, request_id=request_id)


@never_cache
@require_POST
@signed_in
def reject(visit: Visit, request_id: UUID) -> HttpResponse:
    require(actor=visit.actor, action=Action.APPROVE_ERASURE)
    request = shown.found(request_id)
    form = RejectForm(visit.request.POST)
    if form.is_valid():
        try:
            decisions.reject(
                request_id=request.pk,
                reason=form.cleaned_data["reason"],
                actor=visit.actor,
                now=visit.now,
            )
        except step_up.AuthenticationTooOld as refusal:
            return _page(visit, request, reject_form=form, too_old=refusal, status=403)
        except free_texts.RequestInvalid as refusal:
            form.add_error("reason", str(refusal))
        else:
            messages.success(visit.request, "Rejected. Nothing was deleted.")
            return redirect("purge:decision", ns=visit.ns, request_id=request_id)
    return _page(visit, request, reject_form=form, status=400)


@never_cache
@require_POST
@signed_in
def retry(visit: Visit, request_id: UUID) -> HttpResponse:
    require(actor=visit.actor, action=Action.REQUEST_ERASURE)
    request = shown.found(request_id)
    erasure_requests.retry(request_id=request.pk, actor=visit.actor, now=visit.now)
    messages.success(visit.request, "It goes on.")
    return redirect("purge:decision", ns=visit.ns, request_id=request_id)


@never_cache
@require_POST
@signed_in
def cancel(visit: Visit, request_id: UUID) -> HttpResponse:
    require(actor=visit.actor, action=Action.REQUEST_ERASURE)
    request = shown.found(request_id)
    done = erasure_requests.cancel(request_id=request.pk, actor=visit.actor, now=visit.now)
    ended = done.state == State.CANCELLED
    words = "Nothing more will be deleted." if ended else "It stops after the object at hand."
    messages.success(visit.request, f"Cancelled. {words}")
    return redirect("purge:decision", ns=visit.ns, request_id=request_id)


def _wanted(report: ErasureReport | None) -> str:
    count = 0 if report is None else report.document["totals"]["records"]
    return f"erase {count} record{'' if count == 1 else 's'}"


def _refused(visit: Visit, request_id: UUID, refusal: Refusal, *, status: int) -> HttpResponse:
    messages.error(visit.request, str(refusal))
    return _page(visit, shown.found(request_id), status=status)


def _page(
    visit: Visit,
    request: ErasureRequest,
    *,
    status: int = 200,
    **more: Any,  # noqa: ANN401 - forms and samples
) -> HttpResponse:
    report, state = shown.report_of(request), State(request.state)
    context = {
        "ns": visit.ns,
        "erasure": request,
        "pill": PILLS.get(state, ""),
        "report": report,
        "stages": glance.stages(request, report),
        "shares": [] if report is None else glance.shares(report.document["totals"]),
        "due_in": glance.until(request.due_at, now=visit.now),
        "expires_in": glance.until(request.expires_at, now=visit.now),
        **_objects(request, report),
        **_people(visit, request, report),
        **_possible(visit, request, state),
        "problems": shown.explained(request.problems[:SHOWN_OBJECTS]),
        "more_problems": max(len(request.problems) - SHOWN_OBJECTS, 0),
        "certificates": ErasureCertificate.objects.filter(erasure_request=request).order_by(
            "-number"
        ),
        "timeline": _timeline(request),
        "is_undecided": State.EXPIRED in NEXT[state] or state is State.LOCATING,
        "is_open": not is_final(state),
        "is_late": request.due_at.date() < visit.now.date(),
        "is_open_to_decide": state is State.AWAITING_APPROVAL and report is not None,
        "is_working": state in {State.PURGING, State.VERIFYING},
        "is_busy": state in BUSY,
        "progress": progress.text(request),
        "approve_form": ApproveForm(
            wanted=_wanted(report), initial={"report_hash": request.report_hash}
        ),
        "reject_form": RejectForm(),
        "step_up_url": step_up.address(back_to=f"/n/{visit.ns}/erasures/{request.pk}/#decide"),
        **more,
    }
    return render(visit.request, "purge/decision.html", context, status=status)


def _objects(request: ErasureRequest, report: ErasureReport | None) -> dict[str, Any]:
    """The report's objects with how far each is; and what it could not look at."""
    document = {"objects": [], "unreachable": []} if report is None else report.document
    objects, unreachable = document["objects"], document["unreachable"]
    first, planned = objects[:SHOWN_OBJECTS], ErasureStep.objects.filter(erasure_request=request)
    of_first = planned.filter(object_number__in=[one["number"] for one in first])
    steps = {step.object_number: step for step in of_first}
    described = [_shown(one, steps.get(one["number"])) for one in first]
    return {
        "objects": described[:FIRST_OBJECTS],
        "further_objects": described[FIRST_OBJECTS:],
        "versions_going_whole": glance.versions_going_whole(objects),
        "has_steps": planned.exists(),
        "has_held": any(one.get("held") for one in objects),
        "more_objects": max(len(objects) - SHOWN_OBJECTS, 0),
        "unreachable": shown.explained(unreachable[:SHOWN_OBJECTS]),
        "more_unreachable": max(len(unreachable) - SHOWN_OBJECTS, 0),
    }


def _shown(described: dict[str, Any], step: ErasureStep | None) -> dict[str, Any]:
    plan = plans.SENTENCES.get(plans.Plan(described["plan"]), described["plan"])
    return {
        **described,
        "how": plan,
        "held_until": shown.time_of(described.get("held_until")),
        "step": step,
        "why": "" if step is None else reasons.sentence(step.problem),
        "until": None if step is None else shown.time_of(step.locked_until),
    }


def _people(visit: Visit, request: ErasureRequest, report: ErasureReport | None) -> dict[str, Any]:
    """Whom it is about, who asked, who decided, and whether the visitor may."""
    is_open = request.state == State.AWAITING_APPROVAL and report is not None
    is_officer = is_open and allows(actor=visit.actor, action=Action.APPROVE_ERASURE)
    able = {one.pk for one in selectors.deciders(request)} if is_open else set()
    may_decide = is_officer and visit.actor.user_id in able
    given = ErasureDecision.objects.filter(erasure_request=request).order_by("pk")
    return {
        "subjects": _masked_subjects(request) if is_officer else [],
        "requester": shown.name_of(request.requested_by_id),
        "decisions": [(one, shown.name_of(one.decided_by_id)) for one in given],
        "given": len(selectors.approvals(request)),
        "may_decide": may_decide,
        "may_not_because": _why_not(visit, request) if is_officer and not may_decide else "",
        "nobody_may": is_open and not able,
        "needs_proof": not step_up.is_recent(actor=visit.actor, now=visit.now),
    }


def _why_not(visit: Visit, request: ErasureRequest) -> str:
    """Why an officer who looks at it may not decide on it."""
    if visit.actor.user_id == request.requested_by_id:
        return "You asked for this erasure. Another officer must decide on it."
    if any(one.decided_by_id == visit.actor.user_id for one in selectors.approvals(request)):
        return "You approved it. It waits for a second person."
    return (
        "You may not decide on this one: your account, its password or its role comes from "
        "whoever asked or approved, or is theirs. Another officer must decide on it."
    )


def _possible(visit: Visit, request: ErasureRequest, state: State) -> dict[str, Any]:
    asks = allows(actor=visit.actor, action=Action.REQUEST_ERASURE)
    return {
        "may_retry": asks and state in erasure_requests.FAILED,
        "may_cancel": asks and State.CANCELLED in NEXT[state] and not request.stop_wanted,
    }


def _timeline(request: ErasureRequest) -> list[tuple[AuditEvent, str]]:
    """What happened, newest last, from the audit trail."""
    events = (
        AuditEvent.objects.filter(target_id=request.pk)
        .annotate(actor_name=actor_name())
        .order_by("-id")[:SHOWN_EVENTS]
    )
    return [(one, audit_sentences.sentence(one.action)) for one in reversed(events)]


def _masked_subjects(request: ErasureRequest) -> list[list[tuple[str, str]]]:
    """Enough for an officer with the letter on the desk to see that it is the same person."""
    if is_final(State(request.state)):
        return []
    return [
        [(name, masks.masked(str(value))) for name, value in subject.items()]
        for subject in subjects.of(request)
    ]
