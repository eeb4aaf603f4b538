"""Counting failed passwords of people who have one, and when a locked name opens again."""

from datetime import datetime
from math import ceil
from typing import Any

from axes.handlers.cache import AxesCacheHandler
from axes.helpers import get_cache, get_cache_timeout, get_client_cache_keys
from django.http import HttpRequest
from django.utils import timezone

from governance.kernel.refusals import Exhausted
from governance.tenancy.models import User

END = "{key}:ends"


class PasswordLocked(Exhausted):
    """Says nothing of whether there is such a name."""

    code = "password_locked"
    sentence = (
        "Too many wrong passwords for this name from here. Try again in {minutes}. Until then no "
        "password counts, not even the right one; single sign-on goes on."
    )

    def __init__(self, *, seconds: int) -> None:
        minutes = max(1, ceil(seconds / 60))
        super().__init__(minutes=f"{minutes} minute{'' if minutes == 1 else 's'}")
        self.retry_after_seconds = max(1, seconds)


class PasswordLockouts(AxesCacheHandler):  # type: ignore[misc] # axes has no types
    """In the cache. Whoever is vouched for by a provider has no failures to forget at sign-in."""

    def user_logged_in(
        self, sender: type[User], request: HttpRequest, user: User, **options: object
    ) -> None:
        if user.login_name is not None:
            super().user_logged_in(sender, request, user, **options)

    def user_login_failed(
        self,
        sender: object,
        credentials: dict[str, Any],
        request: HttpRequest | None = None,
        **options: object,
    ) -> None:
        was_locked = getattr(request, "axes_locked_out", False)
        super().user_login_failed(sender, credentials, request, **options)
        if request is not None and not was_locked and getattr(request, "axes_locked_out", False):
            seconds = get_cache_timeout(request) or 0
            ends_at = timezone.now().timestamp() + seconds
            for key in get_client_cache_keys(request, credentials):
                get_cache().set(END.format(key=key), ends_at, seconds)


def refusal(
    *, request: HttpRequest, credentials: dict[str, Any] | None, now: datetime
) -> Exhausted:
    """What a locked request is answered with. Tries while it lasts do not make it longer."""
    keys = [END.format(key=key) for key in get_client_cache_keys(request, credentials)]
    ends = [float(end) for end in get_cache().get_many(keys).values()]
    whole = get_cache_timeout(request) or 0
    return PasswordLocked(seconds=ceil(max(ends) - now.timestamp()) if ends else whole)
