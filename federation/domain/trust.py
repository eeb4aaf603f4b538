"""Whether a role lets itself be assumed through an identity provider (IAM trust policies).

A trust policy names who may assume the role as `Principal: {"Federated": provider-arn}`. An
empty one leaves it to the claim rules, which the namespace's own administrators write: any
provider's rules may give the role. A provider that names roles itself (the Role claim of AWS) may
name those alone that trust it by name, or a second, lesser provider could name an administrator.
"""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha1

from federation.domain.saml import ResponseRefused
from governance.kernel.policies import MalformedPolicy, Policy, decide
from governance.kernel.policies.documents import VERSION

ASSUME = "sts:AssumeRoleWithSAML"


class RoleNotTrusting(ResponseRefused):
    code = "saml_role_does_not_trust_provider"
    sentence = (
        "The trust policy of the role {role} does not let it be assumed through this identity "
        "provider."
    )
    check = "role trust"


class RoleNotEntrusted(ResponseRefused):
    code = "saml_role_not_entrusted"
    sentence = (
        "The identity provider itself named the role {role}, whose trust policy names no provider."
    )
    check = "role trust"


def entrusted(
    *, trust_policy: Mapping[str, object], provider_arn: str, acs_url: str
) -> dict[str, object]:
    """The trust policy with a statement that lets this provider assume the role."""
    written = trust_policy.get("Statement", [])
    statements = list(written) if isinstance(written, list) else [written]
    if any(provider_arn in _federated(one) for one in statements if isinstance(one, Mapping)):
        return dict(trust_policy)
    ours = {
        "Effect": "Allow",
        "Principal": {"Federated": provider_arn},
        "Action": ASSUME,
        "Condition": {"StringEquals": {"saml:aud": acs_url}},
    }
    return {"Version": VERSION, **trust_policy, "Statement": [*statements, ours]}


def trusts(
    *, trust_policy: Mapping[str, object], provider_arn: str, context: Mapping[str, object]
) -> bool:
    """`context` holds the SAML keys that conditions may ask (`saml:aud`, `saml:iss` …)."""
    if not trust_policy:
        return True
    written = trust_policy.get("Statement", [])
    statements = written if isinstance(written, list) else [written]
    ours = [
        {key: value for key, value in statement.items() if key != "Principal"} | {"Resource": "*"}
        for statement in statements
        if isinstance(statement, Mapping) and provider_arn in _federated(statement)
    ]
    document = {"Version": trust_policy.get("Version"), "Statement": ours}
    try:
        policy = Policy.parse(name="trust", document=document)
    except MalformedPolicy:
        # A trust policy that cannot be read, or does not name us, trusts nobody.
        return False
    return decide(policies=[policy], action=ASSUME, resource="*", context=context).allowed


def _federated(statement: Mapping[str, object]) -> Iterable[object]:
    principal = statement.get("Principal")
    named = principal.get("Federated") if isinstance(principal, Mapping) else None
    return named if isinstance(named, list) else [named]


def context(
    *,
    acs_url: str,
    issuer: str,
    name_id: str,
    name_id_format: str,
    account_id: str,
    provider_name: str,
) -> dict[str, object]:
    """The keys that AWS defines. `saml:aud` is the recipient of the assertion, not its audience."""
    qualified = f"{issuer}{account_id}/{provider_name}".encode()
    return {
        "saml:aud": acs_url,
        "saml:iss": issuer,
        "saml:sub": name_id,
        "saml:sub_type": name_id_format.rsplit(":", 1)[-1],
        "saml:doc": f"{account_id}/{provider_name}",
        # SHA-1 is how AWS defines this name; nothing is protected by it.
        "saml:namequalifier": b64encode(sha1(qualified, usedforsecurity=False).digest()).decode(),
    }
