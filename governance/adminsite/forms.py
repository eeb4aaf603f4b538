"""Forms of the admin: where a service's refusal lands, and fields that never show a secret."""

import re
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminPasswordWidget

from governance.adminsite import refusals
from governance.kernel.refusals import Refusal

SECRET_MARK = "••••"  # noqa: S105 - what is shown in place of a secret

CONSTRAINT = re.compile(r"Constraint “(\w+)” is violated\.")


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
    explained_by_service: ClassVar[bool]

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

    def _update_errors(self, errors: ValidationError) -> None:
        """Constraints are left to the service, or named by the sentence that must hold."""
        told = errors.update_error_dict({})
        kept = {name: [_in_words(one) for one in found] for name, found in told.items()}
        if getattr(self, "explained_by_service", False):
            kept = {name: [one for one in told[name] if not _of_constraint(one)] for name in told}
        if any(kept.values()):
            super()._update_errors(ValidationError(kept))  # type: ignore[misc]

    def _show(self, refusal: Refusal) -> None:
        placed, loose = False, []
        for error in refusal.errors:
            name = self.field_of(error.pointer)
            if name in self.fields:
                self.add_error(name, error.detail)
                placed = True
            else:
                loose.append(error.detail)
        sentence = refusals.worded(refusal, page=self.page)
        for detail in loose:
            if placed or detail not in sentence:
                self.add_error(None, detail)
        if not placed:
            self.add_error(None, sentence)


def _of_constraint(error: ValidationError) -> "re.Match[str] | None":
    return CONSTRAINT.fullmatch(error.messages[0])


def _in_words(error: ValidationError) -> ValidationError:
    found = _of_constraint(error)
    if found is None:
        return error
    return ValidationError(f"This must hold: {found[1].replace('_', ' ')}.")
