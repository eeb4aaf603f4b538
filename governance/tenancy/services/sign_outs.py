"""Signing out by one's own will: our session ends first, then others may be told.

Who came by single sign-on is signed in at the identity provider too. How it is told is not for
the platform to know: the setting TENANCY_AFTER_SIGN_OUT names a function by dotted path, which
gets the ended session and says where its browser goes on. It is a path of this site, so that
whatever fails there leaves the person signed out here.
"""

from datetime import datetime
from typing import Protocol

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest
from django.utils.module_loading import import_string

from governance.audit import trail
from governance.kernel.actors import Actor
from governance.tenancy.models import UserSession
from governance.tenancy.services import sessions

REASON = "signed out"
# In the browser's new, anonymous session: which ended session it may sign out elsewhere too.
ENDED = "lakewarden_ended_session"
ENDED_SECONDS = 300


class AfterSignOut(Protocol):
    """Called in the scope of the session's namespace."""

    def __call__(self, *, session: UserSession) -> str | None:
        """The path to go on to; None where there is nobody to tell."""
        ...


def leave(*, request: HttpRequest, session: UserSession, actor: Actor, now: datetime) -> str | None:
    """End this browser's session. Returns the path where somebody else is to be told, if any."""
    sessions.end(session=session, reason=REASON, now=now)
    trail.record(actor=actor, action="session.ended", target=session, now=now)
    path = None
    if session.provider_id is not None and settings.TENANCY_AFTER_SIGN_OUT:
        after: AfterSignOut = import_string(settings.TENANCY_AFTER_SIGN_OUT)
        path = after(session=session)
    logout(request)
    if path is None:
        messages.success(request, "You are signed out.")
    else:
        request.session[ENDED] = str(session.pk)
        request.session.set_expiry(ENDED_SECONDS)
    return path
