"""Proving again, at the identity provider of one's session, who one is."""

from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from federation import wiring
from federation.domain.landing import HOME
from federation.models import IdentityProvider
from federation.services import sign_in_requests
from federation.services.sign_in_requests import Beginning, ProviderDisabled
from federation.views.access import browser_of, departed, fresh_id, refused, remember_browser
from governance.kernel.refusals import Refusal
from governance.portal.views.access import Visit, signed_in


@never_cache
@require_GET
@signed_in
def step_up(visit: Visit) -> HttpResponse:
    """Send the person to their provider, which must ask again; the answer names this session."""
    provider_id = visit.session.provider_id
    if provider_id is None:
        return redirect("portal:step_up")
    browser = browser_of(visit.request)
    beginning = Beginning(
        request_id=fresh_id(),
        browser=browser,
        target=visit.request.GET.get("next", HOME),
        session_id=visit.session.pk,
    )
    try:
        departure = sign_in_requests.begin(
            provider=_provider(provider_id),
            beginning=beginning,
            writer=wiring.saml_writer(),
            public_url=settings.PUBLIC_URL,
            now=visit.now,
        )
    except Refusal as refusal:
        return refused(visit.request, refusal, reference="")
    response = departed(visit.request, departure)
    remember_browser(response, browser)
    return response


def _provider(provider_id: UUID) -> IdentityProvider:
    rows = IdentityProvider.objects.select_related("namespace")
    provider = rows.filter(pk=provider_id).first()
    if provider is None:
        raise ProviderDisabled
    return provider
