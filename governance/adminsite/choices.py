"""Where there is one thing to choose, it is chosen."""

from typing import Any

from django.http import HttpRequest


class OnlyChoiceMixin:
    """Part of `NamespacedModelAdmin`."""

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
