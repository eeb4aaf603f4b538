"""Groups provisioned by SCIM, and the roles that membership in them gives."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction

from federation.domain.scim_resources import ScimTeam
from federation.models import IdentityProvider, ScimGroup, ScimMembership, ScimUser
from federation.services import scim_users
from governance.audit import trail
from governance.kernel.actors import Actor
from governance.kernel.refusals import Conflict, FieldError, Invalid, NotFound
from governance.tenancy.models import Role
from governance.tenancy.services import step_up


class ScimGroupTaken(Conflict):
    code = "scim_group_taken"
    sentence = "There is a group of this provider with this displayName already."


class ScimGroupUnknown(NotFound):
    code = "scim_group_unknown"
    sentence = "There is no such group of this provider."


class ScimMemberUnknown(Invalid):
    code = "scim_member_unknown"
    sentence = "A member is not a user of this provider."


def create(*, provider: IdentityProvider, team: ScimTeam, actor: Actor, now: datetime) -> ScimGroup:
    """Make a group. It grants nothing until an administrator gives it a role."""
    _check_free(provider, team)
    with scim_users.unless_taken(ScimGroupTaken):
        group = ScimGroup(identity_provider=provider)
        _write(group, team)
        trail.record(actor=actor, action="scim.group_created", target=group, now=now)
        _set_members(group, team, actor=actor, now=now)
    return group


def change(
    *, provider: IdentityProvider, group_id: UUID, team: ScimTeam, actor: Actor, now: datetime
) -> ScimGroup:
    """Write what the client says now; members' roles follow in this transaction."""
    with scim_users.unless_taken(ScimGroupTaken):
        group = locked(provider=provider, group_id=group_id)
        _check_free(provider, team, but=group)
        _write(group, team)
        _set_members(group, team, actor=actor, now=now)
        trail.record(actor=actor, action="scim.group_changed", target=group, now=now)
    return group


def remove(*, provider: IdentityProvider, group_id: UUID, actor: Actor, now: datetime) -> None:
    with transaction.atomic():
        group = locked(provider=provider, group_id=group_id)
        members = list(ScimUser.objects.filter(memberships__group=group))
        trail.record(actor=actor, action="scim.group_removed", target=group, now=now)
        group.delete()
        for member in members:
            scim_users.grant_roles(row=member, actor=actor, now=now)


def give_role(*, group: ScimGroup, role: Role | None, actor: Actor, now: datetime) -> ScimGroup:
    """Decide what members of the group may do; theirs changes in this transaction."""
    step_up.require_recent(actor=actor, now=now)
    with transaction.atomic():
        group = locked(provider=group.identity_provider, group_id=group.pk)
        group.role = role
        group.save(update_fields=["role", "updated_at"])
        for member in ScimUser.objects.filter(memberships__group=group):
            scim_users.grant_roles(row=member, actor=actor, now=now)
        trail.record(
            actor=actor,
            action="scim.group_role_given",
            target=group,
            detail={"role_id": None if role is None else str(role.pk)},
            now=now,
        )
    return group


def locked(*, provider: IdentityProvider, group_id: UUID) -> ScimGroup:
    """The provider's group, locked. Raises ScimGroupUnknown."""
    rows = ScimGroup.objects.select_for_update(of=("self",))
    group = rows.filter(identity_provider=provider, pk=group_id).first()
    if group is None:
        raise ScimGroupUnknown
    return group


def of(group: ScimGroup) -> ScimTeam:
    """The group as plain values, with its members."""
    members = ScimMembership.objects.filter(group=group).values_list("member_id", flat=True)
    return ScimTeam(
        display_name=group.display_name,
        external_id=group.external_id,
        members=frozenset(map(str, members)),
    )


def _check_free(provider: IdentityProvider, team: ScimTeam, but: ScimGroup | None = None) -> None:
    same = ScimGroup.objects.filter(identity_provider=provider, key=team.display_name.casefold())
    if (same if but is None else same.exclude(pk=but.pk)).exists():
        raise ScimGroupTaken


def _write(group: ScimGroup, team: ScimTeam) -> None:
    group.display_name = team.display_name
    group.key = team.display_name.casefold()
    group.external_id = team.external_id
    group.save()


def _set_members(group: ScimGroup, team: ScimTeam, *, actor: Actor, now: datetime) -> None:
    wanted = _known(group, team.members)
    memberships = ScimMembership.objects.filter(group=group)
    had = set(memberships.values_list("member_id", flat=True))
    memberships.filter(member_id__in=had - wanted).delete()
    for member_id in wanted - had:
        ScimMembership.objects.create(group=group, member_id=member_id)
    if group.role_id is None:
        return
    for member in ScimUser.objects.filter(pk__in=had ^ wanted):
        scim_users.grant_roles(row=member, actor=actor, now=now)


def _known(group: ScimGroup, members: Collection[str]) -> set[UUID]:
    """The members as ids of this provider's users. Raises ScimMemberUnknown."""
    try:
        wanted = {UUID(member) for member in members}
    except ValueError:
        wanted, unknown = set(), True
    else:
        rows = ScimUser.objects.filter(identity_provider=group.identity_provider, pk__in=wanted)
        unknown = rows.count() != len(wanted)
    if unknown:
        detail = "A value is not the id of a user of this provider."
        raise ScimMemberUnknown(errors=[FieldError("/members", "invalidValue", detail)])
    return wanted
