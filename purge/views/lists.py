"""What is due: the list with its filters, the calendar, and decisions on several."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from governance.kernel.actions import Action
from governance.kernel.permissions import allows, require
from governance.portal.views.access import Visit, signed_in
from governance.tenancy.services import step_up
from purge import selectors, wiring
from purge.domain.erasure import State, is_final
from purge.domain.months import Month, grid
from purge.forms import ApproveManyForm, RejectForm
from purge.models import Dataset, ErasureRequest, Return, ReturnState
from purge.services import decisions, erasure_requests
from purge.services.bulk_actions import BulkResult
from purge.views import shown

A_PAGE = 50
MOST_AT_ONCE = 50
FINAL = [state.value for state in State if is_final(state)]
VIEWS = {
    "decide": "To decide",
    "open": "Open",
    "trouble": "In trouble",
    "ended": "Ended",
    "all": "All",
}
NARROWED = {
    "decide": (Q(state=State.AWAITING_APPROVAL), "due_at"),
    "open": (~Q(state__in=FINAL), "due_at"),
    "trouble": (Q(state__in=(State.FAILED, State.PARTIALLY_FAILED)), "due_at"),
    "ended": (Q(state__in=FINAL), "-finished_at"),
    "all": (Q(), "-created_at"),
}


def _narrowed(wanted: str) -> QuerySet[ErasureRequest]:
    condition, order = NARROWED[wanted]
    every = selectors.in_lists(ErasureRequest.objects.all())
    return every.filter(condition).order_by(order, "pk")


@never_cache
@require_safe
@signed_in
def index(visit: Visit) -> HttpResponse:
    require(actor=visit.actor, action=Action.READ_ERASURE)
    wanted = visit.request.GET.get("show", "open")
    wanted = wanted if wanted in VIEWS else "open"
    reference = visit.request.GET.get("reference", "").strip()[:200]
    erasures = _narrowed(wanted)
    if reference:
        erasures = erasures.filter(reference__icontains=reference)
    page = Paginator(erasures, A_PAGE).get_page(visit.request.GET.get("page"))
    may_decide = allows(actor=visit.actor, action=Action.APPROVE_ERASURE)
    may_ask = allows(actor=visit.actor, action=Action.REQUEST_ERASURE)
    may_retry = may_ask and wanted == "trouble"
    context = {
        "ns": visit.ns,
        "views": [(name, title, _narrowed(name).count()) for name, title in VIEWS.items()],
        "show": wanted,
        "reference": reference,
        "page": page,
        "rows": shown.rows(page.object_list, now=visit.now),
        "may_decide": may_decide,
        "may_retry": may_retry,
        "may_choose": may_retry or (may_decide and wanted == "decide"),
        "may_ask": may_ask and allows(actor=visit.actor, action=Action.OPEN_ADMIN),
        "has_data_map": Dataset.objects.exists(),
        "returns": Return.objects.filter(state=ReturnState.OPEN).count(),
    }
    return render(visit.request, "purge/erasures.html", context)


@never_cache
@require_safe
@signed_in
def calendar(visit: Visit) -> HttpResponse:
    """What is due in a month, by day; what is overdue stands above."""
    require(actor=visit.actor, action=Action.READ_ERASURE)
    today = visit.now.date()
    month = Month.parse(visit.request.GET.get("month", ""), today=today)
    first, last = month.weeks[0][0], month.weeks[-1][-1]
    due = selectors.in_lists(ErasureRequest.objects.all()).filter(
        due_at__gte=_at(first, time.min), due_at__lte=_at(last, time.max)
    )
    entries: dict[date, list[shown.Row]] = defaultdict(list)
    for row in shown.rows(due.order_by("due_at", "pk"), now=visit.now):
        entries[row.erasure.due_at.date()].append(row)
    still_open = _narrowed("open")
    coming = shown.rows(still_open.filter(due_at__gte=visit.now)[:1], now=visit.now)
    context = {
        "ns": visit.ns,
        "month": month,
        "weeks": grid(month, entries=entries, today=today),
        "days": [day for week in month.weeks for day in week][:7],
        "late": shown.rows(still_open.filter(due_at__lt=visit.now), now=visit.now),
        "is_empty": not any(day.month == month.number for day in entries),
        "coming": coming[0] if coming else None,
        "this_month": Month(today.year, today.month),
    }
    return render(visit.request, "purge/calendar.html", context)


@never_cache
@require_safe
@signed_in
def review(visit: Visit) -> HttpResponse:
    """The chosen ones side by side, before one decision on all of them. Nothing changes yet."""
    require(actor=visit.actor, action=Action.APPROVE_ERASURE)
    chosen = _chosen(visit.request.GET.getlist("chosen"))
    if not chosen:
        messages.warning(visit.request, "Choose the erasures to decide on first.")
        return redirect(f"{_index(visit)}?show=decide")
    return _review(visit, chosen)


@never_cache
@require_POST
@signed_in
def decide(visit: Visit) -> HttpResponse:
    """Approve or reject all of the chosen, each by the report that was shown."""
    require(actor=visit.actor, action=Action.APPROVE_ERASURE)
    shown_hashes = dict(one.partition(":")[::2] for one in visit.request.POST.getlist("report"))
    chosen = _chosen(list(shown_hashes))
    if len(chosen) < len(shown_hashes):
        messages.warning(visit.request, "Somebody decided on the others meanwhile.")
    if not chosen:
        return redirect(f"{_index(visit)}?show=decide")
    approving = visit.request.POST.get("verb") == "approve"
    approve_form = ApproveManyForm(visit.request.POST if approving else None, wanted=_words(chosen))
    reject_form = RejectForm(None if approving else visit.request.POST)
    form = approve_form if approving else reject_form
    if not form.is_valid():
        forms = {"approve_form": approve_form, "reject_form": reject_form}
        return _review(visit, chosen, status=400, **forms)
    try:
        reports = {row.pk: shown_hashes.get(str(row.pk), "") for row in chosen}
        answers = _decided(visit, form, reports, approving=approving)
    except step_up.AuthenticationTooOld as refusal:
        forms = {"approve_form": approve_form, "reject_form": reject_form}
        return _review(visit, chosen, status=403, too_old=refusal, **forms)
    return _answered(visit, chosen, answers, back="decide")


@never_cache
@require_POST
@signed_in
def retry(visit: Visit) -> HttpResponse:
    """Go on with all of the chosen, each from where it stopped."""
    require(actor=visit.actor, action=Action.REQUEST_ERASURE)
    chosen = _chosen(visit.request.POST.getlist("chosen"), among="trouble")
    if not chosen:
        messages.warning(visit.request, "Choose the erasures to try again first.")
        return redirect(f"{_index(visit)}?show=trouble")
    answers = erasure_requests.retry_many(
        request_ids=[row.pk for row in chosen], actor=visit.actor, now=visit.now
    )
    return _answered(visit, chosen, answers, back="trouble")


def _answered(
    visit: Visit, chosen: Sequence[ErasureRequest], answers: Sequence[BulkResult], *, back: str
) -> HttpResponse:
    by_id = {row.erasure.pk: row for row in shown.rows(chosen, now=visit.now)}
    rows = [(by_id[one.request_id], one) for one in answers]
    context = {"ns": visit.ns, "answers": rows, "back": back}
    return render(visit.request, "purge/decided.html", context)


def _decided(
    visit: Visit, form: ApproveManyForm | RejectForm, reports: dict[UUID, str], *, approving: bool
) -> list[BulkResult]:
    if approving:
        return decisions.approve_many(
            reports=list(reports.items()),
            lake=wiring.lake(),
            actor=visit.actor,
            now=visit.now,
        )
    return decisions.reject_many(
        request_ids=list(reports),
        reason=form.cleaned_data["reason"],
        actor=visit.actor,
        now=visit.now,
    )


def _review(
    visit: Visit, chosen: Sequence[ErasureRequest], *, status: int = 200, **more: object
) -> HttpResponse:
    context = {
        "ns": visit.ns,
        "rows": shown.rows(chosen, now=visit.now),
        "approve_form": ApproveManyForm(wanted=_words(chosen)),
        "reject_form": RejectForm(),
        "needs_proof": not step_up.is_recent(actor=visit.actor, now=visit.now),
        "step_up_url": step_up.address(back_to=_back_to(visit, chosen)),
        **more,
    }
    return render(visit.request, "purge/review.html", context, status=status)


def _back_to(visit: Visit, chosen: Sequence[ErasureRequest]) -> str:
    """The review of the same erasures, for whoever must prove first who they are."""
    query = "&".join(f"chosen={one.pk}" for one in chosen)
    return f"{_index(visit)}review/?{query}"


def _chosen(texts: Sequence[str], *, among: str = "decide") -> list[ErasureRequest]:
    """Those that wait for a decision, or are in trouble; anything else is nobody's erasure."""
    ids = set()
    for text in texts[:MOST_AT_ONCE]:
        try:
            ids.add(UUID(text))
        except ValueError:
            continue
    return list(_narrowed(among).filter(pk__in=ids))


def _words(chosen: Sequence[ErasureRequest]) -> str:
    return f"approve {len(chosen)} erasure{'' if len(chosen) == 1 else 's'}"


def _index(visit: Visit) -> str:
    return f"/n/{visit.ns}/erasures/"


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, tzinfo=UTC)
