"""Policies: validated by the evaluator before they are saved, never removed under a role."""

from datetime import datetime
from typing import TypedDict

from governance.audit import trail
from governance.kernel import policies
from governance.kernel.actors import Actor
from governance.kernel.refusals import Conflict, FieldError, Invalid
from governance.tenancy.models import Policy
from governance.tenancy.services import step_up, ways_in


class PolicyValues(TypedDict, total=False):
    name: str
    description: str
    document: object


class PolicyInvalid(Invalid):
    code = "policy_invalid"
    sentence = "The policy is not valid. {first}"


class PolicyNameTaken(Conflict):
    code = "policy_name_taken"
    sentence = "There is already a policy named {name}. Choose another name."


class PolicyInUse(Conflict):
    code = "policy_in_use"
    sentence = "The policy {name} is attached to a role. Detach it there first."


def create(*, values: PolicyValues, actor: Actor, now: datetime) -> Policy:
    """A policy of the open scope. Raises PolicyInvalid (with pointers) and PolicyNameTaken."""
    return _save(policy=Policy(), values=values, verb="created", actor=actor, now=now)


def change(*, policy: Policy, values: PolicyValues, actor: Actor, now: datetime) -> Policy:
    """Change what `values` names. Holds at the next request of everybody whose role has it."""
    return _save(policy=policy, values=values, verb="changed", actor=actor, now=now)


def remove(*, policy: Policy, actor: Actor, now: datetime) -> None:
    step_up.require_recent(actor=actor, now=now)
    if policy.attachments.exists():
        raise PolicyInUse(name=policy.name)
    trail.record(
        actor=actor, action="policy.deleted", target=policy, detail={"name": policy.name}, now=now
    )
    policy.delete()


def _save(
    *, policy: Policy, values: PolicyValues, verb: str, actor: Actor, now: datetime
) -> Policy:
    step_up.require_recent(actor=actor, now=now)
    before = policy.document
    policy.name = values.get("name", policy.name)
    policy.description = values.get("description", policy.description)
    policy.document = values.get("document", policy.document)
    _check(policy)
    with ways_in.kept():
        policy.save()
        trail.record(
            actor=actor,
            action=f"policy.{verb}",
            target=policy,
            detail={"name": policy.name, "before": before, "after": policy.document},
            now=now,
        )
    return policy


def _check(policy: Policy) -> None:
    if Policy.objects.filter(name=policy.name).exclude(pk=policy.pk).exists():
        raise PolicyNameTaken(name=policy.name)
    try:
        policies.Policy.parse(name=policy.name or "policy", document=policy.document)
    except policies.MalformedPolicy as malformed:
        errors = [
            FieldError(f"/document{error.pointer}", error.code, error.detail)
            for error in malformed.errors
        ]
        first = f"{errors[0].pointer}: {errors[0].detail}"
        raise PolicyInvalid(errors=errors, first=first) from malformed
