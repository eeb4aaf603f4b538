"""Shapes of what goes in and out: explicit fields, nothing unknown, nothing of other namespaces.

    class ThingIn(ModelIn):
        password = SecretField(required=False)
        role = ScopedRelatedField(model=Role)        # by id; `related.ScopedNameField` by name
        class Meta:
            model = Thing
            fields = ("name", "role", "password")

    class ThingOut(ModelOut):
        password = SecretField()                     # answers with the mark, or empty
        class Meta:
            model = Thing
            fields = (*ModelOut.BASE, "name", "role", "password")

A view reads `serializer.validated_data` and calls a service; a serializer never saves.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NoReturn

from django.db import models
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

SECRET_MARK = "••••"  # noqa: S105 - what is shown in place of a secret


class _Keep:
    """What a SecretField yields where the client sent the mark back: leave it as it is."""


KEEP = _Keep()


class StrictMixin:
    """Refuses fields that the shape does not name, each with its pointer."""

    def to_internal_value(self, data: Any) -> Any:  # noqa: ANN401 - DRF's own type
        if isinstance(data, Mapping):
            self._refuse_unknown(data)
        values = super().to_internal_value(data)  # type: ignore[misc]
        return {name: value for name, value in values.items() if value is not KEEP}

    def _refuse_unknown(self, data: Mapping[str, object]) -> None:
        fields: Mapping[str, serializers.Field[Any, Any, Any, Any]] = self.fields  # type: ignore[attr-defined]
        known = {name for name, field in fields.items() if not field.read_only}
        unknown = {
            str(name): [serializers.ErrorDetail("There is no such field.", code="unknown_field")]
            for name in data
            if name not in known
        }
        if unknown:
            raise serializers.ValidationError(unknown)

    def create(self, validated_data: object) -> NoReturn:
        raise NotImplementedError("Serializers are shapes: call a service.")

    def update(self, instance: object, validated_data: object) -> NoReturn:
        raise NotImplementedError("Serializers are shapes: call a service.")


class StrictSerializer(StrictMixin, serializers.Serializer[Any]):
    """A shape of an input that is no model's."""


def validated(
    shape: type[serializers.BaseSerializer[Any]],
    *,
    data: object,
    context: Mapping[str, Any],
    partial: bool = False,
) -> dict[str, Any]:
    """What a body says; a partial one, only what it names. Raises ValidationError.

    DRF's own `partial` would let nested shapes lack what they need, and their defaults.
    """
    serializer: Any = shape(data=data, context=dict(context))
    if partial and isinstance(data, Mapping):
        for name in set(serializer.fields) - set(data):
            del serializer.fields[name]
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values


@extend_schema_field(OpenApiTypes.UUID)
class ScopedRelatedField(serializers.PrimaryKeyRelatedField[Any]):
    """An id of another row of the same namespace. Another namespace's id does not exist."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "does_not_exist": "There is no such object here.",
        "incorrect_type": "Give the id as a string.",
    }

    def __init__(self, *, model: type[models.Model] | None = None, **options: Any) -> None:  # noqa: ANN401 - DRF's own options
        if model is not None and not options.get("read_only"):
            options["queryset"] = model._default_manager  # noqa: SLF001 - a manager, asked later
        self.model = model
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> Any:  # noqa: ANN401 - DRF's own type
        if not isinstance(data, str):
            self.fail("incorrect_type", data_type=type(data).__name__)
        try:
            return super().to_internal_value(data)
        except (ValueError, TypeError) as wrong:
            message = self.error_messages["does_not_exist"]
            raise serializers.ValidationError(message, code="does_not_exist") from wrong


class ModelIn(StrictMixin, serializers.ModelSerializer[Any]):
    """An input of a model's fields, named one by one. Unique rules are the services'."""

    serializer_related_field = ScopedRelatedField

    def get_validators(self) -> list[Any]:
        """No UniqueTogether look-ups here: services and constraints answer those."""
        return []


class ModelOut(serializers.ModelSerializer[Any]):
    """An output. Everything is read-only; `BASE` is what each resource has."""

    BASE: ClassVar[Sequence[str]] = ("id", "created_at", "updated_at")
    serializer_related_field = ScopedRelatedField

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        for field in fields.values():
            field.read_only = True
            field.required = False
        return fields


class SecretField(serializers.CharField):
    """Write-only in effect: reading answers with the mark, writing the mark keeps the value."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - DRF's own options
        options.setdefault("trim_whitespace", False)
        options.setdefault("help_text", f"Never shown: {SECRET_MARK} stands for a value.")
        super().__init__(**options)

    def run_validation(self, data: Any = empty) -> Any:  # noqa: ANN401 - DRF's own type
        if data == SECRET_MARK:
            return KEEP
        return super().run_validation(data)

    def to_representation(self, value: object) -> str:
        return SECRET_MARK if value else ""


class ProblemFieldError(serializers.Serializer[Any]):
    pointer = serializers.CharField(help_text="RFC 6901 pointer into the body.")
    code = serializers.CharField()
    detail = serializers.CharField()


class Problem(serializers.Serializer[Any]):
    """RFC 9457 problem document."""

    type = serializers.CharField(help_text="urn:lakewarden:problem:{code}")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField(help_text="Stable: docs/problems.md explains each.")
    errors = ProblemFieldError(many=True)  # type: ignore[assignment]  # a field, as DRF names it
