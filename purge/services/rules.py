"""The namespace's rules of erasure: read with defaults, changed by one service."""

from datetime import datetime
from typing import TypedDict

from django.db import transaction

from governance.audit import trail
from governance.isolation.scopes import current_namespace_id
from governance.kernel.actions import Action
from governance.kernel.actors import Actor
from governance.kernel.permissions import require
from governance.kernel.refusals import FieldError, Invalid
from governance.tenancy.services import step_up
from purge.models import CameBackPolicy, ErasureRules

MOST_APPROVALS = 2
LONGEST_UNDECIDED_DAYS = 3650


class RulesInvalid(Invalid):
    code = "erasure_rules_invalid"
    sentence = "The rules are not usable: {why}."


class RuleValues(TypedDict, total=False):
    approvals_needed: int
    undecided_days: int
    came_back: str


def current() -> ErasureRules:
    """The one row of the open scope. Two that make it at once end with the same."""
    found = ErasureRules.objects.first()
    if found is not None:
        return found
    fresh = ErasureRules(namespace_id=current_namespace_id())
    ErasureRules.objects.bulk_create([fresh], ignore_conflicts=True)
    return ErasureRules.objects.get()


def change(*, values: RuleValues, actor: Actor, now: datetime) -> ErasureRules:
    """Change what `values` names. Requests that were made before keep the stricter number."""
    require(actor=actor, action=Action.MANAGE_DATA_MAP)
    step_up.require_recent(actor=actor, now=now)
    _check(values)
    with transaction.atomic():
        row = ErasureRules.objects.select_for_update().get(pk=current().pk)
        before = {name: getattr(row, name) for name in values}
        for name, value in values.items():
            setattr(row, name, value)
        row.save()
        trail.record(
            actor=actor,
            action="erasure_rules.changed",
            target=row,
            detail={"before": before, "after": dict(values)},
            now=now,
        )
    return row


def _check(values: RuleValues) -> None:
    if not 1 <= values.get("approvals_needed", 1) <= MOST_APPROVALS:
        raise _wrong("approvals_needed", "one or two people approve")
    if not 1 <= values.get("undecided_days", 1) <= LONGEST_UNDECIDED_DAYS:
        raise _wrong("undecided_days", f"give a number of days up to {LONGEST_UNDECIDED_DAYS}")
    if values.get("came_back", CameBackPolicy.FLAG) not in CameBackPolicy.values:
        raise _wrong("came_back", "say flag or erase_again")


def _wrong(name: str, why: str) -> RulesInvalid:
    return RulesInvalid(why=why, errors=[FieldError(f"/{name}", "invalid", why)])
