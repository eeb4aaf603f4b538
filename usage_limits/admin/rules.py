"""Workload rules as an administrator writes them: up to three conditions and an action."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display

from governance.adminsite.options import NamespacedModelAdmin
from governance.kernel.actions import Action
from usage_limits.admin.forms import PREDICATE_ROWS, WorkloadRuleForm
from usage_limits.domain.rules import Rule, RuleAction
from usage_limits.models import WorkloadRule
from usage_limits.services import workload_rules


@admin.register(WorkloadRule)
class WorkloadRuleAdmin(NamespacedModelAdmin):
    read_action = Action.READ_USAGE
    write_action = Action.MANAGE_USAGE_LIMITS
    form = WorkloadRuleForm
    list_display = ("name", "condition", "action_shown", "position")
    list_filter = ("action",)
    search_fields = ("name",)
    ordering = ("position", "name")
    fieldsets = (
        (None, {"fields": ("name", "action", "priority", "position")}),
        ("All of these hold", {"fields": PREDICATE_ROWS}),
    )
    empty_state = "No workload rule yet. A usual first one stops queries that scan more than 1 TB."

    @display(description="Where")
    def condition(self, row: WorkloadRule) -> str:
        return str(row.rule)

    @display(
        description="Action",
        label={"log": "info", "hop": "info", "change_priority": "warning", "abort": "danger"},
    )
    def action_shown(self, row: WorkloadRule) -> tuple[str, str]:
        return row.action, row.get_action_display()

    def perform_save(self, request: HttpRequest, row: Any, form: Any, change: bool) -> Any:  # noqa: ANN401, FBT001 - the base's
        values = form.cleaned_data
        rule = Rule(
            name=values["name"],
            predicates=values["predicates"],
            action=RuleAction(values["action"]),
            priority=values["priority"],
        )
        return workload_rules.save(
            rule=rule,
            position=values["position"],
            rule_id=row.pk if change else None,
            actor=self.actor(request),
            now=timezone.now(),
        )

    def perform_delete(self, request: HttpRequest, row: Any) -> None:  # noqa: ANN401 - any model
        workload_rules.remove(rule_id=row.pk, actor=self.actor(request), now=timezone.now())
