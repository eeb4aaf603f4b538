"""What limits and rules did, read-only."""

from django.contrib import admin
from unfold.decorators import display

from governance.adminsite.options import NamespacedModelAdmin
from governance.kernel.actions import Action
from usage_limits.domain.features import MEASURES, FeatureType
from usage_limits.domain.quantities import text
from usage_limits.models import UsageControlLogEntry, WorkloadRuleMatch


class ReadOnlyAdmin(NamespacedModelAdmin):
    """A journal: looked at, never changed."""

    read_action = Action.READ_USAGE
    write_action = Action.MANAGE_USAGE_LIMITS
    can_add = False
    can_change = False
    can_delete = False


@admin.register(UsageControlLogEntry)
class UsageControlLogAdmin(ReadOnlyAdmin):
    list_display = ("at", "limit", "what", "used_of", "action_shown", "query_id")
    list_filter = ("feature_type", "cause", "action")
    ordering = ("-at", "-id")
    date_hierarchy = "at"
    empty_state = "No threshold was crossed and no query refused yet."

    @display(description="Limit")
    def limit(self, row: UsageControlLogEntry) -> str:
        return f"{MEASURES[FeatureType(row.feature_type)].label}, {row.period}"

    @display(description="What", label={"crossed": "warning", "refused": "danger"})
    def what(self, row: UsageControlLogEntry) -> tuple[str, str]:
        said = f"{row.threshold} % crossed" if row.cause == "crossed" else "Query refused"
        return row.cause, said

    @display(description="Used")
    def used_of(self, row: UsageControlLogEntry) -> str:
        unit = MEASURES[FeatureType(row.feature_type)].unit
        return f"{text(round(row.used, 6))} of {text(row.amount)} {unit}"

    @display(description="Action")
    def action_shown(self, row: UsageControlLogEntry) -> str:
        return row.get_action_display()


@admin.register(WorkloadRuleMatch)
class WorkloadRuleMatchAdmin(ReadOnlyAdmin):
    list_display = ("at", "rule_name", "condition", "action", "on_estimate", "query_id")
    list_filter = ("action", "on_estimate")
    search_fields = ("rule_name",)
    ordering = ("-at", "-id")
    empty_state = "No query matched a workload rule yet."
