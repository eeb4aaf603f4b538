"""What we keep of a SCIM user and group, read from what a provider sends (RFC 7643).

Known attributes are checked; others are accepted and not kept: Entra sends what its default
mapping has, and what is not needed here is not stored here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from governance.kernel.refusals import FieldError, Invalid

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
NAME_PARTS = ("formatted", "familyName", "givenName")
LONGEST_NAME = 256
LONGEST_EMAIL = 254  # RFC 5321, 4.5.3.1.3, as mailboxes are stored here
LONGEST_SHOWN_NAME = 200
MOST_EMAILS = 20
MOST_MEMBERS = 10_000


class ScimResourceInvalid(Invalid):
    code = "scim_resource_invalid"
    sentence = "The resource is not valid."


@dataclass(frozen=True, slots=True, repr=False)
class ScimEmail:
    value: str
    type: str = ""
    primary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ScimPerson:
    """A user as provisioned. `user_name` compares without case (caseExact is false)."""

    user_name: str
    external_id: str = ""
    display_name: str = ""
    active: bool | None = None
    name: Mapping[str, str] = field(default_factory=dict)
    emails: Sequence[ScimEmail] = ()

    @property
    def may_come_in(self) -> bool:
        """What is not said to be inactive is active."""
        return self.active is not False

    @property
    def email(self) -> str:
        """The primary address, else the one for work, else the first."""
        ranked = sorted(self.emails, key=lambda email: (not email.primary, email.type != "work"))
        return ranked[0].value if ranked else ""

    @property
    def shown_name(self) -> str:
        full = f"{self.name.get('givenName', '')} {self.name.get('familyName', '')}".strip()
        name = self.display_name or self.name.get("formatted", "") or full
        return name[:LONGEST_SHOWN_NAME]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ScimTeam:
    """A group as provisioned; `members` are ids of our users."""

    display_name: str
    external_id: str = ""
    members: frozenset[str] = frozenset()


def person_of(resource: Mapping[str, object]) -> ScimPerson:
    """Read a user resource. Raises ScimResourceInvalid with each field that is wrong."""
    reader = _Reader(resource)
    person = ScimPerson(
        user_name=reader.text("userName", required=True),
        external_id=reader.text("externalId"),
        display_name=reader.text("displayName"),
        active=reader.boolean("active"),
        name=reader.name(),
        emails=reader.emails(),
    )
    reader.finish()
    return person


def team_of(resource: Mapping[str, object]) -> ScimTeam:
    """Read a group resource. Raises ScimResourceInvalid with each field that is wrong."""
    reader = _Reader(resource)
    team = ScimTeam(
        display_name=reader.text("displayName", required=True),
        external_id=reader.text("externalId"),
        members=reader.members(),
    )
    reader.finish()
    return team


def resource_of_person(person: ScimPerson) -> dict[str, object]:
    """The attributes of a user as SCIM writes them; what is empty is left out."""
    resource: dict[str, object] = {
        "externalId": person.external_id,
        "userName": person.user_name,
        "displayName": person.display_name,
        "name": dict(person.name),
        "emails": [
            {"value": email.value, "type": email.type, "primary": email.primary}
            if email.type
            else {"value": email.value, "primary": email.primary}
            for email in person.emails
        ],
    }
    kept = {key: value for key, value in resource.items() if value}
    return kept if person.active is None else kept | {"active": person.active}


def resource_of_team(team: ScimTeam) -> dict[str, object]:
    resource: dict[str, object] = {
        "externalId": team.external_id,
        "displayName": team.display_name,
        "members": [{"value": member} for member in sorted(team.members)],
    }
    return {key: value for key, value in resource.items() if value}


def without_members(team: ScimTeam) -> ScimTeam:
    return replace(team, members=frozenset())


def as_boolean(value: object) -> bool | None:
    """A boolean, or Entra's "True" and "False"; None for anything else."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None


def _member(row: Mapping[str, object]) -> str:
    """The id of a member, said as `value` or at the end of `$ref`."""
    return str(row.get("value") or str(row.get("$ref") or "").rpartition("/")[2])


class _Reader:
    """Reads attributes by type, whatever the case of their names, and collects what is wrong."""

    def __init__(self, resource: Mapping[str, object]) -> None:
        self.values = {key.lower(): value for key, value in resource.items()}
        self.errors: list[FieldError] = []

    def text(self, name: str, *, required: bool = False) -> str:
        value = self.values.get(name.lower())
        if value is None or value == "":
            if required:
                self._wrong(name, "required", "This attribute is required.")
            return ""
        # Names are kept without case too, and one letter may become three (Unicode 3.13).
        if not isinstance(value, str) or max(len(value), len(value.casefold())) > LONGEST_NAME:
            self._wrong(name, "invalidValue", f"A text of at most {LONGEST_NAME} characters.")
            return ""
        return value

    def boolean(self, name: str) -> bool | None:
        value = self.values.get(name.lower())
        read = as_boolean(value)
        if value is not None and read is None:
            self._wrong(name, "invalidValue", "Write true or false.")
        return read

    def name(self) -> dict[str, str]:
        value = self.values.get("name")
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self._wrong("name", "invalidValue", "An object with givenName and familyName.")
            return {}
        parts = {str(key).lower(): part for key, part in value.items()}
        return {
            part: str(parts[part.lower()])[:LONGEST_NAME]
            for part in NAME_PARTS
            if parts.get(part.lower())
        }

    def emails(self) -> tuple[ScimEmail, ...]:
        rows = [row for row in self._rows("emails", most=MOST_EMAILS) if row.get("value")]
        values = [row["value"] for row in rows]
        if not all(isinstance(value, str) and len(value) <= LONGEST_EMAIL for value in values):
            detail = f"Each value is a text of at most {LONGEST_EMAIL} characters."
            self._wrong("emails", "invalidValue", detail)
            return ()
        return tuple(
            ScimEmail(
                value=str(row["value"]),
                type=str(row.get("type") or "")[:32],
                primary=as_boolean(row.get("primary", False)) or False,
            )
            for row in rows
        )

    def members(self) -> frozenset[str]:
        rows = self._rows("members", most=MOST_MEMBERS)
        return frozenset(_member(row) for row in rows) - {""}

    def _rows(self, name: str, *, most: int) -> list[Mapping[str, object]]:
        value = self.values.get(name)
        if value is None:
            return []
        rows = value if isinstance(value, list) else [value]
        if len(rows) > most or not all(isinstance(row, Mapping) for row in rows):
            self._wrong(name, "invalidValue", f"A list of at most {most} objects.")
            return []
        return [row for row in rows if isinstance(row, Mapping)]

    def _wrong(self, name: str, code: str, detail: str) -> None:
        self.errors.append(FieldError(pointer=f"/{name}", code=code, detail=detail))

    def finish(self) -> None:
        if self.errors:
            raise ScimResourceInvalid(errors=self.errors)
