"""Pictures on the admin's first page: use against limits, sign-ins and queries by day, erasures."""

from collections.abc import Iterator
from datetime import date, timedelta

from django.db.models import Count, Min, Q, QuerySet
from django.db.models.functions import TruncDate
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from federation.models import SignInAttempt
from governance.adminsite import columns
from governance.adminsite.callers import may
from governance.adminsite.columns import DAYS, Series
from governance.adminsite.gates import in_one_namespace
from governance.adminsite.overview import Glance
from governance.analytics.domain.queries import QueryState
from governance.analytics.models import Query
from governance.kernel.actions import Action
from governance.portal.domain.figures import drawn_bar, gone
from purge.domain.erasure import State
from purge.models import ErasureRequest
from usage_limits import selectors
from usage_limits.domain.admissions import short_amount, title
from usage_limits.domain.features import figure
from usage_limits.models import UsageLimit
from usage_limits.selectors import LimitState

MOST_LIMITS = 4
ENDED_LATELY = timedelta(days=90)
STAGES = (
    ("to decide", "wait", (State.AWAITING_APPROVAL,)),
    ("at work", "good", (State.RECEIVED, State.LOCATING, State.APPROVED, State.PURGING)),
    ("being verified", "good", (State.VERIFYING,)),
    ("in trouble", "bad", (State.PARTIALLY_FAILED, State.FAILED)),
    ("completed", "done", (State.COMPLETED,)),
    ("rejected or ended", "quiet", (State.REJECTED, State.CANCELLED, State.EXPIRED)),
)


def limits(request: HttpRequest) -> Iterator[Glance]:
    if not may(request, Action.READ_USAGE) or not in_one_namespace():
        return
    now = timezone.now()
    rows = list(UsageLimit.objects.order_by("feature_type", "period", "id"))
    states = selectors.limit_states(limits=rows, now=now)
    if states:
        fullest = sorted(states, key=lambda state: state.reading.percent, reverse=True)
        yield Glance(
            title="Used of the limits",
            template="project/glances/limits.html",
            shown={"bars": [_bar(state) for state in fullest[:MOST_LIMITS]]},
            link=reverse("admin:usage_limits_usagelimit_changelist"),
            link_text=f"All {len(states)} limits" if len(states) > MOST_LIMITS else "Limits",
        )


def _bar(state: LimitState) -> dict[str, object]:
    reading = state.reading
    terms, period = reading.meter.terms, reading.meter.period
    percent = float(round(reading.percent, 1))
    passed = gone(start=period.start, end=period.end, now=timezone.now())
    used = figure(feature=terms.feature_type, amount=reading.standing.used)
    return {
        "title": title(terms),
        "figure": f"{used} of {short_amount(terms)}",
        "percent": percent,
        "drawn": drawn_bar(percent, gone=passed),
        "link": reverse("admin:usage_limits_usagelimit_change", args=(state.limit.pk,)),
    }


def sign_ins(request: HttpRequest) -> Iterator[Glance]:
    if not may(request, Action.READ_FEDERATION) or not in_one_namespace():
        return
    rows = SignInAttempt.objects.filter(door=SignInAttempt.Door.SIGN_IN, is_test=False)
    accepted = Q(outcome=SignInAttempt.Outcome.ACCEPTED)
    yield from _by_day(
        rows,
        moment="at",
        good=(accepted, "succeeded"),
        bad="refused",
        titled="Single sign-on",
        rows_at="federation_signinattempt",
    )


def queries(request: HttpRequest) -> Iterator[Glance]:
    if not may(request, Action.READ_ALL_QUERIES) or not in_one_namespace():
        return
    under_way = (QueryState.QUEUED.value, QueryState.RUNNING.value)
    yield from _by_day(
        Query.objects.exclude(state__in=under_way),
        moment="submitted_at",
        good=(Q(state=QueryState.SUCCEEDED.value), "succeeded"),
        bad="failed or stopped",
        titled="Queries",
        rows_at="analytics_query",
    )


def _by_day(
    rows: QuerySet[SignInAttempt] | QuerySet[Query],
    *,
    moment: str,
    good: tuple[Q, str],
    bad: str,
    titled: str,
    rows_at: str,
) -> Iterator[Glance]:
    """Nothing where nothing happened in these days."""
    today = timezone.now().date()
    since = today - timedelta(days=DAYS - 1)
    days = (
        rows.filter(**{f"{moment}__date__gte": since})
        .annotate(day=TruncDate(moment))
        .values("day")
        .annotate(well=Count("pk", filter=good[0]), all=Count("pk"))
        .order_by("day")
    )
    found: list[tuple[date, int, int]] = list(days.values_list("day", "well", "all"))
    if not found:
        return
    series = (
        Series(word=good[1], kind="good", counts={day: well for day, well, _ in found}),
        Series(word=bad, kind="bad", counts={day: every - well for day, well, every in found}),
    )
    yield Glance(
        title=titled,
        template="project/glances/columns.html",
        shown={"drawing": columns.drawn(series, today=today), "what": titled},
        link=reverse(f"admin:{rows_at}_changelist"),
        link_text="All of them",
    )


def erasures(request: HttpRequest) -> Iterator[Glance]:
    if not may(request, Action.READ_ERASURE) or not in_one_namespace():
        return
    now = timezone.now()
    ended = [State.COMPLETED, State.REJECTED, State.CANCELLED, State.EXPIRED, State.FAILED]
    rows = ErasureRequest.objects.exclude(state__in=ended, updated_at__lt=now - ENDED_LATELY)
    counts = dict(rows.values_list("state").annotate(Count("pk")).order_by("state"))
    total = sum(counts.values())
    if not total:
        return
    parts, x = [], 0.0
    for word, kind, states in STAGES:
        count = sum(counts.get(state.value, 0) for state in states)
        if count:
            width = 100 * count / total
            parts.append({"word": word, "kind": kind, "count": count, "x": x, "width": width})
            x += width
    due = rows.exclude(state__in=ended).aggregate(due=Min("due_at"))["due"]
    yield Glance(
        title="Erasures",
        template="project/glances/erasures.html",
        shown={"parts": parts, "total": total, "due": due, "late": bool(due and due < now)},
        link=reverse("admin:purge_erasurerequest_changelist"),
        link_text="Requests",
    )
