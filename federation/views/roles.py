"""Choosing a role after a sign-in that proved several, before there is a session."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from federation.models import IdentityProvider, RoleChoice
from federation.services import role_choices
from federation.services.role_choices import CHOICE_LIFE, ChoiceNotOffered
from federation.views.access import provider_scope, refused
from governance.kernel.refusals import Refusal
from governance.tenancy.middleware import network_of

CHOICE_COOKIE = "lakewarden_choice"


@never_cache
@require_http_methods(["GET", "POST"])
def choose_role(request: HttpRequest, namespace: str, provider: str) -> HttpResponse:
    """The roles that the sign-in proved; POST opens the session in one of them."""
    try:
        with provider_scope(namespace=namespace, name=provider) as row:
            return _chosen(request, row) if request.method == "POST" else _asking(request, row)
    except Refusal as refusal:
        return refused(request, refusal, reference="")


def remember_choice(response: HttpResponse, secret: str) -> None:
    """What binds the waiting sign-in to this browser. The page that asks is on this site: Lax."""
    response.set_cookie(
        CHOICE_COOKIE,
        secret,
        max_age=CHOICE_LIFE,
        path="/saml/",
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def _asking(request: HttpRequest, provider: IdentityProvider) -> HttpResponse:
    choice = _waiting(request, provider)
    context = {
        "session_name": choice.session_name,
        "namespace": provider.namespace.name,
        "provider": provider.label,
        "roles": list(role_choices.offered(choice)),
        "last": role_choices.last_of(choice.user),
    }
    return render(request, "federation/choose_role.html", context)


def _chosen(request: HttpRequest, provider: IdentityProvider) -> HttpResponse:
    path = role_choices.choose(
        request=request,
        choice=_waiting(request, provider),
        role_id=_uuid(request.POST.get("role", "")),
        network=network_of(request.META.get("REMOTE_ADDR", "")),
        now=timezone.now(),
    )
    response = HttpResponseRedirect(path)
    response.delete_cookie(CHOICE_COOKIE, path="/saml/")
    return response


def _waiting(request: HttpRequest, provider: IdentityProvider) -> RoleChoice:
    secret = request.COOKIES.get(CHOICE_COOKIE, "")
    return role_choices.waiting(provider=provider, secret=secret, now=timezone.now())


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise ChoiceNotOffered from error
