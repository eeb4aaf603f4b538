"""SCIM tokens of an identity provider: made on its page, rotated, shown once."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from federation.models import IdentityProvider
from governance.kernel.actors import Actor
from governance.tenancy.models import ApiToken
from governance.tenancy.services import tokens


def make(
    *, provider: IdentityProvider, days: int, replace: bool, actor: Actor, now: datetime
) -> str:
    """The text of a new token, which is never seen again.

    `replace` ends the tokens before it at once; else both work, until the client has the new one.
    """
    with transaction.atomic():
        before = list(live(provider, now=now))
        _, text = tokens.create(
            name=f"SCIM of {provider.name}"[:100],
            scopes=[tokens.SCIM_SCOPE],
            days=days,
            provider_id=provider.pk,
            actor=actor,
            now=now,
        )
        for token in before if replace else ():
            tokens.revoke(token=token, actor=actor, now=now)
    return text


def end_all(*, provider: IdentityProvider, actor: Actor, now: datetime) -> int:
    """Nobody is provisioned through the provider any more; returns how many tokens ended."""
    with transaction.atomic():
        found = list(live(provider, now=now))
        for token in found:
            tokens.revoke(token=token, actor=actor, now=now)
    return len(found)


def live(provider: IdentityProvider, *, now: datetime) -> QuerySet[ApiToken]:
    rows = ApiToken.objects.filter(provider_id=provider.pk, revoked_at__isnull=True)
    return rows.filter(expires_at__gt=now).order_by("expires_at")
