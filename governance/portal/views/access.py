"""Who may open a page: a signed-in person, in the namespace that the address names."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from governance.kernel.actors import Actor
from governance.kernel.refusals import Refusal
from governance.restapi.problems import status_of
from governance.tenancy.models import Namespace, UserSession
from governance.tenancy.services import step_up

HOME = "/"
Rest = ParamSpec("Rest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request of somebody signed in. `namespace` is None for platform administrators."""

    request: HttpRequest
    actor: Actor
    session: UserSession
    namespace: Namespace | None
    now: datetime

    @property
    def ns(self) -> str:
        """The namespace's name. A page below /n/{ns}/ is never reached without one."""
        return "" if self.namespace is None else self.namespace.name


Page = Callable[Concatenate[Visit, Rest], HttpResponseBase]


def signed_in(page: Page[Rest]) -> Callable[..., HttpResponseBase]:
    """Strangers are sent to sign in; another namespace's address does not exist for anybody.

    A refusal becomes a page with its sentence.
    """

    @wraps(page)
    def view(request: HttpRequest, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponseBase:
        actor: Actor | None = getattr(request, "actor", None)
        session: UserSession | None = getattr(request, "user_session", None)
        wanted = kwargs.pop("ns", None)
        if actor is None or session is None:
            return _sent_to_sign_in(request, wanted)
        own = None if session.namespace is None else session.namespace.name
        if wanted is not None and wanted != own:
            raise Http404
        visit = Visit(
            request=request,
            actor=actor,
            session=session,
            namespace=session.namespace,
            now=timezone.now(),
        )
        try:
            return page(visit, *args, **kwargs)
        except Refusal as refusal:
            return refused(visit, refusal)

    return view


def refused(visit: Visit, refusal: Refusal) -> HttpResponse:
    context: dict[str, object] = {"sentence": str(refusal), "status": status_of(refusal)}
    if visit.request.method == "POST":
        context["back_to"] = page_before(visit.request)
    if isinstance(refusal, step_up.AuthenticationTooOld):
        context["step_up_url"] = step_up.address(back_to=page_before(visit.request))
    return render(visit.request, "portal/refused.html", context, status=status_of(refusal))


def page_before(request: HttpRequest) -> str:
    """The page that a person looks at: this one, or the one whose form was posted."""
    if request.method == "GET":
        return request.get_full_path()
    try:
        came_from = urlsplit(request.headers.get("referer", ""))
    except ValueError:  # a stranger's header may hold half an IPv6 address
        return HOME
    if came_from.netloc != request.get_host():
        return HOME
    return safe_path(came_from._replace(scheme="", netloc="").geturl())


def safe_path(wanted: str) -> str:
    """A path of this site, else the start page."""
    safe = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if safe else HOME


def _sent_to_sign_in(request: HttpRequest, namespace: object) -> HttpResponse:
    asked = {"next": request.get_full_path()} if request.method == "GET" else {}
    if isinstance(namespace, str):
        asked = {"namespace": namespace} | asked
    return redirect(f"{settings.LOGIN_URL}?{urlencode(asked)}" if asked else settings.LOGIN_URL)
