"""Recording what was done, in the transaction that does it."""

from collections.abc import Mapping
from datetime import datetime

from django.db import models

from governance.audit.models import AuditEvent
from governance.kernel.actors import Actor, ActorKind

# In the place of a role, which no role can be called: nobody in a namespace may read who it is.
PLATFORM_ADMINISTRATOR = "platform administrator"


def record(
    *,
    actor: Actor,
    action: str,
    now: datetime,
    target: models.Model | None = None,
    detail: Mapping[str, object] | None = None,
) -> AuditEvent:
    """Append an event to the open scope's trail. `detail` holds ids and fingerprints only."""
    return AuditEvent.objects.create(
        at=now,
        actor_kind=actor.kind.value,
        actor_id=actor.user_id or actor.token_id,
        actor_role=_role(actor),
        network=actor.network,
        action=action,
        target_kind="" if target is None else target._meta.label_lower,  # noqa: SLF001 - Django's name
        target_id=None if target is None else target.pk,
        detail=dict(detail or {}),
    )


def _role(actor: Actor) -> str:
    if actor.is_platform and actor.kind is not ActorKind.SYSTEM:
        return PLATFORM_ADMINISTRATOR
    return actor.role_name
