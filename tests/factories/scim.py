"""Microsoft Entra's provisioning service, in the shapes that it sends.

Those of Microsoft's page "Tutorial: Develop and plan provisioning for a SCIM endpoint". Django's
test client sends no User-Agent, and Entra may not either.
"""

import json
from typing import Any

from django.test import Client
from django.utils import timezone

from federation.models import IdentityProvider
from governance.isolation.scopes import namespace_scope
from governance.tenancy.services import actors, tokens

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ADSCIM = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
OID = "58342554-38d6-4ec8-948c-50044d0a33fd"


class Entra:
    """The provisioning service of Entra, with one provider's token."""

    def __init__(self, token: str) -> None:
        self.token = token

    def send(self, method: str, path: str, body: object = None) -> Any:
        return self.send_raw(method, path, b"" if body is None else json.dumps(body).encode())

    def send_raw(self, method: str, path: str, body: bytes) -> Any:
        return Client().generic(
            method,
            f"/scim/v2/acme/{path}",
            data=body,
            content_type="application/scim+json; charset=utf-8",
            headers={"authorization": f"Bearer {self.token}"},
        )

    def read(self, path: str, *, status: int = 200) -> dict[str, Any]:
        return answer(self.send("GET", path), status=status)

    def patch(self, path: str, *operations: object) -> Any:
        return self.send("PATCH", path, {"schemas": [PATCH_OP], "Operations": list(operations)})

    def user(self, user_name: str = "joe@acme.example", **changes: Any) -> str:
        """Make a user as Entra does, and return the id."""
        body: dict[str, Any] = {
            "schemas": [USER, ENTERPRISE],
            "externalId": OID,
            "userName": user_name,
            "active": True,
            "emails": [{"primary": True, "type": "work", "value": user_name}],
            "meta": {"resourceType": "User"},
            "name": {"formatted": "Joe Doe", "familyName": "Doe", "givenName": "Joe"},
            "roles": [],
            ENTERPRISE: {"department": "Sales", "employeeNumber": "701984"},
        }
        return str(answer(self.send("POST", "Users", body | changes), status=201)["id"])

    def group(self, name: str = "Readers") -> str:
        body = {
            "schemas": [GROUP, ADSCIM],
            "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159",
            "displayName": name,
            "meta": {"resourceType": "Group"},
        }
        return str(answer(self.send("POST", "Groups", body), status=201)["id"])

    def members(self, group: str) -> list[str]:
        return [row["value"] for row in self.read(f"Groups/{group}").get("members", [])]


def answer(response: Any, *, status: int = 200) -> dict[str, Any]:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/scim+json"
    body: dict[str, Any] = json.loads(response.content)
    return body


def an_entra(provider: IdentityProvider) -> Entra:
    """With a fresh token of the provider."""
    with namespace_scope(provider.namespace_id):
        _, text = tokens.create(
            name="entra",
            scopes=["scim"],
            provider_id=provider.pk,
            actor=actors.system(),
            now=timezone.now(),
        )
    return Entra(text)
