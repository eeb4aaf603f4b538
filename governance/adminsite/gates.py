"""Django's questions of permission, answered by policies."""

from typing import ClassVar

from django.http import HttpRequest

from governance.adminsite.callers import may
from governance.isolation.scopes import current_scope, has_scope
from governance.kernel.actions import Action


def in_one_namespace() -> bool:
    """False where a platform administrator looks at all of them: nothing is changed there."""
    return has_scope() and current_scope().namespace_id is not None


class PermissionsMixin:
    """Django's permission questions, answered by policies."""

    read_action: ClassVar[Action]
    write_action: ClassVar[Action]
    can_add: ClassVar[bool] = True
    can_change: ClassVar[bool] = True
    can_delete: ClassVar[bool] = True
    across_namespaces: ClassVar[bool] = False

    def may_write(self, request: HttpRequest) -> bool:
        return may(request, self.write_action) and (self.across_namespaces or in_one_namespace())

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may(request, self.read_action)

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return may(request, self.read_action)

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return self.can_add and self.may_write(request)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return self.can_change and self.may_write(request)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return self.can_delete and self.may_write(request)
