"""Counting failed passwords, of people who have one."""

from axes.handlers.cache import AxesCacheHandler
from django.http import HttpRequest

from governance.tenancy.models import User


class PasswordLockouts(AxesCacheHandler):  # type: ignore[misc] # axes has no types
    """In the cache. Whoever is vouched for by a provider has no failures to forget at sign-in."""

    def user_logged_in(
        self, sender: type[User], request: HttpRequest, user: User, **options: object
    ) -> None:
        if user.login_name is not None:
            super().user_logged_in(sender, request, user, **options)
