from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from governance.analytics.domain.dashboards import ChartKind, PanelSpec
from governance.analytics.models import Dashboard, Engine, LakeTable, LakeView, Query
from governance.restapi.serializers import ModelIn, ModelOut, SecretField, StrictSerializer

MAX_SQL = 100_000
MAX_NAME = 64


class EngineIn(ModelIn):
    credentials = SecretField(required=False, allow_blank=True)

    class Meta:
        model = Engine
        fields = ("name", "kind", "options", "credentials", "pool", "databases", "enabled")


class EngineOut(ModelOut):
    credentials = SecretField()

    class Meta:
        model = Engine
        fields = (
            *ModelOut.BASE,
            "name",
            "kind",
            "options",
            "credentials",
            "pool",
            "databases",
            "enabled",
        )


class EngineTestStepOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    ok = serializers.BooleanField()
    detail = serializers.CharField()
    milliseconds = serializers.IntegerField()


class EngineTestOut(serializers.Serializer[Any]):
    ok = serializers.BooleanField()
    steps = EngineTestStepOut(many=True)


class LakeTableIn(ModelIn):
    class Meta:
        model = LakeTable
        fields = ("database", "name", "location", "format", "description")


class LakeTableOut(ModelOut):
    class Meta:
        model = LakeTable
        fields = (
            *ModelOut.BASE,
            "database",
            "name",
            "location",
            "format",
            "columns",
            "description",
        )


class LakeViewIn(ModelIn):
    class Meta:
        model = LakeView
        fields = ("database", "name", "sql", "description")


class LakeViewOut(ModelOut):
    class Meta:
        model = LakeView
        fields = (*ModelOut.BASE, "database", "name", "sql", "description")


@extend_schema_field(OpenApiTypes.OBJECT)
class ParametersField(serializers.DictField):
    """Values of the SQL's `:name` markers: text, numbers, true, false or null."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:  # noqa: ANN401 - DRF's own type
        values: dict[str, Any] = super().to_internal_value(data)
        for name, value in values.items():
            if value is not None and not isinstance(value, str | int | float | bool):
                message = f"{name} is neither text, a number, true, false nor null."
                raise serializers.ValidationError(message, code="parameter_invalid")
        return values


class QueryIn(StrictSerializer):
    sql = serializers.CharField(max_length=MAX_SQL, trim_whitespace=False)
    engine = serializers.CharField(
        max_length=MAX_NAME,
        required=False,
        help_text="An engine's name. Without it, the namespace's oldest engine of the main pool.",
    )
    parameters = ParametersField(required=False)
    role = serializers.CharField(
        max_length=MAX_NAME, required=False, help_text="The name of a role that you hold."
    )
    database = serializers.CharField(max_length=128, required=False)


class QueryOut(ModelOut):
    engine: ClassVar[Any] = serializers.SlugRelatedField(slug_field="name", read_only=True)
    role: ClassVar[Any] = serializers.SlugRelatedField(slug_field="name", read_only=True)
    user: ClassVar[Any] = serializers.SlugRelatedField(slug_field="username", read_only=True)

    class Meta:
        model = Query
        fields = (
            *ModelOut.BASE,
            "sql",
            "database",
            "parameters",
            "engine",
            "role",
            "user",
            "state",
            "pool",
            "priority",
            "notes",
            "error",
            "estimated_bytes",
            "bytes_scanned",
            "rows_returned",
            "queue_milliseconds",
            "run_milliseconds",
            "progress",
            "submitted_at",
            "started_at",
            "finished_at",
            "result_bytes",
            "result_expires_at",
        )


class EstimateOut(serializers.Serializer[Any]):
    bytes_scanned = serializers.IntegerField()
    rows = serializers.IntegerField(allow_null=True)
    files = serializers.IntegerField()
    tables = serializers.ListField(child=serializers.CharField())


class ColumnOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    type = serializers.CharField()


class ResultOut(serializers.Serializer[Any]):
    columns = ColumnOut(many=True)
    rows = serializers.ListField(child=serializers.ListField())
    offset = serializers.IntegerField()
    total = serializers.IntegerField()


class PanelIn(StrictSerializer):
    title = serializers.CharField(max_length=200)
    sql = serializers.CharField(max_length=MAX_SQL)
    chart = serializers.ChoiceField(
        choices=[kind.value for kind in ChartKind], default=ChartKind.TABLE.value
    )

    def to_internal_value(self, data: Any) -> PanelSpec:  # noqa: ANN401 - DRF's own type
        values = super().to_internal_value(data)
        return PanelSpec(title=values["title"], sql=values["sql"], chart=ChartKind(values["chart"]))


class PanelOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    title = serializers.CharField()
    sql = serializers.CharField()
    chart = serializers.ChoiceField(choices=[kind.value for kind in ChartKind])


class DashboardIn(ModelIn):
    queries = PanelIn(many=True)
    shared_with = serializers.ListField(
        child=serializers.CharField(max_length=MAX_NAME), help_text="Names of roles.", default=list
    )

    class Meta:
        model = Dashboard
        fields = ("slug", "title", "description", "refresh_minutes", "queries", "shared_with")


class DashboardOut(ModelOut):
    queries = serializers.SerializerMethodField()
    shared_with = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField()

    class Meta:
        model = Dashboard
        fields = (
            *ModelOut.BASE,
            "slug",
            "title",
            "description",
            "refresh_minutes",
            "queries",
            "shared_with",
            "url",
        )

    @extend_schema_field(PanelOut(many=True))
    def get_queries(self, row: Dashboard) -> list[dict[str, Any]]:
        panels = sorted(row.panels.all(), key=lambda panel: (panel.position, panel.pk))
        return [dict(PanelOut(panel).data) for panel in panels]

    def get_shared_with(self, row: Dashboard) -> list[str]:
        return sorted(share.role.name for share in row.shares.all())

    def get_url(self, row: Dashboard) -> str:
        return f"/n/{row.namespace.name}/dashboards/{row.slug}/"
