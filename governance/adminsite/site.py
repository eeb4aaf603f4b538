"""The admin site: opened by policy, in one namespace's scope; it says what needs doing first."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from http import HTTPStatus
from typing import Any
from uuid import UUID

from csp.constants import SELF
from csp.decorators import csp_replace
from django.contrib import messages
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from unfold.sites import UnfoldAdminSite

from governance.adminsite import attention, overview, signing_in
from governance.adminsite.callers import actor_of, may
from governance.adminsite.places import CHOSEN
from governance.audit import trail
from governance.isolation.scopes import current_scope, has_scope, namespace_scope
from governance.kernel.actions import Action
from governance.tenancy.models import Namespace, UserSession

# What a person does with their own account, whose row is out of sight in a chosen namespace.
OWN_PAGES = frozenset({"choose_namespace", "logout", "password_change", "password_change_done"})


class LakewardenAdminSite(UnfoldAdminSite):  # type: ignore[misc]
    """Replaces `admin.site`. Who may open it is asked of the policies on every request."""

    site_title = "Lakewarden"
    site_header = "Lakewarden"
    index_title = "Overview"
    index_template = "adminsite/index.html"
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        return may(request, Action.OPEN_ADMIN)

    def get_urls(self) -> list[URLPattern]:
        return [
            path("namespace/", self.admin_view(self.choose_namespace), name="choose_namespace"),
            *super().get_urls(),
        ]

    def admin_view(
        self,
        view: Callable[..., HttpResponse],
        cacheable: bool = False,  # noqa: FBT001, FBT002 - Django's signature
    ) -> Callable[..., HttpResponse]:
        """Each page runs in the namespace that a platform administrator chose to work in."""

        def inside(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ANN401 - Django's
            # Found now: in a chosen namespace, its administrator's own row is out of sight.
            _ = request.user.is_authenticated
            with _scope_of_page(request):
                request.working_in = _working_in()  # type: ignore[attr-defined]
                response = view(request, *args, **kwargs)
                render = getattr(response, "render", None)
                # Templates are lazy; their queries belong into this scope.
                return render() if callable(render) else response

        for name in ("csrf_exempt", "model_admin"):
            if hasattr(view, name):
                setattr(inside, name, getattr(view, name))
        guarded: Callable[..., HttpResponse] = super().admin_view(inside, cacheable)
        return guarded

    @method_decorator(csp_replace({"script-src": [SELF], "style-src": [SELF]}))
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Local sign-in. Whose role does not open the admin is told so, and not asked again."""
        if actor_of(request) is not None and request.method == "GET":
            if self.has_permission(request):
                return HttpResponseRedirect(reverse("admin:index"))
            return TemplateResponse(request, "adminsite/not_for_you.html", status=403)
        return signing_in.answer(request, extra_context or {})

    def logout(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """By the button alone: a link in a mail must not sign anybody out."""
        del extra_context
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        return signing_in.leave(request)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """For local people. Every other session of theirs ends."""
        session: UserSession | None = getattr(request, "user_session", None)
        if session is None or not session.user.login_name:
            return TemplateResponse(request, "adminsite/not_for_you.html", status=403)
        answer: HttpResponse = super().password_change(request, extra_context)
        if request.method == "POST" and answer.status_code == HTTPStatus.FOUND:
            signing_in.password_changed(request, session)
        return answer

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        context = {
            "attention": attention.gather(request),
            "setting_up": overview.setting_up(request),
            "glances": overview.glances(request),
            **(extra_context or {}),
        }
        page: TemplateResponse = super().index(request, context)
        return page

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Nothing of its own: the overview groups the pages by what a person does."""
        del app_label, extra_context, request
        return HttpResponseRedirect(reverse("admin:index"))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context: dict[str, Any] = super().each_context(request)
        actor = actor_of(request)
        context["is_platform"] = actor is not None and actor.is_platform
        context["working_in"] = getattr(request, "working_in", None)
        return context

    def choose_namespace(self, request: HttpRequest) -> HttpResponse:
        """A platform administrator goes to work in one namespace, or looks at all of them."""
        actor = actor_of(request)
        if actor is None or not actor.is_platform:
            return TemplateResponse(request, "adminsite/not_for_you.html", status=403)
        if request.method == "POST":
            request.session[CHOSEN] = request.POST.get("namespace", "")
            with _chosen_scope(request):
                entered = _working_in()
                action = "namespace.left" if entered is None else "namespace.entered"
                trail.record(actor=actor, action=action, target=entered, now=timezone.now())
            where = "all namespaces, to read" if entered is None else str(entered)
            messages.success(request, f"You now work in {where}.")
            return HttpResponseRedirect(reverse("admin:index"))
        context = {
            **self.each_context(request),
            "title": "Choose a namespace",
            "namespaces": all_namespaces(),
        }
        return TemplateResponse(request, "adminsite/choose_namespace.html", context)


def all_namespaces() -> list[Namespace]:
    """Every namespace, for the platform administrator's choice alone."""
    with signing_in.platform_scope("a platform administrator chooses a namespace"):
        return list(Namespace.objects.order_by("name"))


def _working_in() -> Namespace | None:
    namespace_id = current_scope().namespace_id if has_scope() else None
    return None if namespace_id is None else Namespace.objects.filter(pk=namespace_id).first()


def _scope_of_page(request: HttpRequest) -> AbstractContextManager[None]:
    match = request.resolver_match
    if match is not None and match.url_name in OWN_PAGES:
        return nullcontext()
    return _chosen_scope(request)


def _chosen_scope(request: HttpRequest) -> AbstractContextManager[None]:
    """A tenant's session has its scope from the middleware, and nothing here can change it."""
    actor = actor_of(request)
    chosen = request.session.get(CHOSEN, "")
    if actor is None or not actor.is_platform or not chosen:
        return nullcontext()
    try:
        namespace_id = UUID(chosen)
    except ValueError:
        return nullcontext()
    if not Namespace.objects.filter(pk=namespace_id).exists():
        return nullcontext()
    return namespace_scope(namespace_id)
