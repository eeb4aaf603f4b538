"""Tables of tenancy: namespaces, people, what they may do, and how they are signed in."""

from governance.tenancy.models.access import Policy, Role, RoleBinding, RolePolicy
from governance.tenancy.models.credentials import ApiToken, UserSession
from governance.tenancy.models.namespaces import Namespace, NamespaceStatus
from governance.tenancy.models.users import Identity, User, UsernameChange, UserSource

__all__ = [
    "ApiToken",
    "Identity",
    "Namespace",
    "NamespaceStatus",
    "Policy",
    "Role",
    "RoleBinding",
    "RolePolicy",
    "User",
    "UserSession",
    "UserSource",
    "UsernameChange",
]
