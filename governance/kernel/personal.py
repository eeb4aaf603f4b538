"""`Personal`: personal data on its way through the code, which cannot print itself."""

from dataclasses import dataclass
from typing import Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, repr=False)
class Personal(Generic[Value]):
    """A value about a person. Only an adapter opens it, by `reveal()`; printed it is `***`."""

    _value: Value

    def reveal(self) -> Value:
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __reduce__(self) -> tuple[object, ...]:
        message = "Personal data is not pickled: pass an id."
        raise TypeError(message)
