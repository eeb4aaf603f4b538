"""Builders of directories and mappings. Each builder works in the scope that is open."""

from typing import Any

from django.utils import timezone

from federation.domain.directories import MappingKind
from federation.models import Directory, DirectoryMapping
from federation.services import directories, directory_mappings
from federation.services.directories import DirectoryValues
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace, Role
from governance.tenancy.services import actors
from tests.factories.tenancy import the_role
from tests.servers import slapd as openldap
from tests.servers.slapd import Slapd

BODY: dict[str, Any] = {
    "name": "corporate",
    "urls": ["ldaps://ldap1.acme.example", "ldaps://ldap2.acme.example:1636"],
    "tls": "ldaps",
    "bind_dn": "cn=reader,dc=acme,dc=example",
    "bind_password": "readerpw",
    "base_dn": "dc=acme,dc=example",
    "domain": "Acme.example",
    "user_dn_patterns": [],
    "user_filter": "(&(objectClass=person)(uid={0}))",
    "username_attribute": "uid",
    "group_base_dn": "ou=groups,dc=acme,dc=example",
    "group_filter": "(&(objectClass=groupOfNames)(member={1}))",
    "group_class_key": "groupOfNames",
    "group_membership_key": "member",
    "user_membership_key": "",
    "nested_groups": True,
    "allowed_groups": ["analysts"],
    "allowed_users": [],
    "timeout_seconds": 4,
    "enabled": True,
}
"""As it is written over REST."""


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


def the_directory(namespace: Namespace) -> Directory:
    with namespace_scope(namespace.pk):
        return Directory.objects.get()
