"""The demo's identity provider, by both ways of the walk-through.

Claim rules here give a role by group. And the provider itself names two roles for one person, who
is asked which; these two trust it by name, as such roles must.
"""

from datetime import datetime

from django.conf import settings

from federation import wiring
from federation.models import IdentityProvider
from federation.services import claim_rules, identity_providers, role_trust
from governance.kernel.actors import Actor
from governance.project.demo_idp import existence, views
from governance.project.demo_idp.people import PEOPLE
from governance.tenancy.domain import presets
from governance.tenancy.domain.presets import Preset
from governance.tenancy.models import Namespace, Policy, Role
from governance.tenancy.services import roles

PROVIDER = "DemoIdP"
ROLES = (Preset.ADMIN, Preset.AUTHOR, Preset.READER)
NAMED_ROLES = {"Lake-Author-Role": Preset.AUTHOR, "Lake-Reader-Role": Preset.READER}


def make(*, namespace: Namespace, actor: Actor, now: datetime) -> list[str]:
    """The provider with its rules, or its metadata anew where the address has changed."""
    here = existence.exists(demo=settings.DEMO, bind=settings.BIND, public_url=settings.PUBLIC_URL)
    if not here:
        return []
    metadata = views.metadata_xml()
    provider = IdentityProvider.objects.filter(name=PROVIDER).first()
    if provider is None:
        provider = _provider(metadata, actor=actor, now=now)
        _rules(provider, namespace=namespace, actor=actor, now=now)
    elif provider.metadata_xml != metadata:
        identity_providers.change(
            provider=provider,
            values={"metadata_xml": metadata},
            ports=wiring.provider_ports(),
            actor=actor,
            now=now,
        )
    _named_roles(provider, actor=actor, now=now)
    address = f"{settings.PUBLIC_URL}/login/?namespace={namespace.name}"
    return [f"Single sign-on as one of four people: {address}"]


def _provider(metadata: str, *, actor: Actor, now: datetime) -> IdentityProvider:
    return identity_providers.create(
        values={
            "name": PROVIDER,
            "display_name": "the demo provider",
            "metadata_xml": metadata,
            "enabled": True,
        },
        ports=wiring.provider_ports(),
        actor=actor,
        now=now,
    )


def _named_roles(provider: IdentityProvider, *, actor: Actor, now: datetime) -> None:
    """The roles that the provider names. They trust it before anybody could be given them."""
    for name, preset in NAMED_ROLES.items():
        role = Role.objects.filter(name=name).first()
        if role is None:
            policy = Policy.objects.get(name=f"lakewarden-{preset.value}")
            description = f"{presets.DESCRIPTIONS[preset]} Named by the identity provider itself."
            role = roles.create(
                values={"name": name, "description": description, "policies": [policy]},
                actor=actor,
                now=now,
            )
        if not role.trust_policy:
            role_trust.entrust(
                provider=provider,
                roles=[role],
                public_url=settings.PUBLIC_URL,
                actor=actor,
                now=now,
            )


def _rules(
    provider: IdentityProvider, *, namespace: Namespace, actor: Actor, now: datetime
) -> None:
    account = f"arn:aws:iam::{namespace.account_id}"
    in_groups = [person for person in PEOPLE if person.group]
    for role, person in zip(ROLES, in_groups, strict=True):
        pair = f"{account}:role/{role.value},{account}:saml-provider/{PROVIDER}"
        claim_rules.create(
            values={
                "identity_provider": provider,
                "claim": "Role",
                "groups": [person.group],
                "value": pair,
            },
            actor=actor,
            now=now,
        )
    prefix = {"function": "ExtractMailPrefix", "parameters": {"input": "user.userprincipalname"}}
    claim_rules.create(
        values={
            "identity_provider": provider,
            "claim": "RoleSessionName",
            "source": "transformation",
            "transformations": [prefix],
        },
        actor=actor,
        now=now,
    )
