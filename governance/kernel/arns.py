"""Amazon Resource Names of roles, SAML providers and our own resources.

Shapes: `arn:aws:iam::{account}:role/{name}`, `arn:aws:iam::{account}:saml-provider/{name}`
(IAM identifiers, AWS documentation) and, for what policies name,
`arn:aws:lakewarden::{account}:{kind}/{id}`.
"""

import re

ROLE = re.compile(r"arn:aws:iam::(?P<account>\d{12}):role/(?P<name>[\w+=,.@-]{1,64})", re.ASCII)
SAML_PROVIDER = re.compile(
    r"arn:aws:iam::(?P<account>\d{12}):saml-provider/(?P<name>[\w._-]{1,128})", re.ASCII
)


def role_arn(*, account_id: str, name: str) -> str:
    return f"arn:aws:iam::{account_id}:role/{name}"


def saml_provider_arn(*, account_id: str, name: str) -> str:
    return f"arn:aws:iam::{account_id}:saml-provider/{name}"


def resource_arn(*, account_id: str, kind: str, name: str) -> str:
    """What a policy's Resource matches, for example `arn:aws:lakewarden::…:dashboard/sales`."""
    return f"arn:aws:lakewarden::{account_id}:{kind}/{name}"
