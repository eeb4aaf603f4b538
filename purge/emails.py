"""The emails of erasure: one function each, written to the outbox in the scope that is open.

They name nobody: ids, counts and fingerprints, and a link to a page that asks for sign-in.
"""

from uuid import UUID, uuid5

from django.urls import reverse

from governance.kernel.personal import Personal
from governance.outbox.models import OutboxMessage
from governance.outbox.ports import Email
from governance.outbox.services import messages
from governance.outbox.services.emails import rendered
from governance.tenancy.models import Namespace, User
from purge import selectors
from purge.domain import reasons
from purge.domain.erasure import State, is_final
from purge.models import ErasureReport, ErasureRequest, ErasureStep, Return

SHOWN_PROBLEMS = 10
UNDONE = {
    State.REJECTED: "An officer rejected it. Nothing was deleted.",
    State.EXPIRED: "Nobody decided on it in time. Nothing was deleted: ask again if it is wanted.",
    State.CANCELLED: "It was withdrawn. What was cut by then, if anything, stays cut.",
}


def awaiting_approval(*, request_id: UUID) -> None:
    """To every officer who may decide on it, so not to whoever asked or approved already."""
    request = ErasureRequest.objects.get(pk=request_id)
    if request.state != State.AWAITING_APPROVAL:
        return
    report = ErasureReport.objects.get(erasure_request=request, hash=request.report_hash)
    given = len(selectors.approvals(request))
    for officer in selectors.deciders(request):
        messages.enqueue_email(
            template="purge/email/awaiting_approval",
            to_user_id=officer.pk,
            context={
                **_about(request),
                "totals": report.document["totals"],
                "given": given,
                "needed": request.approvals_needed,
                "people": request.subject_count,
                "decide_by": f"{request.expires_at:%-d %B %Y}",
            },
            key=f"{request.pk}:{request.report_hash}:{officer.pk}:{request.updated_at}",
        )


def reminder(*, request_id: UUID, days: int) -> None:
    """To whoever can do something about it: officers while it waits for them, else who asked."""
    request = ErasureRequest.objects.get(pk=request_id)
    if is_final(State(request.state)):
        return
    waits = request.state == State.AWAITING_APPROVAL
    people = list(selectors.deciders(request)) if waits else []
    for user in people or [*selectors.officers(), *_concerned(request)]:
        messages.enqueue_email(
            template="purge/email/reminder",
            to_user_id=user.pk,
            context={
                **_about(request),
                "days": days,
                "state": request.get_state_display(),
                "waits": waits,
            },
            key=f"{request.pk}:{days}:{user.pk}",
        )


def came_back(*, return_id: UUID) -> None:
    """To the officers, and to whoever asked for the first erasure: somebody erased is back."""
    row = Return.objects.select_related(
        "suppression__erasure_request", "dataset__storage_layer"
    ).get(pk=return_id)
    before = row.suppression.erasure_request
    concerned = [] if before is None else _concerned(before)
    ns = Namespace.objects.get(pk=row.namespace_id).name
    for user in {one.pk: one for one in (*selectors.officers(), *concerned)}.values():
        messages.enqueue_email(
            template="purge/email/came_back",
            to_user_id=user.pk,
            context={
                "reference": "" if before is None else before.reference,
                "dataset": str(row.dataset),
                "link": reverse("purge:returns", kwargs={"ns": ns}),
            },
            key=f"{row.pk}:{user.pk}",
        )


def to_contact(request: ErasureRequest, *, address: Personal[str]) -> Email:
    """The outcome for the person it was about. Rendered at once: no table keeps the address.

    It says neither what was found nor where, in case the mailbox is not theirs any more.
    """
    namespace = Namespace.objects.get(pk=request.namespace_id)
    message = OutboxMessage(
        id=uuid5(request.pk, request.state),
        namespace_id=request.namespace_id,
        name="purge/email/contact_outcome",
        payload={
            "to_user_id": None,
            "to_address": address.reveal(),
            "context": {
                "company": namespace.display_name or namespace.name,
                "state": request.state,
                "reference": request.reference,
            },
        },
    )
    return rendered(message)


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
    certificate = selectors.certificate_of(request)
    messages.enqueue_email(
        template="purge/email/succeeded",
        to_user_id=to.pk,
        context={
            **_about(request),
            "records": sum(step.records for step in steps),
            "objects": sum(bool(step.records) for step in steps),
            "certificate": None if certificate is None else certificate.number,
        },
        key=f"{request.pk}:{to.pk}",
    )


def failed(*, request: ErasureRequest, to: User) -> None:
    """Rejected, expired, withdrawn, partly failed or failed: each with what can be done."""
    messages.enqueue_email(
        template="purge/email/failed",
        to_user_id=to.pk,
        context={
            **_about(request),
            "state": request.get_state_display(),
            "why": UNDONE.get(State(request.state), ""),
            "problems": [
                {**one, "reason": reasons.sentence(one["reason"])}
                for one in request.problems[:SHOWN_PROBLEMS]
            ],
            "more": max(len(request.problems) - SHOWN_PROBLEMS, 0),
        },
        key=f"{request.pk}:{to.pk}:{request.updated_at}",
    )


def _concerned(request: ErasureRequest) -> list[User]:
    ids = [request.requested_by_id, request.approved_by_id, request.second_approved_by_id]
    return list(User.objects.filter(pk__in=[one for one in ids if one], is_active=True))


def _about(request: ErasureRequest) -> dict[str, object]:
    return {
        "id": str(request.pk),
        "reference": request.reference,
        "due": request.due_at.strftime("%-d %B %Y"),
        "link": reverse("purge:decision", kwargs={"ns": _ns(request), "request_id": request.pk}),
    }


def _ns(request: ErasureRequest) -> str:
    return Namespace.objects.get(pk=request.namespace_id).name
