"""The decision page: an officer reads the report, looks at samples, approves or rejects.

Only POST with the CSRF token changes anything: mail scanners open links and run scripts.
"""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from governance.kernel.actions import Action
from governance.kernel.permissions import allows, require
from governance.kernel.refusals import Refusal
from governance.portal.views.access import Visit, signed_in
from governance.tenancy.models import User
from purge import selectors, wiring
from purge.domain import masks, reasons
from purge.domain.erasure import State, is_final
from purge.forms import ApproveForm, RejectForm
from purge.models import (
    ErasureDecision,
    ErasureReport,
    ErasureRequest,
    ErasureStep,
)
from purge.services import certificates, decisions, samples as sampling, subjects, texts

SHOWN_OBJECTS = 200
SECONDS_TO_NEXT_LOOK = "5"
BUSY = {State.RECEIVED, State.LOCATING, State.APPROVED, State.PURGING, State.VERIFYING}
PILLS = {
    State.AWAITING_APPROVAL: "warn",
    State.COMPLETED: "ok",
    State.FAILED: "bad",
    State.PARTIALLY_FAILED: "bad",
    **dict.fromkeys(BUSY, "busy"),
}


@never_cache
@require_safe
@signed_in
def decision(visit: Visit, request_id: UUID) -> HttpResponse:
    require(actor=visit.actor, action=Action.READ_ERASURE)
    return _page(visit, _found(request_id))


@never_cache
@require_POST
@signed_in
def samples(visit: Visit, request_id: UUID) -> HttpResponse:
    """POST, because looking at people's records is written to the audit trail."""
    request = _found(request_id)
    shown = sampling.show(
        request_id=request.pk, lake=wiring.lake(), actor=visit.actor, now=visit.now
    )
    return _page(visit, request, samples=shown)


@never_cache
@require_POST
@signed_in
def approve(visit: Visit, request_id: UUID) -> HttpResponse:
    require(actor=visit.actor, action=Action.APPROVE_ERASURE)
    request = _found(request_id)
    form = ApproveForm(visit.request.POST, wanted=_wanted(_report(request)))
    if not form.is_valid():
        return _page(visit, request, approve_form=form, status=400)
    try:
        decisions.approve(
            request_id=request.pk,
            report_hash=form.cleaned_data["report_hash"],
            lake=wiring.lake(),
            actor=visit.actor,
            now=visit.now,
        )
    except decisions.LakeChanged as refusal:
        # Answered, not raised: what is written from here on is to be kept.
        decisions.look_again(request_id=request.pk, actor=visit.actor, now=visit.now)
        return _refused(visit, request_id, refusal, status=409)
    except decisions.ReportStale as refusal:
        return _refused(visit, request_id, refusal, status=409)
    messages.success(visit.request, "Approved. The records are being erased.")
    return redirect("purge:decision", ns=visit.ns, request_id=request_id)


@never_cache
@require_POST
@signed_in
def reject(visit: Visit, request_id: UUID) -> HttpResponse:
    require(actor=visit.actor, action=Action.APPROVE_ERASURE)
    request = _found(request_id)
    form = RejectForm(visit.request.POST)
    if form.is_valid():
        try:
            decisions.reject(
                request_id=request.pk,
                reason=form.cleaned_data["reason"],
                actor=visit.actor,
                now=visit.now,
            )
        except texts.RequestInvalid as refusal:
            form.add_error("reason", str(refusal))
        else:
            messages.success(visit.request, "Rejected. Nothing was deleted.")
            return redirect("purge:decision", ns=visit.ns, request_id=request_id)
    return _page(visit, request, reject_form=form, status=400)


@never_cache
@require_safe
@signed_in
def certificate(visit: Visit, request_id: UUID) -> HttpResponse:
    require(actor=visit.actor, action=Action.READ_ERASURE)
    found = selectors.certificate_of(_found(request_id))
    if found is None:
        raise Http404
    response = JsonResponse(
        certificates.body(found), json_dumps_params={"indent": 2, "ensure_ascii": False}
    )
    response["Content-Disposition"] = f'attachment; filename="erasure-{found.number}.json"'
    return response


def _found(request_id: UUID) -> ErasureRequest:
    request = ErasureRequest.objects.filter(pk=request_id).first()
    if request is None:
        raise Http404
    return request


def _report(request: ErasureRequest) -> ErasureReport | None:
    return ErasureReport.objects.filter(erasure_request=request, hash=request.report_hash).first()


def _wanted(report: ErasureReport | None) -> str:
    count = 0 if report is None else report.document["totals"]["records"]
    return f"erase {count} record{'' if count == 1 else 's'}"


def _refused(visit: Visit, request_id: UUID, refusal: Refusal, *, status: int) -> HttpResponse:
    messages.error(visit.request, str(refusal))
    return _page(visit, _found(request_id), status=status)


def _page(
    visit: Visit,
    request: ErasureRequest,
    *,
    status: int = 200,
    **more: Any,  # noqa: ANN401 - forms and samples
) -> HttpResponse:
    report, state = _report(request), State(request.state)
    may_decide = (
        state is State.AWAITING_APPROVAL
        and report is not None
        and allows(actor=visit.actor, action=Action.APPROVE_ERASURE)
    )
    is_requester = visit.actor.user_id == request.requested_by_id
    objects = [] if report is None else report.document["objects"]
    steps = {
        step.object_number: step for step in ErasureStep.objects.filter(erasure_request=request)
    }
    context = {
        "ns": visit.ns,
        "erasure": request,
        "pill": PILLS.get(state, ""),
        "report": report,
        "objects": [_shown(one, steps.get(one["number"])) for one in objects[:SHOWN_OBJECTS]],
        "unreachable": [] if report is None else _explained(report.document["unreachable"]),
        "problems": _explained(request.problems),
        "more_objects": max(len(objects) - SHOWN_OBJECTS, 0),
        "subjects": _masked_subjects(request) if may_decide else [],
        "requester": _name_of(request.requested_by_id),
        "decisions": [
            (one, _name_of(one.decided_by_id))
            for one in ErasureDecision.objects.filter(erasure_request=request).order_by("pk")
        ],
        "certificate": selectors.certificate_of(request),
        "may_decide": may_decide and not is_requester,
        "is_own": may_decide and is_requester,
        "approve_form": ApproveForm(
            wanted=_wanted(report), initial={"report_hash": request.report_hash}
        ),
        "reject_form": RejectForm(),
        **more,
    }
    response = render(visit.request, "purge/decision.html", context, status=status)
    if state in BUSY:
        response["Refresh"] = SECONDS_TO_NEXT_LOOK
    return response


def _shown(
    described: dict[str, Any], step: ErasureStep | None
) -> tuple[dict[str, Any], ErasureStep | None, str]:
    return described, step, "" if step is None else reasons.sentence(step.problem)


def _explained(places: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**place, "why": reasons.sentence(place["reason"])} for place in places]


def _masked_subjects(request: ErasureRequest) -> list[list[tuple[str, str]]]:
    """Enough for an officer with the letter on the desk to see that it is the same person."""
    if is_final(State(request.state)):
        return []
    return [
        [(name, masks.masked(str(value))) for name, value in subject.items()]
        for subject in subjects.of(request)
    ]


def _name_of(user_id: UUID) -> str:
    user = User.objects.filter(pk=user_id).first()
    return "a script" if user is None else (user.display_name or user.username)
