"""The demo's identity provider and its claim rules: a role by group, as the walk-through has it."""

from datetime import datetime

from django.conf import settings

from federation import wiring
from federation.models import IdentityProvider
from federation.services import claim_rules, identity_providers
from governance.kernel.actors import Actor
from governance.project.demo_idp import existence, views
from governance.project.demo_idp.people import PEOPLE
from governance.tenancy.domain.presets import Preset
from governance.tenancy.models import Namespace

PROVIDER = "DemoIdP"
ROLES = (Preset.ADMIN, Preset.AUTHOR, Preset.READER)


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
    address = f"{settings.PUBLIC_URL}/login/?namespace={namespace.name}"
    return [f"Single sign-on as admin, author or reader: {address}"]


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


def _rules(
    provider: IdentityProvider, *, namespace: Namespace, actor: Actor, now: datetime
) -> None:
    account = f"arn:aws:iam::{namespace.account_id}"
    for role, person in zip(ROLES, PEOPLE, strict=True):
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
