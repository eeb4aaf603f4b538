"""Who calls the REST API: a bearer token, or a person's web session with CSRF.

Both end as a kernel Actor in `request.auth`; nothing below this module knows which it was.
"""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from governance.isolation import crossings
from governance.isolation.scopes import namespace_scope, system_scope
from governance.kernel.actors import Actor
from governance.tenancy.domain import tokens as token_texts
from governance.tenancy.models import Namespace, UserSession
from governance.tenancy.services import actors, tokens

KEYWORD = b"bearer"
TOKEN_PARTS = 2


@dataclass(frozen=True, slots=True)
class Caller:
    """What Django and DRF want to see as `request.user`. The Actor is the truth."""

    actor: Actor
    namespace: Namespace | None
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    @property
    def pk(self) -> str:
        """For throttles: one key for each token or person."""
        return str(self.actor.token_id or self.actor.user_id)


class TokenRefused(AuthenticationFailed):
    """One answer for unknown, expired and revoked: which of them is nobody's business."""

    default_detail = "This token is not valid here: it is unknown, expired or revoked."
    default_code = "token_refused"


class CSRFRefused(PermissionDenied):
    default_detail = "The CSRF token is missing or wrong. Send the page's token as X-CSRFToken."
    default_code = "csrf_failed"


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`."""

    def authenticate(self, request: Request) -> tuple[Caller, Actor] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != KEYWORD:
            return None
        if len(parts) != TOKEN_PARTS:
            raise TokenRefused
        network = getattr(request._request, "network", "")  # noqa: SLF001 - DRF's own way
        caller = caller_of_token(text=parts[1].decode("latin-1"), network=network)
        if caller is None:
            raise TokenRefused
        return caller, caller.actor

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's signature
        return 'Bearer realm="lakewarden"'


def caller_of_token(*, text: str, network: str) -> Caller | None:
    """Who a live token acts as. A SCIM token acts at `/scim/` alone, so not here."""
    if not token_texts.is_well_formed(text):
        return None
    found = crossings.token_of_digest(token_texts.digest(text))
    if found is None:
        return None
    token_id, namespace_id = found
    if namespace_id is None:
        scope = system_scope("an API token of the platform")
    else:
        scope = namespace_scope(namespace_id)
    with scope:
        token = tokens.live(token_id=token_id, now=timezone.now())
        if token is None or tokens.SCIM_SCOPE in token.scopes:
            return None
        return Caller(actors.for_token(token, network=network), token.namespace)


class _CSRFCheck(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> str:  # noqa: ARG002
        return reason


def _unreachable(request: HttpRequest) -> HttpResponse:
    raise NotImplementedError(request)


class SessionAuthentication(BaseAuthentication):
    """The portal's session, as the tenancy middleware found it. CSRF is checked here."""

    def authenticate(self, request: Request) -> tuple[Caller, Actor] | None:
        actor: Actor | None = getattr(request._request, "actor", None)  # noqa: SLF001 - DRF's own way
        if actor is None:
            return None
        check = _CSRFCheck(_unreachable)
        check.process_request(request._request)  # noqa: SLF001
        if check.process_view(request._request, _unreachable, (), {}):  # noqa: SLF001
            raise CSRFRefused
        session: UserSession = request._request.user_session  # type: ignore[attr-defined]  # noqa: SLF001
        return Caller(actor, session.namespace), actor
