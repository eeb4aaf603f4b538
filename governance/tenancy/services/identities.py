"""Whom a provider means: the person of its names for them, found or made."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import QuerySet

from governance.isolation import insertions, prepared
from governance.isolation.scopes import current_namespace_id
from governance.kernel.refusals import Conflict
from governance.tenancy.domain.people import ProvidedPerson
from governance.tenancy.models import Identity, User
from governance.tenancy.services import erased_people


class SubjectTaken(Conflict):
    code = "subject_taken"
    sentence = "These identifiers name two different people already."


@dataclass(frozen=True, slots=True)
class Identified:
    """`is_new`: made just now, in this transaction. Nobody else knows them yet."""

    user: User
    is_new: bool


def identified(person: ProvidedPerson, *, signed_in_at: datetime | None) -> Identified:
    """Found by any name of this provider, or made; all the names mean them from now on.

    Raises SubjectTaken where two of the names mean two people here, and PersonWasErased for who
    was erased and has no account, or none that is called so.
    """
    known = _known(provider_id=person.provider_id, subjects=person.subjects)
    if len({identity.user_id for identity in known}) > 1:
        raise SubjectTaken
    if known:
        found, had = Identified(known[0].user, is_new=False), {one.subject for one in known}
        _check_names(person, user=found.user, had=had)
    else:
        found, had = _made(person, signed_in_at=signed_in_at), {person.subject}
    for subject in person.subjects:
        if subject not in had:
            add_subject(user=found.user, person=person, subject=subject)
    return found


def add_subject(*, user: User, person: ProvidedPerson, subject: str) -> None:
    """A provider calls the person so from now on. Raises SubjectTaken for somebody else's name."""
    if insertions.insert_once(_identity(user, person, subject)):
        return
    known = _known(provider_id=person.provider_id, subjects=(subject,))
    if user.pk not in {identity.user_id for identity in known}:
        raise SubjectTaken


def forget_subject(*, user: User, provider_id: UUID, subject: str) -> None:
    """A provider no longer calls the person so: the name may come to mean somebody else."""
    Identity.objects.filter(user=user, provider_id=provider_id, subject=subject).delete()


def known_as(*, provider_id: UUID, subject: str) -> str:
    """What the person whom a provider names is called here; empty for a stranger."""
    identities = Identity.objects.filter(provider_id=provider_id, subject=subject)
    return identities.values_list("user__username", flat=True).first() or ""


@prepared.selecting
def _known(*, provider_id: UUID, subjects: tuple[str, ...]) -> QuerySet[Identity]:
    rows = Identity.objects.select_related("user").select_for_update(of=("self",))
    return rows.filter(provider_id=provider_id, subject__in=subjects).order_by("id")


def _check_names(person: ProvidedPerson, *, user: User, had: Collection[str]) -> None:
    known = {user.email, user.username, *had}
    erased_people.check({person.email, person.username, *person.subjects}, known=known)


def _made(person: ProvidedPerson, *, signed_in_at: datetime | None) -> Identified:
    erased_people.check({person.email, person.username, *person.subjects})
    user = User(
        source=person.source,
        username=person.username,
        email=person.email,
        display_name=person.display_name,
        last_sign_in_at=signed_in_at,
        # set_unusable_password() draws forty letters one by one.
        password=f"{UNUSABLE_PASSWORD_PREFIX}{secrets.token_hex(20)}",
    )
    user.save()
    if insertions.insert_once(_identity(user, person, person.subject)):
        return Identified(user, is_new=True)
    # Another sign-in of the same person was a moment quicker: theirs is the one.
    user.delete()
    [theirs] = _known(provider_id=person.provider_id, subjects=(person.subject,))
    return Identified(theirs.user, is_new=False)


def _identity(user: User, person: ProvidedPerson, subject: str) -> Identity:
    return Identity(
        namespace_id=current_namespace_id(),
        user=user,
        provider_kind=person.source,
        provider_id=person.provider_id,
        subject=subject,
    )
