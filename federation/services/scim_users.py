"""People provisioned by SCIM: made, changed, deactivated everywhere at once, removed."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from federation.domain.scim_resources import ScimPerson, person_of, resource_of_person
from federation.models import IdentityProvider, ScimGroup, ScimUser
from governance.audit import trail
from governance.kernel.actors import Actor
from governance.kernel.refusals import Conflict, NotFound
from governance.tenancy.domain.people import ProvidedPerson
from governance.tenancy.models import Role, User, UserSource
from governance.tenancy.services import erased_people, identities, users


class ScimUserTaken(Conflict):
    code = "scim_user_taken"
    sentence = "There is a user of this provider with this userName or externalId already."


class ScimUserUnknown(NotFound):
    code = "scim_user_unknown"
    sentence = "There is no such user of this provider."


def create(
    *, provider: IdentityProvider, person: ScimPerson, actor: Actor, now: datetime
) -> ScimUser:
    """Make a user, or attach to the person who signed in from this provider before.

    Nobody else is ever adopted: not by email, not a local user. Raises ScimUserTaken.
    """
    taken = ScimUser.objects.filter(identity_provider=provider, key=_key(person.user_name))
    if taken.exists():
        raise ScimUserTaken
    with unless_taken(ScimUserTaken):
        user = users.enrol(person=_provided(provider, person), actor=actor, now=now)
        if ScimUser.objects.filter(identity_provider=provider, user=user).exists():
            raise ScimUserTaken
        row = ScimUser(identity_provider=provider, user=user)
        _write(row, person)
        trail.record(actor=actor, action="scim.user_created", target=row, now=now)
        if not person.may_come_in:
            users.set_active(user=user, active=False, actor=actor, now=now)
    return row


def change(
    *, provider: IdentityProvider, user_id: UUID, person: ScimPerson, actor: Actor, now: datetime
) -> ScimUser:
    """Write what the client says now. Deactivating ends sessions and tokens in this transaction.

    Raises ScimUserTaken, and PersonWasErased where somebody who was erased is called so.
    """
    with unless_taken(ScimUserTaken):
        row = locked(provider=provider, user_id=user_id)
        others = ScimUser.objects.filter(identity_provider=provider, key=_key(person.user_name))
        if others.exclude(pk=row.pk).exists():
            raise ScimUserTaken
        was_active = row.active
        if person.may_come_in:
            # Who was shut out and is called otherwise now comes in anew.
            erased_people.check(_names(person), known=_names(of(row)) if was_active else ())
        _rename(provider, row, person)
        _write(row, person)
        if was_active != person.may_come_in:
            users.set_active(user=row.user, active=person.may_come_in, actor=actor, now=now)
        trail.record(
            actor=actor,
            action="scim.user_changed",
            target=row,
            detail={"active": person.may_come_in},
            now=now,
        )
    return row


def remove(*, provider: IdentityProvider, user_id: UUID, actor: Actor, now: datetime) -> None:
    """Forget the provisioned user; the person is deactivated and loses what SCIM gave.

    So is who comes from a directory of the namespace under the same name, where the provider may
    shut that door: nothing is left here that would (`selectors.provisioning`).
    """
    with transaction.atomic():
        row = locked(provider=provider, user_id=user_id)
        for person in (row.user, *_in_directories(provider, row)):
            users.set_active(user=person, active=False, actor=actor, now=now)
        for subject in filter(None, (row.user_name, row.external_id)):
            identities.forget_subject(user=row.user, provider_id=provider.pk, subject=subject)
        trail.record(actor=actor, action="scim.user_removed", target=row, now=now)
        users.sync_roles(
            user=row.user, person=_provided(provider, of(row)), roles=[], actor=actor, now=now
        )
        row.delete()


def grant_roles(*, row: ScimUser, actor: Actor, now: datetime) -> None:
    """Give the person exactly the roles of their groups here; those by hand and by SAML stay."""
    groups = ScimGroup.objects.filter(memberships__member=row, role__isnull=False)
    roles = Role.objects.filter(pk__in=groups.values("role_id"))
    users.sync_roles(
        user=row.user,
        person=_provided(row.identity_provider, of(row)),
        roles=list(roles),
        actor=actor,
        now=now,
    )


def locked(*, provider: IdentityProvider, user_id: UUID) -> ScimUser:
    """The provider's user, locked. Raises ScimUserUnknown."""
    rows = ScimUser.objects.select_for_update(of=("self",)).select_related("user")
    row = rows.filter(identity_provider=provider, pk=user_id).first()
    if row is None:
        raise ScimUserUnknown
    return row


@contextmanager
def unless_taken(refusal: type[Conflict]) -> Iterator[None]:
    """A transaction, refused where another request of the client took the name just before."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise refusal from error


def of(row: ScimUser) -> ScimPerson:
    """The row as the person it was written from."""
    return person_of(row.resource)


def _in_directories(provider: IdentityProvider, row: ScimUser) -> Iterable[User]:
    if not provider.scim_shuts_directories:
        return ()
    return User.objects.filter(source=UserSource.LDAP, username__iexact=row.user_name)


def _rename(provider: IdentityProvider, row: ScimUser, person: ScimPerson) -> None:
    """Move the names by which the provider knows the person. Raises ScimUserTaken."""
    before, after = {row.user_name, row.external_id}, {person.user_name, person.external_id}
    for subject in before - after - {""}:
        identities.forget_subject(user=row.user, provider_id=provider.pk, subject=subject)
    for subject in after - before - {""}:
        try:
            provided = _provided(provider, person)
            identities.add_subject(user=row.user, person=provided, subject=subject)
        except identities.SubjectTaken as refusal:
            raise ScimUserTaken from refusal


def _names(person: ScimPerson) -> set[str]:
    return {person.user_name, person.external_id, person.email}


def _write(row: ScimUser, person: ScimPerson) -> None:
    row.user_name = person.user_name
    row.key = _key(person.user_name)
    row.external_id = person.external_id
    row.active = person.may_come_in
    row.resource = resource_of_person(person)
    row.save()
    users.describe(user=row.user, email=person.email, display_name=person.shown_name)


def _provided(provider: IdentityProvider, person: ScimPerson) -> ProvidedPerson:
    return ProvidedPerson(
        source=UserSource.SCIM,
        provider_id=provider.pk,
        subject=person.user_name,
        aliases=(person.external_id,),
        username=person.user_name,
        email=person.email,
    )


def _key(user_name: str) -> str:
    return user_name.casefold()
