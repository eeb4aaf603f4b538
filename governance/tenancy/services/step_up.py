"""Step-up: dangerous acts need somebody who proved who they are a short while ago.

A service that gives power away or decides for good asks `require_recent` before anything else.
Only people are asked (OWASP ASVS 5, V7.5): a token is bounded by its scopes, none of which can
approve an erasure, and the system acts by itself.
"""

from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.conf import settings

from governance.kernel.actors import Actor, ActorKind
from governance.kernel.refusals import Forbidden

PATH = "/step-up/"


class AuthenticationTooOld(Forbidden):
    code = "authentication_too_old"
    sentence = (
        "This needs a sign-in of the last {minutes} minutes. Prove again who you are at "
        "{step_up_url}, then repeat what you did."
    )
    members = ("step_up_url",)


def is_recent(*, actor: Actor, now: datetime) -> bool:
    """Whether the person's last proof is young enough. True for tokens and the system."""
    if actor.kind is not ActorKind.PERSON:
        return True
    proved_at = actor.authenticated_at
    return proved_at is not None and now - proved_at <= _longest()


def require_recent(*, actor: Actor, now: datetime) -> None:
    """Raises AuthenticationTooOld, which names the page where a person proves it again."""
    if not is_recent(actor=actor, now=now):
        minutes = int(_longest().total_seconds() // 60)
        raise AuthenticationTooOld(minutes=minutes, step_up_url=PATH)


def address(*, back_to: str) -> str:
    """The page to prove it again, and the path to come back to afterwards."""
    return f"{PATH}?{urlencode({'next': back_to})}"


def _longest() -> timedelta:
    seconds: int = settings.TENANCY_STEP_UP_SECONDS
    return timedelta(seconds=seconds)
