"""A dataset's form: up to four identifiers as rows, where REST takes a list of objects."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from purge.domain.locators import Locator
from purge.models import Dataset

MOST = 4
NUMBERS = range(1, MOST + 1)
IDENTIFIER_ROWS = tuple((f"name_{n}", f"where_{n}", f"type_{n}") for n in NUMBERS)
TYPES = (("string", "Text"), ("integer", "Whole number"), ("uuid", "UUID"))
NAME_HELP = "The name that requests use, such as customer_id."
WHERE_HELP = (
    "A column, a path such as customer.id, or a tag's key. Several columns with commas between "
    "them are one identifier. By the object's name: a pattern with one group."
)


class DatasetForm(forms.ModelForm):  # type: ignore[type-arg]
    """`cleaned_data["identifiers"]` is the list that the service takes."""

    class Meta:
        model = Dataset
        fields = ("storage_layer", "prefix", "format", "compression", "locator", "identifiers")

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's
        super().__init__(*args, **options)
        if "name_1" not in self.fields:
            return
        for names, one in zip(IDENTIFIER_ROWS, self.instance.identifiers or [], strict=False):
            self.initial.update(zip(names, (one["name"], where(one), type_of(one)), strict=True))

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if "name_1" not in self.fields:
            return values
        by_pattern = values.get("locator") == Locator.FILE_NAME
        found = [
            described(name=row[0], lies=row[1], kind=row[2], by_pattern=by_pattern)
            for row in self._rows(values)
        ]
        stored = self.instance.identifiers or []
        # Said in other words, it is the same: the index stays.
        same = [_plain(one) for one in found] == [_plain(one) for one in stored]
        values["identifiers"] = stored if same else found
        if not values["identifiers"] and not self.errors:
            self.add_error("name_1", "Say what identifies a person here.")
        return values

    def _rows(self, values: Mapping[str, Any]) -> list[tuple[str, str, str]]:
        """The rows that were filled in; a gap between them does not count."""
        told = [[str(values.get(name) or "").strip() for name in row] for row in IDENTIFIER_ROWS]
        self.numbers = [number for number, row in zip(NUMBERS, told, strict=True) if any(row[:2])]
        return [(row[0], row[1], row[2]) for row in told if any(row[:2])]

    def field_of(self, pointer: str) -> str:
        """`/identifiers/0/path` is where the first row says that it lies."""
        _, _, rest = pointer.partition("/identifiers/")
        number, _, name = rest.partition("/")
        if not number.isdecimal() or int(number) >= len(getattr(self, "numbers", ())):
            return "name_1" if pointer == "/identifiers" else pointer.strip("/")
        field = name if name in {"name", "type"} else "where"
        return f"{field}_{self.numbers[int(number)]}"


def _name(number: int) -> forms.CharField:
    return forms.CharField(
        label=f"Identifier {number}",
        required=False,
        help_text=NAME_HELP if number == 1 else "",
        widget=UnfoldAdminTextInputWidget(attrs={"spellcheck": "false"}),
    )


def _where(number: int) -> forms.CharField:
    said = {"spellcheck": "false", "aria-label": f"Column or path of identifier {number}"}
    return forms.CharField(
        label="Column or path",
        required=False,
        max_length=1024,
        help_text=WHERE_HELP if number == 1 else "",
        widget=UnfoldAdminTextInputWidget(attrs=said),
    )


def _type(number: int) -> forms.ChoiceField:
    said = {"aria-label": f"Type of identifier {number}"}
    return forms.ChoiceField(
        label="Type",
        choices=TYPES,
        required=False,
        widget=UnfoldAdminSelectWidget(attrs=said),
    )


class IdentifierRowsForm(DatasetForm):
    """With the rows. Datasets that rows cannot say keep the plain form, and its JSON."""

    name_1, where_1, type_1 = _name(1), _where(1), _type(1)
    name_2, where_2, type_2 = _name(2), _where(2), _type(2)
    name_3, where_3, type_3 = _name(3), _where(3), _type(3)
    name_4, where_4, type_4 = _name(4), _where(4), _type(4)


def described(*, name: str, lies: str, kind: str, by_pattern: bool) -> dict[str, Any]:
    """A row as an identifier is stored."""
    kind = kind or "string"
    if by_pattern:
        return {"name": name, "pattern": lies, "type": kind}
    columns = [part.strip() for part in lies.split(",")]
    if len(columns) == 1:
        return {"name": name, "path": lies, "type": kind}
    return {"name": name, "columns": [{"column": one, "type": kind} for one in columns]}


def where(one: Mapping[str, Any]) -> str:
    if one.get("columns"):
        return ", ".join(_column(part) for part in one["columns"])
    return str(one.get("pattern") or one.get("path") or one.get("column") or "")


def type_of(one: Mapping[str, Any]) -> str:
    parts = [part for part in one.get("columns") or () if isinstance(part, Mapping)]
    return str((parts[0] if parts else one).get("type") or "string")


def fits_rows(identifiers: Sequence[Mapping[str, Any]]) -> bool:
    """Whether rows can say the same: not where columns differ in type, or a name has a comma."""
    return len(identifiers) <= MOST and all(_fits(one) for one in identifiers)


def _fits(one: Mapping[str, Any]) -> bool:
    again = described(
        name=str(one.get("name")),
        lies=where(one),
        kind=type_of(one),
        by_pattern=bool(one.get("pattern")),
    )
    return _plain(again) == _plain(one)


def _plain(one: Mapping[str, Any]) -> tuple[object, ...]:
    """What it means, whichever words it was written in."""
    columns = tuple(
        (_column(part), part.get("type") or "string")
        if isinstance(part, Mapping)
        else (part, "string")
        for part in one.get("columns") or ()
    )
    kind = None if columns else one.get("type") or "string"
    path = "" if columns else str(one.get("path") or one.get("column") or "")
    return one.get("name"), path, str(one.get("pattern") or ""), kind, columns


def _column(part: Mapping[str, Any] | str) -> str:
    return str(part.get("column") or part.get("path")) if isinstance(part, Mapping) else part
