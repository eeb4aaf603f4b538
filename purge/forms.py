"""What people write: who is to be forgotten, and what an officer decides."""

import json
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from governance.adminsite.fields import MomentField
from purge.models import Dataset, ErasureRequest, LegalHold


class AnsweredForm(forms.Form):
    """A form far down a page: shown again, it opens where the mistake is."""

    def add_error(self, field: str | None, error: Any) -> None:  # noqa: ANN401 - Django's
        super().add_error(field, error)
        if field in self.fields:
            self.fields[field].widget.attrs["autofocus"] = True


class ConfirmedForm(AnsweredForm):
    """`confirmation` repeats what will be done, so that it was at least read."""

    confirmation = forms.CharField(max_length=100)

    def __init__(self, *args: object, wanted: str, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.wanted = wanted
        self.fields["confirmation"].label = f"Type “{wanted}” to approve"
        self.fields["confirmation"].widget.attrs.update(
            {"autocomplete": "off", "spellcheck": "false"}
        )

    def clean_confirmation(self) -> str:
        typed: str = self.cleaned_data["confirmation"]
        if " ".join(typed.lower().split()) != self.wanted:
            message = f"Type exactly: {self.wanted}"
            raise forms.ValidationError(message, code="confirmation_wrong")
        return typed


class ApproveForm(ConfirmedForm):
    report_hash = forms.CharField(widget=forms.HiddenInput, max_length=64)


class ApproveManyForm(ConfirmedForm):
    """The reports stand beside it, one hidden field each."""


class CertificateForm(AnsweredForm):
    certificate = forms.CharField(
        label="The text of the certificate's JSON file",
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false", "class": "editor"}),
        strip=False,
    )


class RejectForm(AnsweredForm):
    reason = forms.CharField(
        max_length=1000,
        label="Why this is rejected",
        help_text="Kept with the request and in the audit trail. Name no person.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class LetBackForm(AnsweredForm):
    person = forms.CharField(
        label="Who was erased",
        max_length=2000,
        help_text="By one of their identifiers, such as customer_id=7.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    reason = forms.CharField(
        max_length=1000,
        label="Why they may come back",
        help_text="Kept in the audit trail. Name no person.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def clean_person(self) -> dict[str, object]:
        return person(self.cleaned_data["person"].strip())


PEOPLE_HELP = (
    "One person a line, such as customer_id=7, email=dora@customer.example, "
    'or as JSON, {"person": ["Dora", "Example", null]}, for identifiers of several columns.'
)


class ErasureRequestForm(forms.ModelForm):  # type: ignore[type-arg]
    """People as lines of text. They go to the service alone: the row holds them sealed."""

    people = forms.CharField(
        label="People",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text=PEOPLE_HELP,
        error_messages={"required": "Say who is to be forgotten, one person a line."},
    )
    due_at = MomentField(
        label="Due", required=False, help_text="In UTC. Empty: one month from now."
    )
    tell = forms.EmailField(
        label="Tell the person",
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Their email address. They are told the outcome, then the address is deleted.",
    )

    class Meta:
        model = ErasureRequest
        fields = ("reason", "reference", "identity_proof", "due_at")
        help_texts = {
            "identity_proof": "How you checked that the request comes from the person. "
            "Name no person here."
        }

    def clean_people(self) -> list[dict[str, object]]:
        lines = [line.strip() for line in self.cleaned_data["people"].splitlines()]
        return [person(line) for line in lines if line]


def person(line: str) -> dict[str, object]:
    """`name=value, …`, or a JSON object, which composites need."""
    found: dict[str, object] = {}
    if line.startswith("{"):
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            message = "This begins as a JSON object and is none."
            raise forms.ValidationError(message, code="person_invalid") from None
        return found
    for part in line.split(","):
        name, separator, value = part.partition("=")
        if not separator:
            message = "Write each identifier as name=value."
            raise forms.ValidationError(message, code="person_invalid")
        found[name.strip()] = value.strip()
    return found


class HoldForm(forms.ModelForm):  # type: ignore[type-arg]
    """Whom to keep, as a line of text: it goes to the service alone.

    The dataset has another name here, because the admin's theme reads a field `dataset` itself.
    """

    person = forms.CharField(
        label="Person",
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text="One or more identifiers, such as customer_id=7. Or choose a dataset.",
    )
    kept: forms.ModelChoiceField[Dataset] = forms.ModelChoiceField(
        label="Dataset", queryset=None, required=False, widget=UnfoldAdminSelectWidget()
    )
    until = MomentField(label="Until", help_text="In UTC.")

    class Meta:
        model = LegalHold
        fields = ("reason", "until")
        help_texts = {"reason": "Why it must be kept. Name no person here."}

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's
        super().__init__(*args, **options)
        if "kept" in self.fields:
            datasets = Dataset.objects.select_related("storage_layer").order_by("prefix")
            self.fields["kept"].queryset = datasets  # type: ignore[attr-defined]

    def clean_person(self) -> dict[str, object] | None:
        line = self.cleaned_data["person"].strip()
        return person(line) if line else None


class LiftForm(forms.Form):
    reason = forms.CharField(label="Why it is lifted", widget=UnfoldAdminTextareaWidget())
