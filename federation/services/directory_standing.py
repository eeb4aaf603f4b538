"""Whether a directory would still let somebody in who is here: asked without their password."""

from dataclasses import dataclass, field
from uuid import UUID

from federation.domain import login_names
from federation.domain.directories import DirectoryPerson, DirectorySettings, SignInRefused
from federation.domain.login_names import LoginName
from federation.models import Directory
from federation.ports import Directory as DirectoryPort
from federation.services import directories, directory_sign_ins
from governance.isolation.scopes import namespace_scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Somebody who came in by a directory. `prefix` is the storage that they wished to work on."""

    namespace_id: UUID
    directory_id: UUID
    login: str = field(repr=False)
    subject: str = field(repr=False)
    role_id: UUID
    prefix: str = ""


def is_standing(*, presence: Presence, directory: DirectoryPort) -> bool:
    """Whether the person is there, enabled, allowed, and mapped to the role. Open no scope around.

    A directory without a bind account cannot be asked: who came in by it stays for their session.
    Raises DirectoryUnavailable and DirectoryMisconfigured, which say nothing about the person.
    """
    with namespace_scope(presence.namespace_id):
        row = Directory.objects.filter(pk=presence.directory_id, enabled=True).first()
        settings = None if row is None else directories.settings_of(row)
    name = login_names.parse(presence.login)
    if row is None or settings is None or name is None:
        return False
    if not settings.bind_dn:
        return True
    person = _found(directory, settings, name)
    if person is None or person.subject != presence.subject:
        return False
    with namespace_scope(presence.namespace_id):
        roles = directory_sign_ins.roles_of(row, person, prefix=presence.prefix)
    return presence.role_id in {role.pk for role in roles}


def _found(
    directory: DirectoryPort, settings: DirectorySettings, name: LoginName
) -> DirectoryPerson | None:
    try:
        return directory.look_again(settings=settings, name=name)
    except SignInRefused:
        return None
