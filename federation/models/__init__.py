"""Tables of federation: SAML identity providers and their rules, directories and mappings."""

from federation.models.directories import Directory, DirectoryMapping
from federation.models.enforcement import OneTimePassword, SingleSignOnEnforcement
from federation.models.identity_providers import (
    ClaimRule,
    IdentityProvider,
    ProviderCertificate,
    ServiceProviderKey,
)
from federation.models.provisioning import ScimGroup, ScimMembership, ScimUser
from federation.models.sign_ins import (
    ConsumedAssertion,
    RoleChoice,
    SignInAttempt,
    SignInRequest,
)
from federation.models.sign_outs import SignOutRequest

__all__ = [
    "ClaimRule",
    "ConsumedAssertion",
    "Directory",
    "DirectoryMapping",
    "IdentityProvider",
    "OneTimePassword",
    "ProviderCertificate",
    "RoleChoice",
    "ScimGroup",
    "ScimMembership",
    "ScimUser",
    "ServiceProviderKey",
    "SignInAttempt",
    "SignInRequest",
    "SignOutRequest",
    "SingleSignOnEnforcement",
]
