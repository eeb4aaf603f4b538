"""Forms of the admin: where a service's refusal lands, and fields that never show a secret."""

from typing import Any, ClassVar

from django import forms
from unfold.widgets import UnfoldAdminPasswordWidget

from governance.adminsite import refusals
from governance.kernel.refusals import Refusal

SECRET_MARK = "••••"  # noqa: S105 - what is shown in place of a secret


class SecretFormField(forms.CharField):
    """Empty or the mark: keep what is stored (cleaned to None). Anything else replaces it."""

    def __init__(self, *, stored: bool, **options: Any) -> None:  # noqa: ANN401 - Django's options
        hint = f"{SECRET_MARK} (stored; leave empty to keep it)" if stored else ""
        options["required"] = bool(options.get("required", True)) and not stored
        options["strip"] = False
        options["widget"] = UnfoldAdminPasswordWidget(
            attrs={"placeholder": hint, "autocomplete": "new-password"}
        )
        super().__init__(**options)
        self.stored = stored

    def clean(self, value: Any) -> str | None:  # noqa: ANN401 - Django's own type
        if value == SECRET_MARK or (self.stored and not value):
            value, self_required = "", self.required
            self.required = False
            try:
                super().clean(value)
            finally:
                self.required = self_required
            return None
        cleaned: str = super().clean(value)
        return cleaned


class RefusalForm(forms.ModelForm[Any]):
    """Mixed into every admin form by `NamespacedModelAdmin.get_form`.

    `refusal` is what the service said on the first attempt: its field errors land at their
    fields, its sentence above the form. `page` is where the person is. Secret columns are no
    fields of `Meta`, so no plain text ever reaches the instance.
    """

    refusal: ClassVar[Refusal | None] = None
    page: ClassVar[str] = ""

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.refusal is not None:
            self._show(self.refusal)

    def field_of(self, pointer: str) -> str:
        """Which field a pointer means. A form with other fields than REST's says it itself."""
        own = getattr(super(), "field_of", None)
        if own is not None:
            return str(own(pointer))
        return pointer.split("/")[1] if "/" in pointer else ""

    def _show(self, refusal: Refusal) -> None:
        placed = False
        for error in refusal.errors:
            name = self.field_of(error.pointer)
            if name in self.fields:
                self.add_error(name, error.detail)
                placed = True
            else:
                self.add_error(None, error.detail)
        if not placed:
            self.add_error(None, refusals.worded(refusal, page=self.page))
