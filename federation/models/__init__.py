"""Tables of federation: SAML identity providers and their rules, directories and mappings."""

from federation.models.identity_providers import (
    ClaimRule,
    IdentityProvider,
    ProviderCertificate,
    ServiceProviderKey,
)
from federation.models.sign_ins import ConsumedAssertion, SignInAttempt, SignInRequest

__all__ = [
    "ClaimRule",
    "ConsumedAssertion",
    "IdentityProvider",
    "ProviderCertificate",
    "ServiceProviderKey",
    "SignInAttempt",
    "SignInRequest",
]
