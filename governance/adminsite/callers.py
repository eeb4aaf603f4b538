"""Who stands before the admin, and what they may."""

from django.http import HttpRequest

from governance.kernel.actions import Action
from governance.kernel.actors import Actor
from governance.kernel.permissions import allows


def actor_of(request: HttpRequest) -> Actor | None:
    """Who acts, as the tenancy middleware found them."""
    return getattr(request, "actor", None)


def may(request: HttpRequest, action: Action) -> bool:
    actor = actor_of(request)
    return actor is not None and allows(actor=actor, action=action)
