"""Workload rules, and the queries that they matched."""

from collections.abc import Mapping, Sequence

from django.db import models

from governance.isolation.models import NamespacedModel
from usage_limits.domain.rules import PRIORITIES, Metric, Operator, Predicate, Rule, RuleAction

RULE_ACTIONS = [
    (RuleAction.LOG.value, "Log"),
    (RuleAction.HOP.value, "Hop to the burst pool"),
    (RuleAction.CHANGE_PRIORITY.value, "Change priority"),
    (RuleAction.ABORT.value, "Abort"),
]


def predicates_of(document: Sequence[Mapping[str, object]]) -> tuple[Predicate, ...]:
    """The predicates in a stored document. What is stored was checked when it was saved."""
    return tuple(
        Predicate(
            metric=Metric(str(item["metric"])),
            operator=Operator(str(item["operator"])),
            value=value if isinstance(value := item["value"], int) else str(value),
        )
        for item in document
    )


class WorkloadRule(NamespacedModel):
    """What is done with a query whose estimate or measures fit all predicates."""

    name = models.CharField(max_length=32, help_text="Letters, digits and underscores.")
    predicates = models.JSONField(help_text="One to three, joined by AND.")
    action = models.CharField(max_length=16, choices=RULE_ACTIONS, default=RuleAction.LOG.value)
    priority = models.CharField(
        max_length=8,
        choices=[(name, name.capitalize()) for name in PRIORITIES],
        default="LOW",
        help_text="What the action change priority sets.",
    )
    position = models.PositiveSmallIntegerField(default=0, help_text="The order in lists.")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("namespace", "name"), name="usage_limits_rule_name_once"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def rule(self) -> Rule:
        return Rule(
            name=self.name,
            predicates=predicates_of(self.predicates),
            action=RuleAction(self.action),
            priority=self.priority,
        )


class WorkloadRuleMatch(NamespacedModel):
    """A query matched a rule: one row a query and rule. It outlives the rule."""

    at = models.DateTimeField()
    query_id = models.UUIDField()
    rule_id = models.UUIDField()
    rule_name = models.CharField(max_length=32)
    action = models.CharField(max_length=16, choices=RULE_ACTIONS)
    condition = models.CharField(max_length=300)
    on_estimate = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "workload rule matches"
        constraints = (
            models.UniqueConstraint(
                fields=("namespace", "query_id", "rule_id"), name="usage_limits_match_is_once"
            ),
        )

    def __str__(self) -> str:
        return self.rule_name
