"""Whether who asked a query may still have it run: asked at its start and twice a second."""

from uuid import UUID

from governance.analytics.models import Query
from governance.tenancy.models import ApiToken, RoleBinding, User

SUSPENDED = "It was cancelled: the namespace is suspended."
DEACTIVATED = "It was cancelled: the account that asked for it is deactivated."
ROLE_LOST = "It was cancelled: the account that asked for it has lost the role it asked in."
TOKEN_REVOKED = "It was cancelled: the token that asked for it is revoked."  # noqa: S105 - a sentence


def why_lost(row: Query) -> str:
    """Why nobody may have the query's answer any more, as a sentence; empty where one may.

    `row` comes with its namespace. A token that has merely expired was good when it asked.
    """
    if not row.namespace.is_open:
        return SUSPENDED
    if row.token_id is not None:
        return TOKEN_REVOKED if _is_revoked(row.token_id) else ""
    return "" if row.user_id is None else _why_without(row.user_id, row.role_id)


def _is_revoked(token_id: UUID) -> bool:
    return ApiToken.objects.filter(pk=token_id, revoked_at__isnull=False).exists()


def _why_without(user_id: UUID, role_id: UUID | None) -> str:
    if not User.objects.filter(pk=user_id, is_active=True).exists():
        return DEACTIVATED
    if role_id is None or RoleBinding.objects.filter(user_id=user_id, role_id=role_id).exists():
        return ""
    return ROLE_LOST
