"""Roles: their policies, who has them by hand, and what they would decide."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from governance.audit import trail
from governance.kernel import permissions, policies
from governance.kernel.actors import Actor
from governance.kernel.refusals import Conflict
from governance.tenancy.models import Policy, Role, RoleBinding, RolePolicy, User
from governance.tenancy.models.access import BindingSource
from governance.tenancy.services import sessions, step_up, ways_in


class RoleValues(TypedDict, total=False):
    name: str
    description: str
    max_session_seconds: int
    trust_policy: object
    storage_prefixes: object
    policies: Sequence[Policy]


class RoleNameTaken(Conflict):
    code = "role_name_taken"
    sentence = "There is already a role named {name}. Choose another name."


class RoleInUse(Conflict):
    code = "role_in_use"
    sentence = "The role {name} is held by people or named by a rule. Take it from them first."


class BindingOfProvider(Conflict):
    code = "binding_of_provider"
    sentence = "This role was given by {source}: change the rule or the group there."


def create(*, values: RoleValues, actor: Actor, now: datetime) -> Role:
    """A role of the open scope. Raises RoleNameTaken."""
    return _save(role=Role(), values=values, verb="created", actor=actor, now=now)


def change(*, role: Role, values: RoleValues, actor: Actor, now: datetime) -> Role:
    """Change what `values` names; `policies` becomes exactly the list."""
    return _save(role=role, values=values, verb="changed", actor=actor, now=now)


def remove(*, role: Role, actor: Actor, now: datetime) -> None:
    step_up.require_recent(actor=actor, now=now)
    if role.bindings.exists():
        raise RoleInUse(name=role.name)
    trail.record(
        actor=actor, action="role.deleted", target=role, detail={"name": role.name}, now=now
    )
    role.delete()


def simulate(
    *, role: Role, action: str, resource: str, context: Mapping[str, object]
) -> policies.Decision:
    """What the role's policies decide about any action, with the statement that decided."""
    parsed = tuple(
        policies.Policy.parse(name=policy.name, document=policy.document)
        for policy in role.policies.order_by("name")
    )
    return policies.decide(
        policies=parsed,
        action=action,
        resource=resource or permissions.ANYTHING,
        context=context,
    )


def bind(*, user: User, role: Role, actor: Actor, now: datetime) -> RoleBinding:
    """Give a person a role by hand. Giving it twice keeps the first."""
    step_up.require_recent(actor=actor, now=now)
    # One more role may take a right away: what its policies deny is denied.
    with ways_in.kept():
        binding, created = RoleBinding.objects.get_or_create(
            user=user, role=role, source=BindingSource.MANUAL, provider_id=None
        )
        if created:
            detail = {"role_id": str(role.pk)}
            trail.record(actor=actor, action="user.role_given", target=user, detail=detail, now=now)
    return binding


def unbind(*, binding: RoleBinding, actor: Actor, now: datetime) -> None:
    """Take back what was given by hand; sessions in that role end at once."""
    step_up.require_recent(actor=actor, now=now)
    if binding.source != BindingSource.MANUAL:
        raise BindingOfProvider(source=BindingSource(binding.source).label)
    user, role_id = binding.user, binding.role_id
    with ways_in.kept():
        binding.delete()
        if not RoleBinding.objects.filter(user=user, role_id=role_id).exists():
            sessions.end_in_roles(user=user, role_ids=[role_id], reason="role removed", now=now)
        detail = {"role_id": str(role_id)}
        trail.record(actor=actor, action="user.role_taken", target=user, detail=detail, now=now)


def set_manual(*, user: User, roles: Sequence[Role], actor: Actor, now: datetime) -> None:
    """Make the roles given by hand exactly `roles`; what providers gave stays."""
    wanted: dict[UUID, Role] = {role.pk: role for role in roles}
    manual = RoleBinding.objects.filter(user=user, source=BindingSource.MANUAL)
    had = set(manual.values_list("role_id", flat=True))
    # The new ones first: who must keep a right may get it from another role.
    for role_id in wanted.keys() - had:
        bind(user=user, role=wanted[role_id], actor=actor, now=now)
    for binding in manual.exclude(role_id__in=wanted).select_related("user"):
        unbind(binding=binding, actor=actor, now=now)


def _save(*, role: Role, values: RoleValues, verb: str, actor: Actor, now: datetime) -> Role:
    step_up.require_recent(actor=actor, now=now)
    attached = values.get("policies")
    changed = {name: value for name, value in values.items() if name != "policies"}
    for name, value in changed.items():
        setattr(role, name, value)
    if Role.objects.filter(name=role.name).exclude(pk=role.pk).exists():
        raise RoleNameTaken(name=role.name)
    with ways_in.kept():
        role.save()
        detail: dict[str, object] = {"name": role.name, "changed": sorted(values)}
        if attached is not None:
            _attach(role, attached)
            detail["policies"] = sorted(policy.name for policy in attached)
        trail.record(actor=actor, action=f"role.{verb}", target=role, detail=detail, now=now)
    return role


def _attach(role: Role, wanted: Sequence[Policy]) -> None:
    ids = {policy.pk for policy in wanted}
    RolePolicy.objects.filter(role=role).exclude(policy_id__in=ids).delete()
    had = set(RolePolicy.objects.filter(role=role).values_list("policy_id", flat=True))
    for policy_id in ids - had:
        RolePolicy.objects.create(role=role, policy_id=policy_id)
