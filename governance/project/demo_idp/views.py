"""The demo identity provider's two addresses: its metadata, and the page to choose a person."""

import secrets
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from governance.project.demo_idp import documents, key_pair
from governance.project.demo_idp.documents import RequestUnreadableError
from governance.project.demo_idp.people import PEOPLE


@require_GET
def metadata(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    text = metadata_xml()
    return HttpResponse(text, content_type="application/samlmetadata+xml")


@never_cache
@require_GET
def sign_in(request: HttpRequest) -> HttpResponse:
    """Three people, each a form that posts a signed response to the service provider.

    The responses are made before anybody chooses: each answers the same request, and only the
    first that is posted counts.
    """
    now = timezone.now()
    try:
        asked = documents.sign_in_request(
            request.GET.get("SAMLRequest", ""), public_url=settings.PUBLIC_URL
        )
    except RequestUnreadableError:
        status = HTTPStatus.BAD_REQUEST
        return render(request, "project/demo_idp/nothing_asked.html", status=status)
    keys = key_pair.kept(folder=settings.EMBEDDED.secrets, now=now)
    choices = [
        {
            "person": person,
            "saml_response": documents.response(
                request=asked, person=person, key_pair=keys, ids=_fresh_ids(), now=now
            ),
        }
        for person in PEOPLE
    ]
    context = {
        "acs_url": asked.acs_url,
        "choices": choices,
        "relay_state": request.GET.get("RelayState", ""),
    }
    return render(request, "project/demo_idp/choose_person.html", context)


def metadata_xml() -> str:
    """The metadata as it is served, for who configures a provider without asking for it."""
    keys = key_pair.kept(folder=settings.EMBEDDED.secrets, now=timezone.now())
    return documents.metadata(sso_url=f"{settings.PUBLIC_URL}/demo-idp/sign-in/", key_pair=keys)


def _fresh_ids() -> tuple[str, str, str]:
    first, second, third = (f"_{secrets.token_hex(16)}" for _ in range(3))
    return first, second, third
