"""The three people that the demo knows, each in the group of one role."""

from dataclasses import dataclass

CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
MICROSOFT = "http://schemas.microsoft.com/identity/claims"
GROUPS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPerson:
    key: str
    given_name: str
    surname: str
    group: str
    does: str

    @property
    def email(self) -> str:
        return f"{self.key}@customer.example"

    @property
    def display_name(self) -> str:
        return f"{self.given_name} {self.surname}"

    @property
    def attributes(self) -> dict[str, str]:
        """As Entra names them."""
        return {
            f"{CLAIMS}/name": self.email,
            f"{CLAIMS}/emailaddress": self.email,
            f"{CLAIMS}/givenname": self.given_name,
            f"{CLAIMS}/surname": self.surname,
            f"{MICROSOFT}/displayname": self.display_name,
            f"{MICROSOFT}/usertype": "Member",
            GROUPS: self.group,
        }


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
)
