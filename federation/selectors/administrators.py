"""Who looks after a namespace's sign-ins: its IT admins."""

from collections.abc import Iterator

from governance.kernel.actions import Action
from governance.kernel.permissions import allows
from governance.tenancy.models import User
from governance.tenancy.services import actors


def it_admins() -> Iterator[User]:
    """Active people who may manage identity providers in the open scope's namespace."""
    people = User.objects.filter(is_active=True, bindings__isnull=False).distinct()
    for user in people.order_by("id"):
        if may_manage(user):
            yield user


def may_manage(user: User) -> bool:
    actor = actors.for_user(user=user, role=None)
    return allows(actor=actor, action=Action.MANAGE_IDENTITY_PROVIDERS)
