"""Examples of providers, claim rules and directories, by the schema's component."""

from typing import Any

SOME_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
GROUPS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"

EXAMPLES: dict[str, Any] = {
    "IdentityProviderInRequest": {
        "name": "AzureActiveDirectory",
        "display_name": "Customer B",
        "groups_attribute": GROUPS,
        "want_messages_signed": False,
        "allow_idp_initiated": False,
        "sign_requests": False,
        "max_validity_seconds": 4500,
        "clock_skew_seconds": 60,
        "enabled": False,
    },
    "PatchedIdentityProviderInRequest": {"display_name": "Customer B"},
    "PreviewInRequest": {
        "metadata_xml": "<EntityDescriptor …>",
        "entity_id": "https://sts.windows.net/7b1c7cf4-3f5e-4f0f-9d7c-1a8a9b3f9f11/",
    },
    "EnforceInRequest": {"break_glass_user": SOME_ID},
    "NameRolesInRequest": {"roles": [SOME_ID]},
    "RollKeyInRequest": {"switch_at": "2030-03-25T10:30:00Z"},
    "SimulateInRequest": {
        "attributes": {GROUPS: ["analysts"], "mail": ["uma@customer.example"]},
        "name_id": "uma@customer.example",
    },
    "ClaimRuleInRequest": {
        "identity_provider": SOME_ID,
        "claim": "RoleSessionName",
        "position": 10,
        "user_type": "any",
        "groups": ["analysts"],
        "source": "transformation",
        "value": "",
        "transformations": [
            {
                "function": "ExtractMailPrefix",
                "parameters": {"input": "user.mail"},
                "multivalued": False,
            }
        ],
    },
    "PatchedClaimRuleInRequest": {"groups": ["analysts", "engineers"], "position": 20},
    "DirectoryInRequest": {
        "name": "corp",
        "urls": ["ldaps://ldap.customer.example"],
        "tls": "ldaps",
        "bind_dn": "cn=lakewarden,ou=services,dc=customer,dc=example",
        "bind_password": "…",
        "base_dn": "dc=customer,dc=example",
        "username_attribute": "uid",
        "group_class_key": "groupOfNames",
        "group_membership_key": "member",
        "nested_groups": False,
        "allowed_groups": ["analysts"],
        "timeout_seconds": 10,
        "enabled": True,
    },
    "PatchedDirectoryInRequest": {"urls": ["ldaps://ldap2.customer.example"]},
    "DirectoryTestInRequest": {"username": "uma", "password": "…"},
    "DirectoryMappingInRequest": {
        "directory": "corp",
        "kind": "group",
        "identifiers": ["analysts"],
        "role": "reader",
        "position": 10,
    },
}
