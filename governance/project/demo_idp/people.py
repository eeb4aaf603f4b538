"""The people that the demo knows: three in the group of one role each, and one with two roles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
MICROSOFT = "http://schemas.microsoft.com/identity/claims"
ROLE = "https://aws.amazon.com/SAML/Attributes/Role"
GROUPS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPerson:
    key: str
    given_name: str
    surname: str
    does: str
    group: str = ""
    roles: tuple[str, ...] = ()

    @property
    def email(self) -> str:
        return f"{self.key}@customer.example"

    @property
    def display_name(self) -> str:
        return f"{self.given_name} {self.surname}"

    def attributes(self, *, account_id: str, provider: str) -> Mapping[str, Sequence[str]]:
        """As Entra names them. Roles that the provider names itself are pairs of ARNs, as AWS's."""
        account = f"arn:aws:iam::{account_id}"
        pairs = [f"{account}:role/{role},{account}:saml-provider/{provider}" for role in self.roles]
        said: dict[str, Sequence[str]] = {
            f"{CLAIMS}/name": [self.email],
            f"{CLAIMS}/emailaddress": [self.email],
            f"{CLAIMS}/givenname": [self.given_name],
            f"{CLAIMS}/surname": [self.surname],
            f"{MICROSOFT}/displayname": [self.display_name],
            f"{MICROSOFT}/usertype": ["Member"],
            GROUPS: [self.group] if self.group else [],
            ROLE: pairs,
        }
        return {name: values for name, values in said.items() if values}


PEOPLE = (
    DemoPerson(
        key="ida",
        given_name="Ida",
        surname="Admin",
        group="Lake-Admin",
        does="configures the namespace",
    ),
    DemoPerson(
        key="arno",
        given_name="Arno",
        surname="Author",
        group="Lake-Author",
        does="writes queries and dashboards",
    ),
    DemoPerson(
        key="uma",
        given_name="Uma",
        surname="Reader",
        group="Lake-Reader",
        does="opens dashboards",
    ),
    DemoPerson(
        key="rosa",
        given_name="Rosa",
        surname="Both",
        roles=("Lake-Author-Role", "Lake-Reader-Role"),
        does="has two roles and is asked which one",
    ),
)
