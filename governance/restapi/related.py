"""References to rows by the name people know them by, where names are unique in a namespace."""

from typing import Any, ClassVar
from uuid import UUID

from django.db import models
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


@extend_schema_field(OpenApiTypes.STR)
class ScopedNameField(serializers.RelatedField[Any, Any, Any]):
    """A row of the namespace by `name` (its id is understood too). Answers with the name."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "does_not_exist": "There is no such object here.",
        "incorrect_type": "Give the name as a string.",
    }

    def __init__(self, *, model: type[models.Model] | None = None, **options: Any) -> None:  # noqa: ANN401 - DRF's own options
        if model is not None and not options.get("read_only"):
            options["queryset"] = model._default_manager  # noqa: SLF001 - a manager, asked later
        self.model = model
        super().__init__(**options)

    def to_internal_value(self, data: object) -> Any:  # noqa: ANN401 - any model
        if not isinstance(data, str):
            self.fail("incorrect_type")
        rows: Any = self.get_queryset()
        found = rows.filter(name=data).first() or _by_id(rows, data)
        if found is None:
            self.fail("does_not_exist")
        return found

    def to_representation(self, value: Any) -> str:  # noqa: ANN401 - any model
        return str(value.name)


def _by_id(rows: Any, text: str) -> Any:  # noqa: ANN401 - any model's rows
    try:
        wanted = UUID(text)
    except ValueError:
        return None
    return rows.filter(pk=wanted).first()
