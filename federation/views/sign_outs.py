"""Single logout: what identity providers send here, and what we send them."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from federation.domain.saml import ResponseRefused
from federation.views.access import provider_scope, refused


class LogoutNotOffered(ResponseRefused):
    code = "saml_logout_not_offered"
    sentence = "Single logout is not offered here. Sign out in the portal."
    check = "logout"


@never_cache
@csrf_exempt
@require_http_methods(["GET", "POST"])
def sls(request: HttpRequest, namespace: str, provider: str) -> HttpResponse:
    """Single logout: refused until signatures on it are verified here."""
    with provider_scope(namespace=namespace, name=provider):
        return refused(request, LogoutNotOffered(), reference="")
