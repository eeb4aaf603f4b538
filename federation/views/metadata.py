"""Our own metadata, for an identity provider to import."""

from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from federation import wiring
from federation.selectors import identity_providers, own_keys
from federation.views.access import provider_scope, refused
from federation.views.rates import within_budget
from governance.kernel.refusals import Conflict

MEDIA_TYPE = "application/samlmetadata+xml"


class NoKeyToSignWith(Conflict):
    code = "saml_metadata_no_own_key"
    sentence = (
        "There is no key of ours to sign the metadata with. An administrator can make one on the "
        "provider's page."
    )


@require_GET
@within_budget("metadata")
def metadata(request: HttpRequest, namespace: str, provider: str) -> HttpResponse:
    """Our metadata towards this provider; there before the provider's own is.

    `?signed=1` asks for a signature by our key, which a provider's setting makes the rule.
    """
    with provider_scope(namespace=namespace, name=provider) as row:
        signed_by = None
        if row.sign_metadata or request.GET.get("signed") == "1":
            signed_by = own_keys.current(row, now=timezone.now())
            if signed_by is None:
                return refused(request, NoKeyToSignWith(), reference="", status=HTTPStatus.CONFLICT)
        own = identity_providers.service_provider(row, public_url=settings.PUBLIC_URL)
        text = wiring.saml_writer().own_metadata(
            description=own_keys.description(row, own=own),
            signed_by=signed_by,
        )
    return HttpResponse(text, content_type=MEDIA_TYPE)
