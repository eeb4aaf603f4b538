"""Local sign-in: a login name and a password, found across namespaces by a named crossing."""

from uuid import UUID

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from governance.isolation import crossings, scopes
from governance.tenancy.models import User, UserSource


class LocalBackend(BaseBackend):
    """Authenticates local users. Each answer costs one password hash, known user or not."""

    def authenticate(
        self,
        request: HttpRequest | None,  # noqa: ARG002 - Django's signature
        username: str | None = None,
        password: str | None = None,
        **_others: object,
    ) -> User | None:
        if not username or not password:
            return None
        found = crossings.local_user_of_login_name(username)
        if found is None:
            make_password(password)
            return None
        user_id, namespace_id = found
        scope = (
            scopes.system_scope("sign-in of a platform administrator")
            if namespace_id is None
            else scopes.namespace_scope(namespace_id)
        )
        with scope:
            user = User.objects.filter(pk=user_id, source=UserSource.LOCAL).first()
            right = user is not None and user.check_password(password)
        return user if user is not None and right and user.is_active else None

    def get_user(self, user_id: UUID) -> User | None:
        """The session's user, in the scope that the middleware opened; without one, nobody."""
        if not scopes.has_scope():
            return None
        return User.objects.filter(pk=user_id, is_active=True).first()
