"""Dashboards: made by authors, seen by the roles they are shared with.

A panel shows its latest result for the viewer's own part of the lake, so that two roles with
different folders never see each other's figures. Looking at a stale panel runs it again, once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from governance.analytics import selectors
from governance.analytics.domain import dashboards as rules, dialect
from governance.analytics.domain.dashboards import ChartKind, DashboardInvalid, PanelSpec
from governance.analytics.domain.queries import FINAL, QueryState
from governance.analytics.models import Dashboard, DashboardPanel, DashboardShare, Query
from governance.analytics.models.dashboards import REFRESH_MINUTES
from governance.analytics.services import grants, queries
from governance.audit import trail
from governance.kernel.actions import Action
from governance.kernel.actors import Actor
from governance.kernel.permissions import require
from governance.kernel.refusals import Conflict, FieldError, Refusal
from governance.tenancy.models import Role


class DashboardSlugTaken(Conflict):
    code = "dashboard_slug_taken"
    sentence = "There is already a dashboard at {slug}."


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelView:
    """What a viewer gets of a panel: a query with a result, one on its way, or a refusal."""

    panel: DashboardPanel
    query: Query | None
    refusal: str = ""

    @property
    def is_pending(self) -> bool:
        return self.query is not None and QueryState(self.query.state) not in FINAL

    @property
    def has_result(self) -> bool:
        return self.query is not None and self.query.state == QueryState.SUCCEEDED


def create(  # noqa: PLR0913 - the columns of one row, all named
    *,
    slug: str,
    title: str,
    panels: Sequence[PanelSpec],
    shared_with: Sequence[str],
    actor: Actor,
    now: datetime,
    description: str = "",
    refresh_minutes: int = REFRESH_MINUTES,
) -> Dashboard:
    """A dashboard with its panels. Raises DashboardInvalid, SQLInvalid, SQLRefused."""
    _require(actor, slug)
    rules.check(slug=slug, panels=list(panels))
    if Dashboard.objects.filter(slug=slug).exists():
        raise DashboardSlugTaken(slug=slug)
    row = Dashboard.objects.create(
        slug=slug, title=title, description=description, refresh_minutes=refresh_minutes
    )
    _set_panels(row, panels)
    _share(row, shared_with)
    trail.record(actor=actor, action="dashboard.created", target=row, now=now)
    return row


def change(
    *, dashboard_id: UUID, values: Mapping[str, object], actor: Actor, now: datetime
) -> Dashboard:
    """Change what `values` names; `panels` and `shared_with` replace all there were."""
    row = Dashboard.objects.select_for_update().get(pk=dashboard_id)
    _require(actor, row.slug)
    for name in ("slug", "title", "description", "refresh_minutes"):
        if name in values:
            setattr(row, name, values[name])
    panels = values.get("panels")
    checked = list(panels) if isinstance(panels, Sequence) else _panels_of(row)
    rules.check(slug=row.slug, panels=checked)
    if Dashboard.objects.filter(slug=row.slug).exclude(pk=row.pk).exists():
        raise DashboardSlugTaken(slug=row.slug)
    row.save()
    if isinstance(panels, Sequence):
        row.panels.all().delete()
        _set_panels(row, checked)
    shared = values.get("shared_with")
    if isinstance(shared, Sequence):
        _share(row, [str(name) for name in shared])
    detail = {"fields": sorted(values)}
    trail.record(actor=actor, action="dashboard.changed", target=row, detail=detail, now=now)
    return row


def remove(*, dashboard_id: UUID, actor: Actor, now: datetime) -> None:
    row = Dashboard.objects.select_for_update().get(pk=dashboard_id)
    _require(actor, row.slug)
    trail.record(actor=actor, action="dashboard.removed", target=row, now=now)
    row.delete()


def check_panels(panels: Sequence[PanelSpec]) -> None:
    """Raise where a panel's SQL could never run. Tables are looked up when it does."""
    for index, panel in enumerate(panels):
        try:
            query = dialect.read_query(sql=panel.sql, database="default")
            dialect.check_parameters(query=query, parameters={})
        except Refusal as refusal:
            pointer = f"/queries/{index}/sql"
            error = FieldError(pointer=pointer, code=refusal.code, detail=str(refusal))
            raise DashboardInvalid(errors=[error]) from refusal


def looked_at(
    *, dashboard: Dashboard, actor: Actor, now: datetime, again: bool = False
) -> list[PanelView]:
    """The panels as this person may see them; what is stale (or all, `again`) is submitted."""
    return [
        _looked_at(panel, dashboard, actor, now, again=again)
        for panel in dashboard.panels.order_by("position", "id")
    ]


def peeked_at(*, dashboard: Dashboard, actor: Actor) -> list[PanelView]:
    """The panels as they stand; nothing is run."""
    panels = dashboard.panels.order_by("position", "id")
    return [PanelView(panel=panel, query=_latest(panel, actor)) for panel in panels]


def _looked_at(
    panel: DashboardPanel, dashboard: Dashboard, actor: Actor, now: datetime, *, again: bool
) -> PanelView:
    latest = _latest(panel, actor)
    if latest is not None and QueryState(latest.state) not in FINAL:
        return PanelView(panel=panel, query=latest)
    if latest is not None and not again and _is_fresh(latest, dashboard, now):
        return PanelView(panel=panel, query=latest)
    try:
        with transaction.atomic():
            query = queries.submit_panel(panel=panel, actor=actor, now=now)
        return PanelView(panel=panel, query=query)
    except Refusal as refusal:
        # An older result, said to be old, is worth more than none.
        old = latest if latest is not None and _has_result(latest) else None
        return PanelView(panel=panel, query=old, refusal=str(refusal))


def _latest(panel: DashboardPanel, actor: Actor) -> Query | None:
    grant = grants.grant_for(actor=actor)
    in_role = Q(role__isnull=True) if grant.role_id is None else Q(role_id=grant.role_id)
    alike = Query.objects.filter(
        in_role, panel=panel, storage_prefixes=list(grant.prefixes), sql=panel.sql
    )
    return alike.order_by("-submitted_at", "-id").first()


def _is_fresh(query: Query, dashboard: Dashboard, now: datetime) -> bool:
    young = query.submitted_at > now - timedelta(minutes=dashboard.refresh_minutes)
    return young and (query.state != QueryState.SUCCEEDED or _has_result(query))


def _has_result(query: Query) -> bool:
    return query.state == QueryState.SUCCEEDED and query.result_expires_at is not None


def _require(actor: Actor, slug: str) -> None:
    resource = selectors.arn(kind="dashboard", name=slug)
    require(actor=actor, action=Action.MANAGE_DASHBOARDS, resource=resource)


def _panels_of(row: Dashboard) -> list[PanelSpec]:
    return [
        PanelSpec(title=panel.title, sql=panel.sql, chart=ChartKind(panel.chart))
        for panel in row.panels.order_by("position", "id")
    ]


def _set_panels(row: Dashboard, panels: Sequence[PanelSpec]) -> None:
    check_panels(panels)
    for position, panel in enumerate(panels):
        DashboardPanel.objects.create(
            dashboard=row,
            position=position,
            title=panel.title,
            sql=panel.sql,
            chart=panel.chart.value,
        )


def _share(row: Dashboard, names: Sequence[str]) -> None:
    roles = {role.name: role for role in Role.objects.filter(name__in=names)}
    unknown = sorted(set(names) - set(roles))
    if unknown:
        detail = f"There is no role {', '.join(unknown)} here."
        error = FieldError(pointer="/shared_with", code="role_unknown", detail=detail)
        raise DashboardInvalid(errors=[error])
    row.shares.exclude(role__name__in=names).delete()
    for role in roles.values():
        DashboardShare.objects.get_or_create(dashboard=row, role=role)
