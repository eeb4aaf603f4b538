"""Making and changing workload rules, and noting the queries that matched."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from governance.audit import trail
from governance.kernel.actors import Actor
from governance.kernel.refusals import NotFound
from usage_limits import selectors
from usage_limits.domain import rules
from usage_limits.domain.rules import Measures, Rule, RuleAction
from usage_limits.models import WorkloadRule, WorkloadRuleMatch
from usage_limits.services import alerts, gates


class WorkloadRuleNotFound(NotFound):
    code = "workload_rule_not_found"
    sentence = "There is no such workload rule here."


def save(
    *, rule: Rule, position: int, rule_id: UUID | None = None, actor: Actor, now: datetime
) -> WorkloadRule:
    """Make a rule, or change the one with the id. Raises what `domain.rules` says of it."""
    rules.check_rule(rule)
    with transaction.atomic():
        # Two rules saved at once must not both find the name free, or be the twenty-fifth.
        gates.hold()
        names = [other.name for other in selectors.workload_rules() if other.pk != rule_id]
        rules.check_beside(rule, names=names)
        row = WorkloadRule() if rule_id is None else _existing(rule_id)
        row.name = rule.name
        row.predicates = [
            {
                "metric": predicate.metric.value,
                "operator": predicate.operator.value,
                "value": predicate.value,
            }
            for predicate in rule.predicates
        ]
        row.action = rule.action.value
        row.priority = rule.priority
        row.position = position
        row.save()
        verb = "created" if rule_id is None else "changed"
        detail = {"name": rule.name, "action": rule.action.value, "condition": str(rule)}
        trail.record(
            actor=actor, action=f"workload_rule.{verb}", target=row, detail=detail, now=now
        )
    return row


def remove(*, rule_id: UUID, actor: Actor, now: datetime) -> None:
    """The matches that it made stay."""
    with transaction.atomic():
        row = _existing(rule_id)
        trail.record(
            actor=actor,
            action="workload_rule.removed",
            target=row,
            detail={"name": row.name},
            now=now,
        )
        row.delete()


def matching(*, measures: Measures) -> list[WorkloadRule]:
    """The rules that match, the most severe first."""
    rows = {row.name: row for row in selectors.workload_rules()}
    found = rules.matching([row.rule for row in rows.values()], measures=measures)
    return [rows[rule.name] for rule in found]


def note(
    *, matched: Sequence[WorkloadRule], query_id: UUID, on_estimate: bool, now: datetime
) -> None:
    """One log row a query and rule, however often it is seen; an abort is alerted too."""
    for row in matched:
        _, is_new = WorkloadRuleMatch.objects.get_or_create(
            query_id=query_id,
            rule_id=row.pk,
            defaults={
                "at": now,
                "rule_name": row.name,
                "action": row.action,
                "condition": str(row.rule),
                "on_estimate": on_estimate,
            },
        )
        if is_new and row.action == RuleAction.ABORT.value:
            alerts.send_abort(row, query_id=query_id, now=now)


def _existing(rule_id: UUID) -> WorkloadRule:
    row = WorkloadRule.objects.filter(pk=rule_id).first()
    if row is None:
        raise WorkloadRuleNotFound
    return row
