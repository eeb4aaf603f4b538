"""The demo identity provider's two addresses: its metadata, and the page to choose a person."""

import secrets
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from governance.isolation import crossings
from governance.isolation.scopes import namespace_scope
from governance.project.demo_idp import documents, key_pair
from governance.project.demo_idp.documents import RequestUnreadableError
from governance.project.demo_idp.people import PEOPLE
from governance.tenancy.models import Namespace


@require_GET
def metadata(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    text = metadata_xml()
    return HttpResponse(text, content_type="application/samlmetadata+xml")


@never_cache
@require_GET
def sign_in(request: HttpRequest) -> HttpResponse:
    """A few people, each a form that posts a signed response to the service provider.

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
    account_id = _account_of(asked.namespace)
    choices = [
        {
            "person": person,
            "saml_response": documents.response(
                request=asked,
                person=person,
                key_pair=keys,
                account_id=account_id,
                ids=_fresh_ids(),
                now=now,
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


def _account_of(namespace: str) -> str:
    namespace_id = crossings.namespace_named(namespace)
    if namespace_id is None:
        return ""
    with namespace_scope(namespace_id):
        return Namespace.objects.get(pk=namespace_id).account_id


def _fresh_ids() -> tuple[str, str, str]:
    first, second, third = (f"_{secrets.token_hex(16)}" for _ in range(3))
    return first, second, third
