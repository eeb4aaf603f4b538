"""The gate of every namespaced endpoint: signed in, permitted by policy."""

from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from governance.kernel.actors import Actor

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def actor_of(request: Request) -> Actor:
    """Who calls. Behind HasActor there always is one."""
    actor = request.auth
    if not isinstance(actor, Actor):
        raise NotAuthenticated
    return actor


class HasActor(BasePermission):
    """Signed in by token or session. What they may do is asked inside the namespace's scope."""

    def has_permission(self, request: Request, view: object) -> bool:  # noqa: ARG002 - DRF's signature
        return isinstance(request.auth, Actor)
