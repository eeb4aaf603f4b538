"""Writing claim rules."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypedDict

from django.db import transaction
from django.db.models import Max

from federation.domain import claim_rows
from federation.domain.claim_rows import ClaimRuleInvalid
from federation.models import ClaimRule, IdentityProvider
from federation.selectors import identity_providers
from governance.audit import trail
from governance.kernel.actors import Actor
from governance.kernel.refusals import FieldError
from governance.tenancy.services import step_up

MOST_RULES_PER_PROVIDER = 500
LONGEST_GROUP = 512


class ClaimRuleValues(TypedDict, total=False):
    identity_provider: IdentityProvider
    claim: str
    position: int
    user_type: str
    groups: Sequence[str]
    source: str
    value: str
    transformations: Sequence[Mapping[str, object]]


def create(*, values: ClaimRuleValues, actor: Actor, now: datetime) -> ClaimRule:
    """A rule of a provider; without a position it goes to the end. Raises ClaimRuleInvalid."""
    rule = ClaimRule(identity_provider=values["identity_provider"])
    if "position" not in values:
        last = rule.identity_provider.claim_rules.aggregate(last=Max("position"))["last"]
        rule.position = (last or 0) + 10
    return _saved(rule, values, verb="created", actor=actor, now=now)


def change(*, rule: ClaimRule, values: ClaimRuleValues, actor: Actor, now: datetime) -> ClaimRule:
    return _saved(rule, values, verb="changed", actor=actor, now=now)


def remove(*, rule: ClaimRule, actor: Actor, now: datetime) -> None:
    step_up.require_recent(actor=actor, now=now)
    detail = {"identity_provider_id": str(rule.identity_provider_id), "claim": rule.claim}
    trail.record(actor=actor, action="claim_rule.deleted", target=rule, detail=detail, now=now)
    rule.delete()
    _unprove(rule.identity_provider)


def _saved(
    rule: ClaimRule, values: ClaimRuleValues, *, verb: str, actor: Actor, now: datetime
) -> ClaimRule:
    step_up.require_recent(actor=actor, now=now)
    if values.get("identity_provider", rule.identity_provider) != rule.identity_provider:
        raise _invalid("/identity_provider", "fixed", "A rule stays with its provider.")
    for name, value in values.items():
        setattr(rule, name, value)
    rule.groups = _groups(rule.groups)
    with transaction.atomic():
        # Two administrators at once must not pass the limits together.
        provider = IdentityProvider.objects.select_for_update().get(pk=rule.identity_provider_id)
        checked = identity_providers.rule_of(rule)
        claim_rows.check_rule(checked)
        others = provider.claim_rules.exclude(pk=rule.pk)
        if others.count() >= MOST_RULES_PER_PROVIDER:
            detail = f"A provider has at most {MOST_RULES_PER_PROVIDER} rules."
            raise _invalid("/identity_provider", "too_many", detail)
        claim_rows.check_groups([checked, *(identity_providers.rule_of(row) for row in others)])
        rule.save()
        _unprove(provider)
        changed = {"identity_provider_id": str(provider.pk), "claim": rule.claim}
        trail.record(actor=actor, action=f"claim_rule.{verb}", target=rule, detail=changed, now=now)
    return rule


def _unprove(provider: IdentityProvider) -> None:
    """Nobody has signed in through the provider as it is configured now (threat T56)."""
    IdentityProvider.objects.filter(pk=provider.pk).update(proved_at=None)


def _groups(written: Sequence[str]) -> list[str]:
    groups = list(dict.fromkeys(str(name).strip() for name in written))
    if any(not name or len(name) > LONGEST_GROUP for name in groups):
        raise _invalid("/groups", "invalid", "A group is a name or object id, never empty.")
    return groups


def _invalid(pointer: str, code: str, detail: str) -> ClaimRuleInvalid:
    return ClaimRuleInvalid(errors=[FieldError(pointer=pointer, code=code, detail=detail)])
