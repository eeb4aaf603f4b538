"""What there is to choose first: a namespace; and where there is one thing, it is chosen."""

from typing import Any

from django.http import HttpRequest

from governance.adminsite.gates import in_one_namespace


class ChoicesMixin:
    """Part of `NamespacedModelAdmin`."""

    def get_changelist_instance(self, request: HttpRequest) -> Any:  # noqa: ANN401 - Django's
        """`wants_namespace`: an empty list says where something can be added."""
        changelist = super().get_changelist_instance(request)  # type: ignore[misc]
        adds = self.can_add and not self.across_namespaces  # type: ignore[attr-defined]
        changelist.wants_namespace = adds and not in_one_namespace()
        return changelist

    def formfield_for_foreignkey(
        self,
        db_field: Any,  # noqa: ANN401 - a foreign key
        request: HttpRequest,
        **options: Any,  # noqa: ANN401 - Django's
    ) -> Any:  # noqa: ANN401 - Django's
        field = super().formfield_for_foreignkey(db_field, request, **options)  # type: ignore[misc]
        if field is not None and field.required and request.path.endswith("/add/"):
            found = list(field.queryset[:2])
            if len(found) == 1:
                field.initial = found[0].pk
        return field
