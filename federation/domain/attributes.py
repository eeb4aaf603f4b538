"""What a provider says about a person, and the names that Entra has for its parts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from federation.domain.saml import ResponseRefused

CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
MICROSOFT = "http://schemas.microsoft.com/identity/claims"
GROUPS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
AWS = "https://aws.amazon.com/SAML/Attributes/"
CLAIMS_OF_AWS = (
    "Role",
    "RoleSessionName",
    "SessionDuration",
    "SourceIdentity",
    "TransitiveTagKeys",
    "SAML_SUBJECT",
)

GROUP_ATTRIBUTES = (
    GROUPS,
    "http://schemas.xmlsoap.org/claims/Group",
    "groups",
    "memberOf",
    "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",  # isMemberOf
)
# What Entra sends in place of more than 150 groups: a link to ask Graph, which we never follow.
OVERAGE_ATTRIBUTES = (
    "http://schemas.microsoft.com/claims/groups.link",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups.link",
)
MOST_GROUPS = 1_000

# Entra's names for a source attribute, and the attributes that carry it, best first
# (Microsoft Entra documentation, "Customize SAML token claims").
USER_ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "user.userprincipalname": (
        f"{CLAIMS}/name",
        f"{CLAIMS}/upn",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/userprincipalname",
        "userprincipalname",
    ),
    "user.mail": (f"{CLAIMS}/emailaddress", "mail", "email", "urn:oid:0.9.2342.19200300.100.1.3"),
    "user.givenname": (f"{CLAIMS}/givenname", "givenName", "urn:oid:2.5.4.42"),
    "user.surname": (f"{CLAIMS}/surname", "sn", "urn:oid:2.5.4.4"),
    "user.displayname": (
        f"{MICROSOFT}/displayname",
        "displayName",
        "urn:oid:2.16.840.1.113730.3.1.241",
    ),
    "user.objectid": (f"{MICROSOFT}/objectidentifier", "objectidentifier"),
    "user.usertype": (f"{MICROSOFT}/usertype", "usertype", "userType"),
    "user.identityprovider": (f"{MICROSOFT}/identityprovider", "identityprovider"),
    "user.assignedroles": ("http://schemas.microsoft.com/ws/2008/06/identity/claims/role", "roles"),
    "user.groups": GROUP_ATTRIBUTES,
    "user.department": ("department", f"{CLAIMS}/department"),
    "user.companyname": ("companyname", f"{CLAIMS}/companyname"),
    "user.employeeid": ("employeeid", "employeeID", f"{CLAIMS}/employeeid"),
    "user.jobtitle": ("jobtitle", "title", f"{CLAIMS}/jobtitle"),
    "user.country": (f"{CLAIMS}/country", "country"),
    "user.onpremisessamaccountname": (
        "onpremisessamaccountname",
        "samaccountname",
        "uid",
        "urn:oid:0.9.2342.19200300.100.1.1",
    ),
}
NAME_ID_NAMES = frozenset({"nameid", "user.nameid", f"{CLAIMS}/nameidentifier"})


class UserType(StrEnum):
    ANY = "any"
    MEMBERS = "members"
    ALL_GUESTS = "all_guests"
    ENTRA_GUESTS = "entra_guests"
    EXTERNAL_GUESTS = "external_guests"


class PersonKind(StrEnum):
    MEMBER = "member"
    ENTRA_GUEST = "entra_guest"
    EXTERNAL_GUEST = "external_guest"
    UNKNOWN = "unknown"


class GroupsOverage(ResponseRefused):
    code = "saml_groups_overage"
    sentence = (
        "The person is in more groups than the identity provider puts into a sign-in, so it sent "
        "none. Set its groups claim to the groups assigned to this application, or filter it."
    )
    check = "groups"


class TooManyGroups(ResponseRefused):
    code = "saml_too_many_groups"
    sentence = "The response lists more groups than are read here. Filter the groups claim."
    check = "groups"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who signed in, as their provider describes them."""

    name_id: str = field(repr=False)
    attributes: Mapping[str, tuple[str, ...]] = field(repr=False)
    groups: frozenset[str] = field(repr=False)
    kind: PersonKind

    def values(self, name: str) -> tuple[str, ...]:
        """Values of an attribute by Entra's name or its own; blank ones do not count."""
        if name.lower() in NAME_ID_NAMES:
            return (self.name_id,)
        for candidate in USER_ATTRIBUTES.get(name.lower(), (name,)):
            found = tuple(value for value in self.attributes.get(candidate, ()) if value.strip())
            if found:
                return found
        return ()

    def first(self, name: str) -> str:
        return next(iter(self.values(name)), "")


def person(
    *, name_id: str, attributes: Mapping[str, tuple[str, ...]], groups_attribute: str = ""
) -> Person:
    """Raises GroupsOverage where groups were left out: that is never the same as no groups."""
    if any(attributes.get(name) for name in OVERAGE_ATTRIBUTES):
        raise GroupsOverage
    names = (groups_attribute,) if groups_attribute else GROUP_ATTRIBUTES
    groups = frozenset(
        value.strip() for name in names for value in attributes.get(name, ()) if value.strip()
    )
    if len(groups) > MOST_GROUPS:
        raise TooManyGroups
    plain = Person(name_id=name_id, attributes=attributes, groups=groups, kind=PersonKind.UNKNOWN)
    return Person(name_id=name_id, attributes=attributes, groups=groups, kind=_kind(plain))


def _kind(person: Person) -> PersonKind:
    """Entra guests come from another Entra tenant, external ones from anywhere else."""
    match person.first("user.usertype").lower():
        case "member":
            return PersonKind.MEMBER
        case "guest":
            home = person.first("user.identityprovider")
            entra = home.startswith(("https://sts.windows.net/", "https://login.microsoftonline."))
            return PersonKind.ENTRA_GUEST if entra else PersonKind.EXTERNAL_GUEST
        case _:
            return PersonKind.UNKNOWN


def fits(*, wanted: UserType, kind: PersonKind) -> bool:
    """Whether a person is of the type a rule asks for. An unknown kind fits only Any."""
    kinds: set[PersonKind] = set()
    match wanted:
        case UserType.ANY:
            kinds = set(PersonKind)
        case UserType.MEMBERS:
            kinds = {PersonKind.MEMBER}
        case UserType.ALL_GUESTS:
            kinds = {PersonKind.ENTRA_GUEST, PersonKind.EXTERNAL_GUEST}
        case UserType.ENTRA_GUESTS:
            kinds = {PersonKind.ENTRA_GUEST}
        case UserType.EXTERNAL_GUESTS:
            kinds = {PersonKind.EXTERNAL_GUEST}
    return kind in kinds


def near_names(*, sent: Iterable[str], wanted: Iterable[str]) -> list[tuple[str, str]]:
    """Attributes that arrived under a name that differs from a known one only in case."""
    known = {*wanted, *(f"{AWS}{claim}" for claim in CLAIMS_OF_AWS), *OVERAGE_ATTRIBUTES}
    known.update(name for names in USER_ATTRIBUTES.values() for name in names)
    folded = {name.casefold(): name for name in known if name}
    arrived = frozenset(sent)
    return [
        (name, folded[name.casefold()])
        for name in sorted(arrived - known)
        if name.casefold() in folded and folded[name.casefold()] not in arrived
    ]
