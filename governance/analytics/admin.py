from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.decorators import display

from governance.adminsite.actions import detail_action
from governance.adminsite.options import NamespacedModelAdmin, NamespacedStackedInline
from governance.analytics.domain.engines import RANGES
from governance.analytics.domain.queries import FINAL, QueryState
from governance.analytics.forms import (
    ENGINE_CONDITIONS,
    SERVER_FIELDS,
    EngineForm,
    LakeViewForm,
    PanelForm,
    PanelFormSet,
)
from governance.analytics.models import (
    Dashboard,
    DashboardPanel,
    DashboardShare,
    Engine,
    LakeTable,
    LakeView,
    Query,
)
from governance.analytics.services import catalogue, dashboards, engines, queries
from governance.kernel.actions import Action

SHORT = 70


@admin.register(Engine)
class EngineAdmin(NamespacedModelAdmin):
    """What runs the namespace's queries, and in how many slots."""

    read_action = Action.READ_ENGINES
    write_action = Action.MANAGE_ENGINES
    list_display = ("name", "kind", "pool_pill", "shown_databases", "enabled")
    list_filter = ("kind", "pool")
    search_fields = ("name",)
    form = EngineForm
    fieldsets = (
        (None, {"fields": ("name", "kind", "pool", "databases", "enabled")}),
        ("The server", {"fields": SERVER_FIELDS}),
        ("What one query may take", {"fields": tuple(RANGES)}),
    )
    secret_fields = ("credentials",)
    conditional_fields = ENGINE_CONDITIONS
    empty_state = "No engine yet. Add a DuckDB engine: it reads the namespace's folder of the lake."

    @display(description="Pool", label={"main": "info", "burst": "warning"})
    def pool_pill(self, row: Engine) -> tuple[str, str]:
        return row.pool, row.get_pool_display()

    @display(description="Databases")
    def shown_databases(self, row: Engine) -> str:
        return ", ".join(row.databases)

    def perform_save(self, request: HttpRequest, row: Engine, form: Any, change: bool) -> Engine:  # noqa: ANN401, FBT001
        actor, now = self.actor(request), timezone.now()
        if change:
            return engines.change(engine_id=row.pk, values=form.values(), actor=actor, now=now)
        return engines.create(**form.values(), actor=actor, now=now)

    def perform_delete(self, request: HttpRequest, row: Engine) -> None:
        engines.remove(engine_id=row.pk, actor=self.actor(request), now=timezone.now())

    @detail_action(label="Test", action=Action.MANAGE_ENGINES, icon="network_check")
    def test_now(self, request: HttpRequest, row: Engine, values: dict[str, Any]) -> str:
        return engines.require_working(
            engine_id=row.pk, actor=self.actor(request), now=timezone.now()
        )


@admin.register(LakeTable)
class LakeTableAdmin(NamespacedModelAdmin):
    """Names for files of the namespace's part of the lake."""

    read_action = Action.READ_ENGINES
    write_action = Action.MANAGE_ENGINES
    list_display = ("name", "database", "format", "location", "column_count")
    list_filter = ("database", "format")
    search_fields = ("name", "location")
    fields = ("database", "name", "format", "location", "description", "shown_columns")
    readonly_fields = ("shown_columns",)
    empty_state = "No table yet. Name a folder of the lake, and SQL can read it."

    @display(description="Columns")
    def column_count(self, row: LakeTable) -> int:
        return len(row.columns)

    @display(description="Columns, as found in the files")
    def shown_columns(self, row: LakeTable) -> str:
        return ", ".join(f"{name} {kind}" for name, kind in row.columns) or "Found when saved."

    def perform_save(
        self,
        request: HttpRequest,
        row: LakeTable,
        form: Any,  # noqa: ANN401 - Django's
        change: bool,  # noqa: FBT001 - Django's
    ) -> LakeTable:
        actor, now, values = self.actor(request), timezone.now(), dict(form.cleaned_data)
        if change:
            return catalogue.change_table(table_id=row.pk, values=values, actor=actor, now=now)
        table_format = values.pop("format")
        return catalogue.create_table(**values, table_format=table_format, actor=actor, now=now)

    def perform_delete(self, request: HttpRequest, row: LakeTable) -> None:
        catalogue.remove(entry=row, actor=self.actor(request), now=timezone.now())


@admin.register(LakeView)
class LakeViewAdmin(NamespacedModelAdmin):
    """Names for a SELECT over tables of the catalogue."""

    read_action = Action.READ_ENGINES
    write_action = Action.MANAGE_ENGINES
    list_display = ("name", "database", "description")
    list_filter = ("database",)
    search_fields = ("name",)
    form = LakeViewForm
    fields = ("database", "name", "sql", "description")
    empty_state = "No view yet. Save a SELECT under a name, and queries can read it like a table."

    def perform_save(
        self,
        request: HttpRequest,
        row: LakeView,
        form: Any,  # noqa: ANN401 - Django's
        change: bool,  # noqa: FBT001 - Django's
    ) -> LakeView:
        actor, now, values = self.actor(request), timezone.now(), dict(form.cleaned_data)
        if change:
            return catalogue.change_view(view_id=row.pk, values=values, actor=actor, now=now)
        return catalogue.create_view(**values, actor=actor, now=now)

    def perform_delete(self, request: HttpRequest, row: LakeView) -> None:
        catalogue.remove(entry=row, actor=self.actor(request), now=timezone.now())


@admin.register(Query)
class QueryAdmin(NamespacedModelAdmin):
    """Everybody's queries: to read, and to stop."""

    read_action = Action.READ_ALL_QUERIES
    write_action = Action.READ_ALL_QUERIES
    can_add = can_change = can_delete = False
    list_display = ("short_sql", "person", "state_pill", "scanned", "ran", "pool", "submitted_at")
    list_filter = ("state", "pool")
    search_fields = ("sql",)
    fields = (
        "whole_sql",
        "person",
        "role",
        "engine",
        "state",
        "error",
        "notes",
        "pool",
        "priority",
        "estimated_bytes",
        "bytes_scanned",
        "rows_returned",
        "queue_milliseconds",
        "run_milliseconds",
        "submitted_at",
        "started_at",
        "finished_at",
    )
    readonly_fields = fields
    empty_state = "No query yet. People write them in the portal, by REST or by a Hive client."

    @display(description="SQL", ordering="sql")
    def short_sql(self, row: Query) -> str:
        text = " ".join(row.sql.split())
        return text if len(text) <= SHORT else text[: SHORT - 1] + "…"

    @display(description="SQL")
    def whole_sql(self, row: Query) -> str:
        return row.sql

    @display(description="Who")
    def person(self, row: Query) -> str:
        if row.user is not None:
            return row.user.username
        return "a token" if row.token_id else "a platform administrator"

    @display(
        description="State",
        label={
            "queued": "info",
            "running": "info",
            "succeeded": "success",
            "failed": "danger",
            "cancelled": "warning",
            "aborted": "warning",
        },
    )
    def state_pill(self, row: Query) -> tuple[str, str]:
        return row.state, row.get_state_display()

    @display(description="MB read", ordering="bytes_scanned")
    def scanned(self, row: Query) -> str:
        return f"{row.bytes_scanned / 2**20:.1f}"

    @display(description="Seconds", ordering="run_milliseconds")
    def ran(self, row: Query) -> str:
        return f"{row.run_milliseconds / 1000:.1f}"

    @detail_action(
        label="Cancel",
        action=Action.READ_ALL_QUERIES,
        icon="cancel",
        danger=True,
        shown=lambda row: QueryState(row.state) not in FINAL,
    )
    def cancel(self, request: HttpRequest, row: Query, values: dict[str, Any]) -> str:
        queries.cancel(query_id=row.pk, actor=self.actor(request), now=timezone.now())
        return "The query is being stopped."


class PanelInline(NamespacedStackedInline):
    model = DashboardPanel
    read_action = Action.READ_DASHBOARDS
    write_action = Action.MANAGE_DASHBOARDS
    form = PanelForm
    formset = PanelFormSet
    fields = ("position", "title", "chart", "sql")
    ordering = ("position", "id")
    verbose_name = "query"
    verbose_name_plural = "queries"


class ShareInline(NamespacedStackedInline):
    model = DashboardShare
    read_action = Action.READ_DASHBOARDS
    write_action = Action.MANAGE_DASHBOARDS
    fields = ("role",)
    verbose_name = "role that may see it"
    verbose_name_plural = "shared with"


@admin.register(Dashboard)
class DashboardAdmin(NamespacedModelAdmin):
    """Saved queries on one page, shared with roles."""

    read_action = Action.READ_DASHBOARDS
    write_action = Action.MANAGE_DASHBOARDS
    list_display = ("title", "slug", "panel_count", "shown_roles", "link")
    search_fields = ("title", "slug")
    fields = ("title", "slug", "description", "refresh_minutes")
    prepopulated_fields: ClassVar[dict[str, tuple[str, ...]]] = {"slug": ("title",)}
    inlines = (PanelInline, ShareInline)
    empty_state = "No dashboard yet. Save a few queries on one page and share it with a role."

    @display(description="Queries")
    def panel_count(self, row: Dashboard) -> int:
        return row.panels.count()

    @display(description="Shared with")
    def shown_roles(self, row: Dashboard) -> str:
        return ", ".join(sorted(role.name for role in row.roles.all())) or "nobody yet"

    @display(description="Page")
    def link(self, row: Dashboard) -> str:
        address = reverse("portal:dashboard", args=[row.namespace.name, row.slug])
        return format_html('<a href="{}">Open</a>', address)

    def perform_delete(self, request: HttpRequest, row: Dashboard) -> None:
        dashboards.remove(dashboard_id=row.pk, actor=self.actor(request), now=timezone.now())
