"""Letting a provider name roles itself: by name, in each role's trust policy."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from federation.domain import trust
from federation.models import IdentityProvider
from federation.selectors import identity_providers
from governance.kernel.actors import Actor
from governance.tenancy.models import Role
from governance.tenancy.services import roles as tenancy_roles


def entrust(
    *,
    provider: IdentityProvider,
    roles: Sequence[Role],
    public_url: str,
    actor: Actor,
    now: datetime,
) -> None:
    """From now on these roles trust this provider by name, and none that they do not name."""
    own = identity_providers.service_provider(provider, public_url=public_url)
    with transaction.atomic():
        for role in roles:
            policy = trust.entrusted(
                trust_policy=role.trust_policy,
                provider_arn=identity_providers.arn(provider),
                acs_url=own.acs_url,
            )
            tenancy_roles.change(role=role, values={"trust_policy": policy}, actor=actor, now=now)
