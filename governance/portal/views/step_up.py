"""Proving again who one is, before a dangerous act, and going back to it.

A local person gives the password once more. Who came by single sign-on is sent to the identity
provider, which must ask them again.
"""

from django import forms
from django.contrib import messages
from django.contrib.auth import authenticate
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from governance.portal.views.access import Visit, safe_path, signed_in
from governance.tenancy.models import UserSource
from governance.tenancy.services import sessions

LONGEST_PASSWORD = 1024
WRONG = "This is not the password of your account."


class PasswordForm(forms.Form):
    password = forms.CharField(
        label="Password",
        max_length=LONGEST_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
@signed_in
def page(visit: Visit) -> HttpResponse:
    """The way to prove it for this session; POST is the password of a local person."""
    request = visit.request
    back_to = safe_path(request.POST.get("next") or request.GET.get("next") or "/")
    if visit.session.user.source != UserSource.LOCAL:
        return render(request, "portal/step_up.html", {"next": back_to, "form": None})
    form = PasswordForm(request.POST if request.method == "POST" else None, label_suffix="")
    if form.is_valid():
        if _is_theirs(visit, password=form.cleaned_data["password"]):
            sessions.reauthenticated(
                request=request, session=visit.session, actor=visit.actor, now=visit.now
            )
            messages.success(request, "Thank you. Now repeat what you were about to do.")
            return redirect(back_to)
        form.add_error("password", WRONG)
    context = {"next": back_to, "form": form}
    return render(request, "portal/step_up.html", context, status=403 if form.errors else 200)


def _is_theirs(visit: Visit, *, password: str) -> bool:
    """Asked through the same door as a sign-in, so that guesses count there and lock."""
    person = visit.session.user
    found = authenticate(visit.request, username=person.login_name, password=password)
    return found is not None and found.pk == person.pk
