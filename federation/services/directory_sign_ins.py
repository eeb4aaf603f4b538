"""Signing in by a directory: whose it is, whether the password is right, which role it gives.

Two steps. `authenticate` asks the directory, with no transaction open while it waits; `enter`
chooses the role, provisions the person and writes it down, in one. A refusal says the same
whatever the reason; the reason goes into the audit trail, with a fingerprint of the account.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID, uuid4

import structlog
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from federation.domain import login_names
from federation.domain.attempts import Attempt
from federation.domain.directories import (
    DirectoryPerson,
    DirectorySettings,
    Mapping,
    Reason,
    SignInRefused,
    granted_roles,
)
from federation.domain.login_names import LoginName
from federation.models import Directory
from federation.ports import Directory as DirectoryPort, SignInThrottle
from federation.selectors import provisioning
from federation.services import directories, directory_sign_in_records as records
from federation.services.directory_sign_in_records import Refused
from governance.audit import trail
from governance.isolation import crossings
from governance.isolation.scopes import namespace_scope
from governance.kernel.actors import Actor
from governance.kernel.personal import Personal
from governance.tenancy.domain.people import LONGEST_EMAIL, ProvidedPerson
from governance.tenancy.models import NamespaceStatus, Role, User, UserSource
from governance.tenancy.services import actors, users
from governance.tenancy.services.erased_people import PersonWasErased
from governance.tenancy.services.users import UserInactive

log = structlog.get_logger(__name__)

LONGEST_DISPLAY_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What somebody says at the door. `namespace` is a name, empty where none was given."""

    username: Personal[str]
    password: Personal[str]
    network: str
    namespace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a session asks for: a role by name or ARN, or the storage it will work on."""

    role: str = ""
    prefix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """Somebody whose password the directory has accepted. Nothing is granted yet."""

    namespace_id: UUID
    directory_id: UUID
    network: str
    person: DirectoryPerson = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A person in a role."""

    user: User
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class _Door:
    """The directory that a claim is for, read in a scope that is closed again."""

    namespace_id: UUID
    directory_id: UUID
    settings: DirectorySettings


def namespace_of(username: Personal[str]) -> UUID | None:
    """Whose directory the name alone leads to; None where it does not say."""
    name = login_names.parse(username.reveal())
    return None if name is None else crossings.namespace_of_domain(name.domain)


def authenticate(
    *, claim: Claim, directory: DirectoryPort, throttle: SignInThrottle, now: datetime
) -> Admitted:
    """Ask the directory of the claim. Open no scope around it: it may wait for seconds.

    Raises SignInRefused, SignInsExhausted, Unavailable.
    """
    name = login_names.parse(claim.username.reveal())
    if name is None or not login_names.is_password(claim.password.reveal()):
        raise SignInRefused(Reason.BLANK)
    door = _door(claim, name)
    attempt = _attempt(door, claim, name)
    try:
        person = _asked(door, claim, name, attempt, directory=directory, throttle=throttle)
    except SignInRefused as refusal:
        refused = Refused(
            namespace_id=door.namespace_id,
            directory_id=door.directory_id,
            account=attempt.account,
            network=claim.network,
            reason=refusal.reason,
        )
        records.keep(refused=refused, now=now)
        raise
    return Admitted(
        namespace_id=door.namespace_id,
        directory_id=door.directory_id,
        network=claim.network,
        person=person,
    )


def enter(*, admitted: Admitted, wish: Wish, now: datetime) -> Entered:
    """Provision the person with all roles they are granted, and give them the one they wish.

    Raises SignInRefused where no mapping names them, or not with that role.
    """
    try:
        with namespace_scope(admitted.namespace_id):
            return _entered(admitted, wish, now=now)
    except (PersonWasErased, UserInactive) as refusal:
        _keep(admitted, Reason.USER_INACTIVE, now=now)
        raise SignInRefused(Reason.USER_INACTIVE) from refusal
    except SignInRefused as refusal:
        _keep(admitted, refusal.reason, now=now)
        raise


def _door(claim: Claim, name: LoginName) -> _Door:
    namespace_id = crossings.namespace_of_domain(name.domain)
    if claim.namespace:
        named = crossings.namespace_named(claim.namespace)
        if name.domain and named != namespace_id:
            named = None
        namespace_id = named
    if namespace_id is None:
        log.info("directory_sign_in_refused", reason=Reason.UNKNOWN_DIRECTORY.value)
        raise SignInRefused(Reason.UNKNOWN_DIRECTORY)
    with namespace_scope(namespace_id):
        found = _directory_of(name)
        if found.domain and not directories.domain_is_granted(found.domain):
            # It was claimed before domains were granted, and granted to somebody else.
            log.warning("directory_domain_not_granted", directory_id=str(found.pk))
            raise SignInRefused(Reason.UNKNOWN_DIRECTORY)
        return _Door(
            namespace_id=namespace_id,
            directory_id=found.pk,
            settings=directories.settings_of(found),
        )


def _directory_of(name: LoginName) -> Directory:
    """The enabled directory of the name's domain, or the only one for a plain name."""
    rows = list(Directory.objects.filter(enabled=True, namespace__status=NamespaceStatus.CREATED))
    fitting = [row for row in rows if name.domain in {"", row.domain}] or [
        row for row in rows if name.domain == row.domain.partition(".")[0]
    ]
    if len(fitting) != 1:
        log.info("directory_sign_in_refused", reason=Reason.UNKNOWN_DIRECTORY.value)
        raise SignInRefused(Reason.UNKNOWN_DIRECTORY)
    return fitting[0]


def _asked(
    door: _Door,
    claim: Claim,
    name: LoginName,
    attempt: Attempt,
    *,
    directory: DirectoryPort,
    throttle: SignInThrottle,
) -> DirectoryPerson:
    """The directory's answer, counted."""
    throttle.admit(attempt=attempt)
    try:
        person = directory.authenticate(settings=door.settings, name=name, password=claim.password)
    except SignInRefused as refusal:
        if refusal.reason is Reason.NOT_ALLOWED:
            throttle.passed(attempt=attempt)  # the password was right
        else:
            throttle.failed(attempt=attempt)
        raise
    except BaseException:
        throttle.abandoned(attempt=attempt)
        raise
    throttle.passed(attempt=attempt)
    return person


def _attempt(door: _Door, claim: Claim, name: LoginName) -> Attempt:
    account = records.fingerprint(door.directory_id, name.account.reveal())
    return Attempt(
        account=account,
        password=records.fingerprint(door.directory_id, f"{account}\0{claim.password.reveal()}"),
        network=claim.network,
        ticket=uuid4().hex,
    )


def _entered(admitted: Admitted, wish: Wish, *, now: datetime) -> Entered:
    directory = Directory.objects.filter(
        pk=admitted.directory_id, enabled=True, namespace__status=NamespaceStatus.CREATED
    ).first()
    if directory is None:
        raise SignInRefused(Reason.UNKNOWN_DIRECTORY)
    roles = roles_of(directory, admitted.person, prefix=wish.prefix)
    if not roles:
        raise SignInRefused(Reason.NO_ROLE)
    chosen = [role for role in roles if wish.role in {"", role.name, role.arn}]
    if not chosen:
        raise SignInRefused(Reason.ROLE_NOT_GRANTED)
    person = _provided(directory, admitted.person)
    if provisioning.is_shut_out(login=person.username):
        raise UserInactive
    user = users.provision(
        person=person,
        roles=roles,
        actor=_entrance(admitted),
        now=now,
    )
    trail.record(
        actor=actors.for_user(
            user=user, role=chosen[0], network=admitted.network, authenticated_at=now
        ),
        action="directory_sign_in.accepted",
        target=user,
        detail={"directory_id": str(directory.pk), "role_id": str(chosen[0].pk)},
        now=now,
    )
    return Entered(user=user, role=chosen[0])


def roles_of(directory: Directory, person: DirectoryPerson, *, prefix: str) -> list[Role]:
    """In the mappings' order. A role whose trust policy names providers trusts no directory."""
    mappings: list[Mapping] = [
        mapping.rule() for mapping in directory.mappings.order_by("position", "id")
    ]
    wanted = granted_roles(person=person, mappings=mappings, prefix=prefix)
    rows = Role.objects.select_related("namespace").filter(pk__in=wanted)
    found = {role.pk: role for role in rows if not role.trust_policy}
    return [found[role_id] for role_id in wanted if role_id in found]


def _provided(directory: Directory, person: DirectoryPerson) -> ProvidedPerson:
    name = person.username.reveal()
    display_name = person.display_name.reveal()
    return ProvidedPerson(
        source=UserSource.LDAP,
        provider_id=directory.pk,
        subject=person.subject,
        username=f"{name}@{directory.domain}" if directory.domain else name,
        email=_email(person),
        display_name=display_name[:LONGEST_DISPLAY_NAME] if display_name.isprintable() else "",
    )


def _email(person: DirectoryPerson) -> str:
    email = person.email.reveal()
    try:
        validate_email(email)
    except ValidationError:
        return ""
    return email if len(email) <= LONGEST_EMAIL else ""


def _entrance(admitted: Admitted) -> Actor:
    """Nobody has signed in yet: the service itself acts, for a network."""
    return replace(actors.system(admitted.namespace_id), network=admitted.network)


def _keep(admitted: Admitted, reason: Reason, *, now: datetime) -> None:
    name = admitted.person.username.reveal().casefold()
    refused = Refused(
        namespace_id=admitted.namespace_id,
        directory_id=admitted.directory_id,
        account=records.fingerprint(admitted.directory_id, name),
        network=admitted.network,
        reason=reason,
    )
    records.keep(refused=refused, now=now)
