"""Our own metadata, for an identity provider to import."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from federation import wiring
from federation.selectors import identity_providers
from federation.services import service_provider_keys
from federation.views.access import provider_scope


@require_GET
def metadata(request: HttpRequest, namespace: str, provider: str) -> HttpResponse:  # noqa: ARG001
    """Our metadata towards this provider; there before the provider's own is."""
    with provider_scope(namespace=namespace, name=provider) as row:
        text = wiring.saml_writer().service_provider_metadata(
            service_provider=identity_providers.service_provider(
                row, public_url=settings.PUBLIC_URL
            ),
            certificates=service_provider_keys.certificates(row),
        )
    return HttpResponse(text, content_type="application/samlmetadata+xml")
