"""Reads of analytics, in the open scope."""

from uuid import UUID

from django.db.models import QuerySet

from governance.analytics.domain.plans import Catalogue
from governance.analytics.domain.queries import Pool, QueryState
from governance.analytics.models import Dashboard, Engine, LakeTable, LakeView, Query
from governance.isolation.scopes import current_namespace_id
from governance.kernel.actions import Action
from governance.kernel.actors import Actor
from governance.kernel.arns import resource_arn
from governance.kernel.permissions import allows
from governance.kernel.refusals import Conflict, NotFound
from governance.tenancy.models import Namespace


class EngineMissing(Conflict):
    code = "engine_missing"
    sentence = "No query engine is set up here. An administrator adds one under Engines."


class EngineUnknown(NotFound):
    code = "engine_unknown"
    sentence = "There is no enabled engine {engine} here."


class QueryUnknown(NotFound):
    code = "query_unknown"
    sentence = "There is no such query here, or it is somebody else's."


class DashboardUnknown(NotFound):
    code = "dashboard_unknown"
    sentence = "There is no such dashboard here, or it is not shared with your role."


def arn(*, kind: str, name: str) -> str:
    """What a policy's Resource names, in this namespace."""
    namespace = Namespace.objects.get(pk=current_namespace_id())
    return resource_arn(account_id=namespace.account_id, kind=kind, name=name)


def engine_named(name: str) -> Engine:
    """An enabled engine by name. Raises EngineUnknown."""
    found = Engine.objects.filter(name=name, enabled=True).first()
    if found is None:
        raise EngineUnknown(engine=name)
    return found


def burst_engine_for(engine: Engine) -> Engine | None:
    """The oldest enabled burst engine of its kind that answers for the same databases."""
    able = Engine.objects.filter(
        kind=engine.kind,
        pool=Pool.BURST.value,
        enabled=True,
        databases__contains=engine.databases,
    )
    return able.order_by("created_at").first()


def default_engine() -> Engine:
    """The oldest enabled engine of the main pool. Raises EngineMissing."""
    engines = Engine.objects.filter(pool=Pool.MAIN.value, enabled=True)
    found = engines.order_by("created_at").first()
    if found is None:
        raise EngineMissing
    return found


def catalogue_of(engine: Engine) -> Catalogue:
    """The tables and views of the databases that the engine answers for."""
    databases = tuple(sorted(engine.databases))
    tables = LakeTable.objects.filter(database__in=databases).order_by("database", "name")
    views = LakeView.objects.filter(database__in=databases).order_by("database", "name")
    return Catalogue(
        databases=databases,
        tables=tuple(table.source() for table in tables),
        views=tuple(view.source() for view in views),
    )


def count_in_state(*, engine: Engine | None, state: QueryState) -> int:
    if engine is None:
        return 0
    return Query.objects.filter(engine=engine, state=state.value).count()


def queries_of(actor: Actor) -> QuerySet[Query]:
    """One's own queries; all of them, where READ_ALL_QUERIES is permitted."""
    rows = Query.objects.select_related("engine", "user", "role")
    if allows(actor=actor, action=Action.READ_ALL_QUERIES):
        return rows
    if actor.token_id is not None:
        return rows.filter(token_id=actor.token_id)
    if actor.user_id is None:
        return rows.none()
    return rows.filter(user_id=actor.user_id, token_id__isnull=True)


def query_of(*, actor: Actor, query_id: UUID) -> Query:
    """Raises QueryUnknown, also for what is somebody else's."""
    found = queries_of(actor).filter(pk=query_id).first()
    if found is None:
        raise QueryUnknown
    return found


def dashboards_of(actor: Actor) -> QuerySet[Dashboard]:
    """Those shared with the actor's roles; all, for who manages them."""
    rows = Dashboard.objects.prefetch_related("panels", "shares__role")
    if allows(actor=actor, action=Action.MANAGE_DASHBOARDS):
        return rows
    if actor.role_id is not None:
        return rows.filter(shares__role_id=actor.role_id).distinct()
    if actor.token_id is not None or actor.user_id is None:
        return rows
    return rows.filter(shares__role__bindings__user_id=actor.user_id).distinct()


def dashboard_of(*, actor: Actor, slug: str) -> Dashboard:
    """A dashboard the actor may read. Raises DashboardUnknown."""
    found = dashboards_of(actor).filter(slug=slug).first()
    readable = found is not None and allows(
        actor=actor, action=Action.READ_DASHBOARDS, resource=arn(kind="dashboard", name=slug)
    )
    if found is None or not readable:
        raise DashboardUnknown
    return found
