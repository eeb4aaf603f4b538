"""The emails of erasure: one function each, written to the outbox in the scope that is open.

They name nobody: ids, counts and fingerprints, and a link to a page that asks for sign-in.
"""

from uuid import UUID

from django.urls import reverse

from governance.outbox.services import messages
from governance.tenancy.models import Namespace, User
from purge import selectors
from purge.domain import reasons
from purge.domain.erasure import State
from purge.models import ErasureReport, ErasureRequest, ErasureStep

SHOWN_PROBLEMS = 10


def awaiting_approval(*, request_id: UUID) -> None:
    """To every officer who may decide on it, so not to whoever asked."""
    request = ErasureRequest.objects.get(pk=request_id)
    if request.state != State.AWAITING_APPROVAL:
        return
    report = ErasureReport.objects.get(erasure_request=request, hash=request.report_hash)
    requester = selectors.person(request.requested_by_id)
    for officer in selectors.officers():
        if not selectors.person(officer.pk).may_be(requester):
            messages.enqueue_email(
                template="purge/email/awaiting_approval",
                to_user_id=officer.pk,
                context={**_about(request), "totals": report.document["totals"]},
                key=f"{request.pk}:{request.report_hash}:{officer.pk}:{request.updated_at}",
            )


def outcome(*, request_id: UUID) -> None:
    """To whoever asked and whoever approved: it was done, or what stands in the way."""
    request = ErasureRequest.objects.get(pk=request_id)
    done = request.state == State.COMPLETED
    for user in _concerned(request):
        if done:
            succeeded(request=request, to=user)
        else:
            failed(request=request, to=user)


def succeeded(*, request: ErasureRequest, to: User) -> None:
    steps = ErasureStep.objects.filter(erasure_request=request)
    messages.enqueue_email(
        template="purge/email/succeeded",
        to_user_id=to.pk,
        context={
            **_about(request),
            "records": sum(step.records for step in steps),
            "objects": sum(bool(step.records) for step in steps),
            "certificate": request.certificate.number,
        },
        key=f"{request.pk}:{to.pk}",
    )


def failed(*, request: ErasureRequest, to: User) -> None:
    """Rejected, partly failed or failed: each with what can be done."""
    messages.enqueue_email(
        template="purge/email/failed",
        to_user_id=to.pk,
        context={
            **_about(request),
            "state": request.get_state_display(),
            "is_rejected": request.state == State.REJECTED,
            "problems": [
                {**one, "reason": reasons.sentence(one["reason"])}
                for one in request.problems[:SHOWN_PROBLEMS]
            ],
            "more": max(len(request.problems) - SHOWN_PROBLEMS, 0),
        },
        key=f"{request.pk}:{to.pk}:{request.updated_at}",
    )


def _concerned(request: ErasureRequest) -> list[User]:
    ids = [request.requested_by_id, request.approved_by_id]
    return list(User.objects.filter(pk__in=[one for one in ids if one], is_active=True))


def _about(request: ErasureRequest) -> dict[str, object]:
    ns = Namespace.objects.get(pk=request.namespace_id).name
    return {
        "id": str(request.pk),
        "reference": request.reference,
        "due": request.due_at.strftime("%-d %B %Y"),
        "link": reverse("purge:decision", kwargs={"ns": ns, "request_id": request.pk}),
    }
