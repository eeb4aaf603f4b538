"""Local sign-in to the admin: a login name and a password, with a lock against guessing.

People of a company come in by single sign-on at `/login/`; this is for platform administrators
and for the first hours of a namespace. django-axes counts the failures by name and network.
"""

from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.module_loading import import_string
from django.views.decorators.debug import sensitive_post_parameters

from governance.adminsite import places
from governance.adminsite.callers import actor_of
from governance.audit import trail
from governance.isolation.scopes import namespace_scope, system_scope
from governance.kernel.actors import Actor
from governance.kernel.refusals import Refusal
from governance.tenancy.models import User, UserSession
from governance.tenancy.services import actors, sessions, sign_outs, tokens

WRONG = "This login name and password do not fit, or the account is deactivated."
MAX_NAME = 150
MAX_PASSWORD = 1024


class Gate(Protocol):
    """Asked in the scope of the user's namespace, in the transaction that opens the session."""

    def __call__(self, *, user: User, network: str, actor: Actor, now: datetime) -> None:
        """Raises the Refusal that is shown in the form."""
        ...


class LocalSignInForm(forms.Form):
    """`username` is the login name: password managers know the field by that name."""

    username = forms.CharField(
        label="Login name",
        max_length=MAX_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label="Password",
        max_length=MAX_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


def platform_scope(reason: str) -> AbstractContextManager[None]:
    return system_scope(reason)


@sensitive_post_parameters("password")
def answer(request: HttpRequest, extra_context: dict[str, Any]) -> HttpResponse:
    """The form, or a session and the way on."""
    form = LocalSignInForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        user = authenticate(
            request,
            username=form.cleaned_data["username"],
            password=form.cleaned_data["password"],
        )
        if isinstance(user, User):
            try:
                return _opened(request, user)
            except Refusal as refusal:
                form.add_error(None, str(refusal))
                return _shown(request, form, extra_context)
        form.add_error(None, WRONG)  # Whom it locks is answered by AXES_LOCKOUT_CALLABLE.
    return _shown(request, form, extra_context)


def leave(request: HttpRequest) -> HttpResponse:
    """End the session here and in our table."""
    session = getattr(request, "user_session", None)
    actor = actor_of(request)
    if session is None or actor is None:
        logout(request)
        return HttpResponseRedirect("/login/")
    path = sign_outs.leave(request=request, session=session, actor=actor, now=timezone.now())
    return HttpResponseRedirect(path or "/login/")


def password_changed(request: HttpRequest, session: UserSession) -> None:
    """Somebody who knew the old password is out; this browser stays."""
    now = timezone.now()
    sessions.end_others(session=session, reason="password changed", now=now)
    actor = actor_of(request)
    if actor is not None:
        trail.record(actor=actor, action="user.password_changed", target=session.user, now=now)
    left = tokens.live_of(session.user_id, now=now).count()
    if left:
        messages.warning(
            request,
            f"API tokens that you made and that still work: {left}. They do not depend on the "
            "password. Revoke those that you do not know, under API tokens.",
        )


def safe_next(request: HttpRequest) -> str:
    """Where to go on to: a path of this site, else the admin's first page."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if safe else reverse("admin:index")


def _shown(
    request: HttpRequest, form: LocalSignInForm, extra_context: dict[str, Any]
) -> HttpResponse:
    context = {**extra_context, "form": form, "next": safe_next(request), "title": "Sign in"}
    status = 403 if form.errors else 200
    return TemplateResponse(request, "adminsite/login.html", context, status=status)


def _gate() -> Gate:
    """Whoever else has a say once the password is right (`LOCAL_SIGN_IN_GATE`)."""
    gate: Gate = import_string(settings.LOCAL_SIGN_IN_GATE)
    return gate


def _opened(request: HttpRequest, user: User) -> HttpResponse:
    now = timezone.now()
    if user.namespace_id is None:
        scope = system_scope("sign-in of a platform administrator")
    else:
        scope = namespace_scope(user.namespace_id)
    with scope:
        actor = actors.for_user(
            user=user, role=None, network=getattr(request, "network", ""), authenticated_at=now
        )
        _gate()(user=user, network=actor.network, actor=actor, now=now)
        grant = sessions.Grant(role=None, expires_at=now + sessions.LOCAL_SESSION)
        sessions.open_session(request=request, user=user, grant=grant, actor=actor, now=now)
        if user.namespace_id is None:
            places.enter_the_only(request, actor=actor, now=now)
    return HttpResponseRedirect(safe_next(request))
