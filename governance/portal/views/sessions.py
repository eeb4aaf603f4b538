"""Changing role, and signing out."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from governance.portal.views.access import Visit, signed_in
from governance.tenancy.services import sessions, sign_outs


@require_http_methods(["GET", "POST"])
@signed_in
def roles(visit: Visit) -> HttpResponse:
    """The roles that the session's proofs hold; POST goes on as another."""
    if visit.request.method == "POST":
        chosen = _uuid(visit.request.POST.get("role", ""))
        sessions.switch_role(
            session=visit.session, role_id=chosen, actor=visit.actor, now=visit.now
        )
        messages.success(visit.request, "You now act in another role.")
        return redirect("portal:home")
    context = {
        "ns": visit.ns,
        "held": sessions.roles_open_to(visit.session),
        "current": visit.session.role_id,
    }
    return render(visit.request, "portal/roles.html", context)


@require_POST
@signed_in
def sign_out(visit: Visit) -> HttpResponse:
    """End the session here; who came by single sign-on goes on to sign out there too."""
    path = sign_outs.leave(
        request=visit.request, session=visit.session, actor=visit.actor, now=visit.now
    )
    if path is not None:
        return redirect(path)
    return redirect(f"/login/?namespace={visit.ns}" if visit.ns else "admin:login")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise sessions.RoleNotHeld from error
