"""A budget of requests before a door of single sign-on does any work (threat T19)."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse

from federation import wiring
from federation.domain.attempts import network_of
from federation.domain.rates import Knock
from federation.views.access import refused
from governance.kernel.refusals import Unavailable
from governance.restapi import problems

Door = Callable[[HttpRequest, str, str], HttpResponse]


def within_budget(door: str) -> Callable[[Door], Door]:
    """429 with Retry-After over the budget; 503 where the counters do not answer."""

    def decorate(view: Door) -> Door:
        @wraps(view)
        def asked(request: HttpRequest, namespace: str, provider: str) -> HttpResponse:
            knock = Knock(
                door=door,
                namespace=namespace,
                provider=provider,
                network=network_of(request.META.get("REMOTE_ADDR", "")),
            )
            try:
                wiring.request_throttle().take(knock=knock)
            except Unavailable as refusal:
                return _later(request, refusal)
            return view(request, namespace, provider)

        return asked

    return decorate


def _later(request: HttpRequest, refusal: Unavailable) -> HttpResponse:
    response = refused(
        request,
        refusal,
        reference="",
        status=problems.status_of(refusal),
        title="Not now",
    )
    if refusal.retry_after_seconds:
        response["Retry-After"] = str(refusal.retry_after_seconds)
    return response
