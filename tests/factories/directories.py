"""Builders of directories and mappings. Each works in the scope that is open."""

from django.utils import timezone

from federation.domain.directories import MappingKind
from federation.models import Directory, DirectoryMapping
from federation.services import directories, directory_mappings
from federation.services.directories import DirectoryValues
from governance.tenancy.models import Role
from governance.tenancy.services import actors
from tests.factories.tenancy import the_role
from tests.servers import slapd as openldap
from tests.servers.slapd import Slapd


def a_directory(name: str = "corporate", **changes: object) -> Directory:
    """A directory that nobody has reached yet; `changes` are fields of it."""
    values: DirectoryValues = {
        "name": name,
        "urls": ["ldaps://ldap.acme.example"],
        "tls": "ldaps",
        "bind_dn": openldap.READER_DN,
        "bind_password": openldap.READER_PASSWORD,
        "base_dn": openldap.TENANT1,
        "group_base_dn": openldap.GROUPS,
        "domain": "acme.example",
    }
    values.update(changes)  # type: ignore[typeddict-item]
    return directories.create(values=values, actor=actors.system(), now=timezone.now())


def a_directory_on(slapd: Slapd, name: str = "corporate", **changes: object) -> Directory:
    """A directory on the running OpenLDAP server."""
    reachable = {"urls": [slapd.tls_url], "ca_certificates": slapd.ca_certificates}
    return a_directory(name, **(reachable | changes))


def a_mapping(
    directory: Directory,
    *identifiers: str,
    role: str | Role = "author",
    kind: MappingKind = MappingKind.GROUP,
) -> DirectoryMapping:
    return directory_mappings.create(
        values={
            "directory": directory,
            "kind": kind.value,
            "identifiers": list(identifiers),
            "role": the_role(role) if isinstance(role, str) else role,
        },
        actor=actors.system(),
        now=timezone.now(),
    )
