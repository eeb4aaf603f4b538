"""What the discovery endpoints say: schemas, resource types, the service's configuration."""

from collections.abc import Sequence

from federation.domain.scim_resources import GROUP, USER

CONFIGURATION = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
RESOURCE_TYPE = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema"
MOST_RESULTS = 200

Json = dict[str, object]


def attribute(  # noqa: PLR0913 - the characteristics of RFC 7643, section 7
    name: str,
    *,
    kind: str = "string",
    description: str,
    many: bool = False,
    required: bool = False,
    mutability: str = "readWrite",
    uniqueness: str = "none",
    parts: Sequence[Json] = (),
    values: Sequence[str] = (),
    references: Sequence[str] = (),
) -> Json:
    described: Json = {
        "name": name,
        "type": kind,
        "multiValued": many,
        "description": description,
        "required": required,
        "mutability": mutability,
        "returned": "default",
    }
    if kind in {"string", "reference"}:
        described |= {"caseExact": False, "uniqueness": uniqueness}
    if parts:
        described["subAttributes"] = list(parts)
    if values:
        described["canonicalValues"] = list(values)
    if references:
        described["referenceTypes"] = list(references)
    return described


USER_SCHEMA: Json = {
    "schemas": [SCHEMA],
    "id": USER,
    "name": "User",
    "description": "A person of the namespace.",
    "attributes": [
        attribute(
            "userName",
            description="Unique at this provider; the NameID of the person's sign-ins.",
            required=True,
            uniqueness="server",
        ),
        attribute(
            "name",
            kind="complex",
            description="The parts of the name.",
            parts=[
                attribute("formatted", description="The full name."),
                attribute("familyName", description="The family name."),
                attribute("givenName", description="The given name."),
            ],
        ),
        attribute("displayName", description="The name that is shown."),
        attribute("active", kind="boolean", description="Whether the person may come in."),
        attribute(
            "emails",
            kind="complex",
            description="Addresses; the primary one is written to.",
            many=True,
            parts=[
                attribute("value", description="The address."),
                attribute("type", description="What it is for.", values=["work", "home", "other"]),
                attribute("primary", kind="boolean", description="Whether it is the one to use."),
            ],
        ),
    ],
    "meta": {"resourceType": "Schema", "location": f"Schemas/{USER}"},
}
GROUP_SCHEMA: Json = {
    "schemas": [SCHEMA],
    "id": GROUP,
    "name": "Group",
    "description": "A group, to which an administrator may give a role.",
    "attributes": [
        attribute(
            "displayName",
            description="Unique at this provider.",
            required=True,
            uniqueness="server",
        ),
        attribute(
            "members",
            kind="complex",
            description="The people in the group.",
            many=True,
            parts=[
                attribute("value", description="The id of a user.", mutability="immutable"),
                attribute(
                    "$ref",
                    kind="reference",
                    description="The address of the user.",
                    mutability="immutable",
                    references=["User"],
                ),
            ],
        ),
    ],
    "meta": {"resourceType": "Schema", "location": f"Schemas/{GROUP}"},
}
SCHEMAS = (USER_SCHEMA, GROUP_SCHEMA)


def _resource_type(name: str, schema: str, description: str) -> Json:
    return {
        "schemas": [RESOURCE_TYPE],
        "id": name,
        "name": name,
        "endpoint": f"/{name}s",
        "description": description,
        "schema": schema,
        "meta": {"resourceType": "ResourceType", "location": f"ResourceTypes/{name}"},
    }


RESOURCE_TYPES = (
    _resource_type("User", USER, "People of the namespace."),
    _resource_type("Group", GROUP, "Groups of people."),
)
SERVICE_PROVIDER_CONFIG: Json = {
    "schemas": [CONFIGURATION],
    "patch": {"supported": True},
    "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
    "filter": {"supported": True, "maxResults": MOST_RESULTS},
    "changePassword": {"supported": False},
    "sort": {"supported": False},
    "etag": {"supported": False},
    "authenticationSchemes": [
        {
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "A token of scope scim, made for one identity provider.",
            "primary": True,
        }
    ],
    "meta": {"resourceType": "ServiceProviderConfig", "location": "ServiceProviderConfig"},
}
