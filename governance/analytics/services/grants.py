"""Which part of the lake somebody may read: the storage prefixes of the role they act in."""

from dataclasses import dataclass, replace
from uuid import UUID

from governance.isolation.scopes import current_namespace_id
from governance.kernel.actors import Actor, ActorKind
from governance.kernel.refusals import Forbidden
from governance.tenancy.models import Role, RoleBinding, User
from governance.tenancy.services import actors


class RoleNotYours(Forbidden):
    code = "role_not_yours"
    sentence = "You do not have the role {role} in this namespace."


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Who asks, and what of the lake they may read (all of the namespace's, where empty)."""

    actor: Actor
    role_id: UUID | None
    prefixes: tuple[str, ...]

    @property
    def user_id(self) -> UUID | None:
        """The person, where they belong to this namespace: rows point to no other."""
        is_ours = self.actor.namespace_id == current_namespace_id()
        return self.actor.user_id if is_ours and self.actor.kind is ActorKind.PERSON else None


def grant_for(*, actor: Actor, role_name: str | None = None) -> Grant:
    """The grant of an actor, in the role named or their own. Raises RoleNotYours."""
    person = actor.user_id if actor.kind is ActorKind.PERSON and not actor.is_platform else None
    if role_name is not None:
        return _in_role(actor, person, role_name)
    if actor.role_id is not None:
        role = Role.objects.filter(pk=actor.role_id).first()
        if role is None:
            raise RoleNotYours(role=actor.role_name)
        return Grant(actor=actor, role_id=role.pk, prefixes=tuple(role.storage_prefixes))
    prefixes = () if person is None else _of_all_roles(person)
    return Grant(actor=actor, role_id=None, prefixes=prefixes)


def _in_role(actor: Actor, person: UUID | None, role_name: str) -> Grant:
    role = Role.objects.filter(name=role_name).first()
    if role is None:
        raise RoleNotYours(role=role_name)
    if person is not None:
        user = User.objects.filter(pk=person, bindings__role=role).first()
        if user is None:
            raise RoleNotYours(role=role_name)
        acting = actors.for_user(
            user=user,
            role=role,
            network=actor.network,
            authenticated_at=actor.authenticated_at,
        )
        actor = replace(acting, tags=actor.tags)
    return Grant(actor=actor, role_id=role.pk, prefixes=tuple(role.storage_prefixes))


def _of_all_roles(person: UUID) -> tuple[str, ...]:
    """A local session acts with all its roles: it may read what any of them may."""
    bindings = RoleBinding.objects.filter(user_id=person).select_related("role")
    lists = [tuple(binding.role.storage_prefixes) for binding in bindings]
    if not all(lists):
        return ()
    return tuple(sorted({prefix for prefixes in lists for prefix in prefixes}))
