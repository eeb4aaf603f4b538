"""A directory in the words of HiveServer2 and of Amazon EMR, for clusters of one's own.

Property names are HiveServer2's (`hive.server2.authentication.ldap.*`); the EMR form wraps them
as a `hive-site` classification and adds the role mappings of an EMR security configuration.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from federation.domain.directories import DirectorySettings, MappingKind

LDAP = "hive.server2.authentication.ldap."
# Where a secret goes that is not ours to hand out.
PASSWORD_PLACE = "SET-THE-BIND-PASSWORD-HERE"  # noqa: S105 - a mark, not a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedMapping:
    """A mapping with its role's ARN."""

    kind: MappingKind
    identifiers: tuple[str, ...]
    role_arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    text: str
    content_type: str


def properties(settings: DirectorySettings) -> dict[str, str]:
    """What is set, by Hive's names. What Hive does not know (TLS, nesting) is left out."""
    found = {
        "hive.server2.authentication": "LDAP",
        f"{LDAP}url": " ".join(settings.urls),
        f"{LDAP}baseDN": settings.base_dn,
        f"{LDAP}Domain": settings.domain,
        f"{LDAP}guidKey": settings.username_attribute,
        f"{LDAP}groupClassKey": settings.group_class_key,
        f"{LDAP}groupMembershipKey": settings.group_membership_key,
        f"{LDAP}userMembershipKey": settings.user_membership_key,
        f"{LDAP}userDNPattern": ":".join(settings.user_dn_patterns),
        f"{LDAP}userFilter": ",".join(settings.allowed_users),
        f"{LDAP}groupFilter": ",".join(settings.allowed_groups),
        f"{LDAP}userSearchFilter": settings.user_filter,
        f"{LDAP}groupSearchFilter": settings.group_filter,
        f"{LDAP}groupBaseDN": settings.group_base_dn,
        f"{LDAP}binddn": settings.bind_dn,
        f"{LDAP}bindpw": PASSWORD_PLACE if settings.bind_dn else "",
    }
    return {name: value for name, value in found.items() if value}


def as_xml(settings: DirectorySettings) -> Document:
    lines = [
        f"  <property>\n    <name>{escape(name)}</name>\n"
        f"    <value>{escape(value)}</value>\n  </property>\n"
        for name, value in properties(settings).items()
    ]
    body = "".join(lines)
    text = f'<?xml version="1.0"?>\n<configuration>\n{body}</configuration>\n'
    return Document(text=text, content_type="application/xml; charset=utf-8")


def as_emr(settings: DirectorySettings, mappings: Sequence[NamedMapping]) -> Document:
    document = {
        "Configurations": [
            {"Classification": "hive-site", "Properties": properties(settings)},
        ],
        "SecurityConfiguration": {
            "AuthorizationConfiguration": {
                "EmrFsConfiguration": {
                    "RoleMappings": [
                        {
                            "Role": mapping.role_arn,
                            "IdentifierType": mapping.kind.value.title(),
                            "Identifiers": list(mapping.identifiers),
                        }
                        for mapping in mappings
                    ]
                }
            }
        },
    }
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return Document(text=text, content_type="application/json")
