"""Builders of identity providers and claim rules. Each works in the scope that is open."""

from collections.abc import Sequence

from django.conf import settings
from django.utils import timezone

from federation import wiring
from federation.models import ClaimRule, IdentityProvider
from federation.services import claim_rules, identity_providers, role_trust
from governance.tenancy.models import Role
from governance.tenancy.services import actors
from tests.fakes.idp_metadata import metadata_xml

__all__ = [
    "UPN",
    "a_role_rule",
    "a_session_name_rule",
    "an_identity_provider",
    "metadata_xml",
    "the_walk_through",
]
UPN = "user.userprincipalname"


def an_identity_provider(
    name: str = "AzureActiveDirectory",
    *,
    metadata: str | None = None,
    enabled: bool = True,
    allow_idp_initiated: bool = False,
    want_messages_signed: bool = False,
    sign_requests: bool = False,
) -> IdentityProvider:
    """A provider of the open scope, by default the one that `tests.fakes.idp` signs as."""
    created = identity_providers.create(
        values={
            "name": name,
            "metadata_xml": metadata_xml() if metadata is None else metadata,
            "enabled": enabled,
            "allow_idp_initiated": allow_idp_initiated,
            "want_messages_signed": want_messages_signed,
            "sign_requests": sign_requests,
        },
        ports=wiring.provider_ports(),
        actor=actors.system(),
        now=timezone.now(),
    )
    return IdentityProvider.objects.select_related("namespace").get(pk=created.pk)


def a_role_rule(provider: IdentityProvider, *, role: str, groups: Sequence[str] = ()) -> ClaimRule:
    """`Role`, from a group, as the pair of ARNs that AWS wants."""
    account = provider.namespace.account_id
    value = (
        f"arn:aws:iam::{account}:role/{role},arn:aws:iam::{account}:saml-provider/{provider.name}"
    )
    return claim_rules.create(
        values={
            "identity_provider": provider,
            "claim": "Role",
            "groups": list(groups),
            "value": value,
        },
        actor=actors.system(),
        now=timezone.now(),
    )


def a_session_name_rule(provider: IdentityProvider) -> ClaimRule:
    return claim_rules.create(
        values={
            "identity_provider": provider,
            "claim": "RoleSessionName",
            "source": "transformation",
            "transformations": [{"function": "ExtractMailPrefix", "parameters": {"input": UPN}}],
        },
        actor=actors.system(),
        now=timezone.now(),
    )


def the_walk_through(provider: IdentityProvider) -> None:
    """The source's walk-through: admin, author, reader by group, and roles that trust it."""
    for role in ("admin", "author", "reader"):
        a_role_rule(provider, role=role, groups=[f"QuickSight-{role.title()}"])
    a_session_name_rule(provider)
    role_trust.entrust(
        provider=provider,
        roles=list(Role.objects.filter(name__in=("admin", "author", "reader"))),
        public_url=settings.PUBLIC_URL,
        actor=actors.system(),
        now=timezone.now(),
    )
