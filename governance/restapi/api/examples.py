"""Examples of tenancy, and of problems, by the component of the schema that they show."""

from typing import Any

EXAMPLES: dict[str, Any] = {
    "Problem": {
        "type": "urn:lakewarden:problem:policy_invalid",
        "title": "Bad Request",
        "status": 400,
        "detail": "The policy is not valid. /document/Statement/0/Effect: Write Allow or Deny.",
        "code": "policy_invalid",
        "errors": [
            {
                "pointer": "/document/Statement/0/Effect",
                "code": "invalid",
                "detail": "Write Allow or Deny.",
            }
        ],
    },
    "NamespaceInRequest": {
        "name": "customer-b",
        "display_name": "Customer B",
        "account_id": "253914981264",
    },
    "UserInRequest": {
        "username": "ivan",
        "email": "ivan@customer.example",
        "display_name": "Ivan",
        "roles": ["admin"],
    },
    "PatchedNamespaceChangeInRequest": {"display_name": "Customer B Ltd", "status": "CREATED"},
    "PatchedUserChangeInRequest": {"active": False},
    "RoleInRequest": {
        "name": "analyst",
        "description": "Reads the sales tables.",
        "max_session_seconds": 3600,
        "policies": ["lakewarden-reader"],
        "storage_prefixes": ["sales/"],
    },
    "RoleSimulateInRequest": {"action": "lakewarden:RunQuery", "resource": "*", "context": {}},
    "RoleSimulateOut": {
        "decision": "allow",
        "matched": "lakewarden-author/QueryAndShare",
        "reason": "explicit_allow",
    },
    "PolicyInRequest": {
        "name": "read-usage",
        "document": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "Usage",
                    "Effect": "Allow",
                    "Action": "lakewarden:ReadUsage",
                    "Resource": "*",
                }
            ],
        },
    },
    "TokenInRequest": {"name": "nightly-import", "scopes": ["usage:write"], "days": 90},
    "MeOut": {
        "namespace": "customer-b",
        "username": "author/uma@customer.example",
        "role": "author",
        "roles": ["author"],
        "expires_at": "2026-03-18T11:30:00.000000Z",
        "tags": {"department": "sales"},
    },
}
