"""Form fields of the admin: JSON that people can read, moments, choices of the open scope."""

import json
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextareaWidget,
)


class PrettyJSONField(forms.JSONField):
    """JSON over several lines, in a fixed-width editor."""

    def __init__(self, *, rows: int = 18, **options: Any) -> None:  # noqa: ANN401 - Django's options
        options["widget"] = UnfoldAdminTextareaWidget(
            attrs={"rows": rows, "class": "lw-code", "spellcheck": "false"}
        )
        super().__init__(**options)

    def prepare_value(self, value: Any) -> Any:  # noqa: ANN401 - Django's own type
        if isinstance(value, (dict, list)):
            return json.dumps(value, indent=2, ensure_ascii=False)
        return super().prepare_value(value)


class ManyOf(forms.ModelMultipleChoiceField[Any]):
    """Check boxes of rows. Set `queryset` in the form's `__init__`, where the scope is open."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - Django's options
        options.setdefault("required", False)
        super().__init__(None, widget=UnfoldAdminCheckboxSelectMultipleWidget(), **options)


class MomentField(forms.SplitDateTimeField):
    """A date and a time in UTC. Each of its two inputs has a name of its own to be read aloud."""

    def __init__(self, *, label: str, **options: Any) -> None:  # noqa: ANN401 - Django's options
        widget = UnfoldAdminSplitDateTimeWidget()
        for part, name in zip(widget.widgets, ("date", "time in UTC"), strict=True):
            part.attrs["aria-label"] = f"{label}: {name}"
        super().__init__(label=label, widget=widget, **options)
