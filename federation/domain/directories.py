"""Directories: what is asked of one, what it answers, and who is let in.

The words follow HiveServer2's `hive.server2.authentication.ldap.*`, so that its administrators
find their settings again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from governance.kernel.personal import Personal
from governance.kernel.refusals import Exhausted, Forbidden, Unavailable


class TLSMode(StrEnum):
    """How the connection to the directory is protected."""

    NONE = "none"
    START_TLS = "start_tls"
    LDAPS = "ldaps"


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectorySettings:
    """How to reach one directory and how to find people and groups in it.

    `urls` are tried in their order. `timeout_seconds` is for the whole sign-in, over all urls.
    `{0}` in `user_filter` is the user's name; in `group_filter` `{0}` is the user's name and
    `{1}` their distinguished name. Empty filters are built from the keys.
    """

    urls: tuple[str, ...]
    base_dn: str
    tls: TLSMode = TLSMode.LDAPS
    ca_certificates: str = ""
    bind_dn: str = ""
    bind_password: Personal[str] | None = None
    domain: str = ""
    user_dn_patterns: tuple[str, ...] = ()
    user_filter: str = ""
    username_attribute: str = "uid"
    group_base_dn: str = ""
    group_filter: str = ""
    group_class_key: str = "groupOfNames"
    group_membership_key: str = "member"
    user_membership_key: str = ""
    nested_groups: bool = False
    allowed_groups: tuple[str, ...] = ()
    allowed_users: tuple[str, ...] = ()
    timeout_seconds: int = 5


@dataclass(frozen=True, slots=True)
class Group:
    """A group of the directory. `name` is the value of its first relative name."""

    dn: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryPerson:
    """Someone whose password the directory has just accepted."""

    dn: Personal[str]
    subject: str
    username: Personal[str]
    display_name: Personal[str]
    email: Personal[str]
    groups: tuple[Group, ...] = ()


class Stage(StrEnum):
    """The stages of a directory test, in their order."""

    RESOLVE = "resolve"
    TCP = "tcp"
    TLS = "tls"
    BIND = "bind"
    SEARCH = "search"
    GROUPS = "groups"
    ROLES = "roles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The outcome of one stage. `detail` is a sentence without names or addresses of anybody."""

    name: Stage
    ok: bool
    detail: str
    milliseconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What a directory test found, stage by stage, and whom, if the password was right."""

    steps: tuple[Step, ...]
    person: DirectoryPerson | None = None


class Reason(StrEnum):
    """Why nobody was let in. For the audit trail alone: the person is told one sentence."""

    BLANK = "blank"
    UNKNOWN_DIRECTORY = "unknown_directory"
    UNKNOWN_USER = "unknown_user"
    AMBIGUOUS_USER = "ambiguous_user"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - the name of a reason
    REPEATED_PASSWORD = "repeated_password"  # noqa: S105 - the name of a reason
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_EXPIRED = "account_expired"
    ACCOUNT_LOCKED = "account_locked"
    PASSWORD_EXPIRED = "password_expired"  # noqa: S105 - the name of a reason
    PASSWORD_MUST_CHANGE = "password_must_change"  # noqa: S105 - the name of a reason
    NOT_PERMITTED_NOW = "not_permitted_now"
    NOT_ALLOWED = "not_allowed"
    NO_ROLE = "no_role"
    ROLE_NOT_GRANTED = "role_not_granted"
    USER_INACTIVE = "user_inactive"
    TOO_MANY_FAILURES = "too_many_failures"


class SignInRefused(Forbidden):
    """One answer for unknown user, unknown directory, wrong password and missing grant."""

    code = "directory_sign_in_refused"
    sentence = "The user name or password is not right, or this account has no access here."

    def __init__(self, reason: Reason) -> None:
        super().__init__()
        self.reason = reason


class SignInsExhausted(Exhausted):
    code = "directory_sign_ins_exhausted"
    sentence = "Too many sign-ins failed. Try again in some minutes."

    def __init__(self) -> None:
        super().__init__()
        self.reason = Reason.TOO_MANY_FAILURES


class DirectoryUnavailable(Unavailable):
    """No server of the directory answered properly within the time given."""

    code = "directory_unavailable"
    sentence = "The directory does not answer. Try again later."
    retry_after_seconds = 30


class DirectoryMisconfigured(Unavailable):
    """The directory answers, and our own account or search base is refused."""

    code = "directory_misconfigured"
    sentence = "The directory refuses this service. An administrator has to check its settings."


# Active Directory says more than "invalid credentials" in the diagnostic message, as
# "… data 52e, …" (Microsoft: "Common Active Directory Bind Errors").
ACTIVE_DIRECTORY_REASONS = {
    "525": Reason.UNKNOWN_USER,
    "52e": Reason.WRONG_PASSWORD,
    "530": Reason.NOT_PERMITTED_NOW,
    "531": Reason.NOT_PERMITTED_NOW,
    "532": Reason.PASSWORD_EXPIRED,
    "533": Reason.ACCOUNT_DISABLED,
    "701": Reason.ACCOUNT_EXPIRED,
    "773": Reason.PASSWORD_MUST_CHANGE,
    "775": Reason.ACCOUNT_LOCKED,
}

ACCOUNT_DISABLED_BIT = 0x2  # userAccountControl: ADS_UF_ACCOUNTDISABLE


def reason_of_diagnostic(diagnostic: str) -> Reason:
    """What a refused bind's diagnostic message says, as Active Directory words it."""
    _, _, tail = diagnostic.casefold().partition(" data ")
    return ACTIVE_DIRECTORY_REASONS.get(tail[:3].strip(" ,"), Reason.WRONG_PASSWORD)


def is_disabled(user_account_control: str) -> bool:
    """Whether Active Directory's userAccountControl says that the account is switched off."""
    return user_account_control.isdecimal() and bool(
        int(user_account_control) & ACCOUNT_DISABLED_BIT
    )


def may_enter(*, person: DirectoryPerson, settings: DirectorySettings) -> bool:
    """Whether the directory's own lists let this person in. Both lists, where both are set."""
    users = {name.casefold() for name in settings.allowed_users}
    groups = {name.casefold() for name in settings.allowed_groups}
    user_allowed = not users or person.username.reveal().casefold() in users
    group_allowed = not groups or any(group.name.casefold() in groups for group in person.groups)
    return user_allowed and group_allowed


class MappingKind(StrEnum):
    """What a mapping's identifiers name, as in EMRFS role mappings."""

    USER = "user"
    GROUP = "group"
    PREFIX = "prefix"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """One line of the mapping: whoever is named by the identifiers gets the role."""

    kind: MappingKind
    identifiers: tuple[str, ...]
    role_id: UUID
    position: int


def granted_roles(
    *, person: DirectoryPerson, mappings: Sequence[Mapping], prefix: str = ""
) -> tuple[UUID, ...]:
    """The roles of all mappings that match, in order of position; the first is the default.

    `prefix` is the storage that the session says it will work on. Whom no mapping matches gets
    nothing: where EMRFS falls back to the instance's role, we deny.
    """
    ordered = sorted(mappings, key=lambda mapping: mapping.position)
    roles = [
        mapping.role_id
        for mapping in ordered
        if matches(mapping=mapping, person=person, prefix=prefix)
    ]
    return tuple(dict.fromkeys(roles))


def matches(*, mapping: Mapping, person: DirectoryPerson, prefix: str = "") -> bool:
    """Whether a mapping's identifiers name this person, one of their groups, or the storage."""
    wanted = {identifier.casefold() for identifier in mapping.identifiers}
    match mapping.kind:
        case MappingKind.USER:
            return person.username.reveal().casefold() in wanted
        case MappingKind.GROUP:
            return any({g.name.casefold(), g.dn.casefold()} & wanted for g in person.groups)
        case MappingKind.PREFIX:
            return any(lies_under(prefix=prefix, parent=parent) for parent in mapping.identifiers)


def lies_under(*, prefix: str, parent: str) -> bool:
    """Whether the storage `prefix` is `parent` or inside it, by whole path parts."""
    inner, outer = prefix.strip("/").split("/"), parent.strip("/").split("/")
    climbs = any(part in {".", ".."} for part in inner)
    return bool(prefix) and bool(parent) and not climbs and inner[: len(outer)] == outer
