"""Test this application: a real sign-in in a window of its own, told line by line."""

from datetime import datetime
from http import HTTPStatus

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from federation import wiring
from federation.models import IdentityProvider
from federation.services import sign_in_requests, sign_in_tests
from federation.services.sign_in_attempts import Arrival
from federation.services.sign_in_requests import Beginning
from federation.services.sign_in_tests import Report
from federation.services.sign_ins import Posted
from federation.views.access import (
    browser_of,
    departed,
    fresh_id,
    provider_scope,
    refused,
    remember_browser,
    set_short_cookie,
)
from governance.kernel.actions import Action
from governance.kernel.permissions import allows
from governance.kernel.refusals import Refusal
from governance.portal.views.access import Visit, signed_in

# So that a response of somebody who tests nothing is not looked up among tests.
TEST_COOKIE = "lakewarden_saml_test"


@never_cache
@require_GET
@signed_in
def begin(visit: Visit, namespace: str, provider: str) -> HttpResponse:
    """Send the administrator to the provider, as anybody who signs in is sent."""
    browser = browser_of(visit.request)
    beginning = Beginning(
        request_id=fresh_id(),
        browser=browser,
        target="/",
        tester_session_id=visit.session.pk,
    )
    try:
        with provider_scope(namespace=namespace, name=provider) as row:
            _check_may_test(visit, row)
            departure = sign_in_requests.begin(
                provider=row,
                beginning=beginning,
                writer=wiring.saml_writer(),
                public_url=settings.PUBLIC_URL,
                now=visit.now,
            )
    except Refusal as refusal:
        return refused(visit.request, refusal, reference="", title="The test cannot begin")
    response = departed(visit.request, departure)
    remember_browser(response, browser)
    set_short_cookie(response, TEST_COOKIE, "1")
    return response


def examined(*, namespace: str, provider: str, posted: Posted, now: datetime) -> Report | None:
    """The report, if what was posted answers a test that this browser waits for."""
    reader = wiring.response_reader()
    with provider_scope(namespace=namespace, name=provider) as row:
        if not sign_in_requests.tests_of(provider=row, browser=posted.browser, now=now).exists():
            return None
        asked = sign_in_tests.awaited(
            provider=row,
            captured=reader.captured(saml_response=posted.saml_response),
            browser=posted.browser,
            now=now,
        )
        if asked is None:
            return None
        return sign_in_tests.examined(
            provider=row,
            asked=asked,
            saml_response=posted.saml_response,
            arrival=Arrival(reference=posted.reference, network=posted.network, is_test=True),
            verifier=wiring.assertion_verifier(),
            reader=reader,
            public_url=settings.PUBLIC_URL,
            now=now,
        )


def shown(request: HttpRequest, report: Report) -> HttpResponse:
    """Everything that was found. The page is stored nowhere, not even by the browser."""
    status = HTTPStatus.OK if report.refusal is None else HTTPStatus.FORBIDDEN
    return render(request, "federation/test_result.html", {"report": report}, status=status)


def _check_may_test(visit: Visit, provider: IdentityProvider) -> None:
    """Of the provider's own namespace, or of the platform; and by policy."""
    actor = visit.actor
    if actor.namespace_id not in {None, provider.namespace_id}:
        raise PermissionDenied
    if not allows(actor=actor, action=Action.MANAGE_IDENTITY_PROVIDERS):
        raise PermissionDenied
