"""From a browser's session to an Actor and an open namespace scope, for the whole request."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_address, ip_network
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from governance.isolation.scopes import namespace_scope, system_scope
from governance.kernel.actors import Actor
from governance.tenancy.models import UserSession
from governance.tenancy.services import actors, sessions

GetResponse = Callable[[HttpRequest], HttpResponse]


class SignedInRequest(HttpRequest):
    """A request behind ActorMiddleware. `actor` and `user_session` are None for strangers."""

    actor: Actor | None
    user_session: UserSession | None
    network: str
    started_at: datetime


class ActorMiddleware:
    """Opens the scope of the session's namespace and says who acts.

    The scope is a transaction: what a failed request (5xx) wrote is rolled back.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: SignedInRequest) -> HttpResponse:
        request.actor = None
        request.user_session = None
        request.network = network_of(request.META.get("REMOTE_ADDR", ""))
        request.started_at = timezone.now()
        binding = request.session.get(sessions.BINDING)
        if binding is None:
            return self.get_response(request)
        with _scope(binding["namespace"]):
            session = sessions.live(session_id=UUID(binding["id"]), now=request.started_at)
            if session is not None:
                request.user_session = session
                request.actor = actors.for_session(session, network=request.network)
                response = self.get_response(request)
                if response.status_code >= 500:  # noqa: PLR2004 - the class of server errors
                    transaction.set_rollback(True)
                return response
        # Ended elsewhere, expired, or the person was deactivated: a stranger from here on.
        request.session.flush()
        return self.get_response(request)


@lru_cache(maxsize=1024)
def network_of(address: str) -> str:
    """The address's network: /24 of IPv4, /48 of IPv6. Whole addresses are not kept."""
    try:
        ip = ip_address(address)
    except ValueError:
        return ""
    return str(ip_network(f"{ip}/{24 if ip.version == 4 else 48}", strict=False))  # noqa: PLR2004


def _scope(namespace: str) -> AbstractContextManager[None]:
    if namespace:
        return namespace_scope(UUID(namespace))
    return system_scope("session of a platform administrator")
