"""Fields and the parser through which numbers come in: exactly, or refused by name."""

from decimal import Decimal
from typing import Any, NoReturn

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from governance.restapi.parsers import StrictJSONParser
from usage_limits.domain import quantities
from usage_limits.domain.quantities import AmountInvalid


class ExactJSONParser(StrictJSONParser):
    """Hands fractions, NaN and Infinity on as the text they were written as.

    So a field decides about them and is named in the answer, and no double rounds them.
    """

    read_float = staticmethod(str)
    read_constant = staticmethod(str)


@extend_schema_field(OpenApiTypes.DOUBLE)
class AmountField(serializers.Field[Decimal, Any, float, Any]):
    """TB or minutes: a JSON number, or the same as text."""

    def __init__(self, *, places: int, zero_allowed: bool = False, **options: Any) -> None:  # noqa: ANN401 - DRF's own options
        super().__init__(**options)
        self.places = places
        self.zero_allowed = zero_allowed

    def to_internal_value(self, data: object) -> Decimal:
        try:
            return quantities.parse(data, places=self.places, zero_allowed=self.zero_allowed)
        except AmountInvalid as refused:
            detail = refused.errors[0].detail
            raise serializers.ValidationError(detail, code=refused.code) from refused

    def to_representation(self, value: Decimal) -> float:
        return quantities.number(value)


@extend_schema_field(OpenApiTypes.INT)
class WholeNumberField(serializers.Field[int, Any, int, Any]):
    """A JSON integer and nothing that merely reads like one."""

    def __init__(self, *, least: int = 0, most: int, **options: Any) -> None:  # noqa: ANN401 - DRF's own options
        super().__init__(**options)
        self.least = least
        self.most = most

    def to_internal_value(self, data: object) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self._refuse()
        if not self.least <= data <= self.most:
            self._refuse()
        return data

    def to_representation(self, value: int) -> int:
        return value

    def _refuse(self) -> NoReturn:
        message = f"A whole number from {self.least} to {self.most} is wanted."
        raise serializers.ValidationError(message, code="invalid")


class InstantField(serializers.DateTimeField):
    """RFC 3339 in ASCII; a time without an offset is UTC."""

    def to_internal_value(self, value: Any) -> Any:  # noqa: ANN401 - DRF's own type
        if isinstance(value, str) and not value.isascii():
            self.fail("invalid", format="YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]")
        return super().to_internal_value(value)
