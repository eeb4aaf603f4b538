"""What people write: who is to be forgotten, and what an officer decides."""

from django import forms
from unfold.widgets import (
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from purge.models import ErasureRequest


class ApproveForm(forms.Form):
    """`confirmation` repeats how much will be erased, so that the report was at least read."""

    report_hash = forms.CharField(widget=forms.HiddenInput, max_length=64)
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


class RejectForm(forms.Form):
    reason = forms.CharField(
        max_length=1000,
        label="Why this is rejected",
        help_text="Kept with the request and in the audit trail. Name no person.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )


OPTIONS_HELP = (
    'A local folder: {"path": "below the namespace\'s part of the lake"}. '
    'S3: {"bucket": "company-lake", "path": "raw/sales", "region": "eu-central-1"}, '
    'for another store also "endpoint_url" and "addressing_style": "path". '
    'Tables: {"engine": "delta", "path": "sales"}.'
)
CREDENTIALS_HELP = (
    'S3: {"access_key_id": "…", "secret_access_key": "…"}, if any with a "session_token". '
    "PostgreSQL: its address, postgres://role:password@host/database. A folder needs none."
)
PEOPLE_HELP = "One person a line, such as customer_id=7, email=dora@customer.example."


class ErasureRequestForm(forms.ModelForm):  # type: ignore[type-arg]
    """People as lines of text. They go to the service alone: the row holds them sealed."""

    people = forms.CharField(
        label="People",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text=PEOPLE_HELP,
        required=False,
    )
    due_at = forms.SplitDateTimeField(
        label="Due",
        required=False,
        widget=UnfoldAdminSplitDateTimeWidget(),
        help_text="Empty: one month from now.",
    )

    tell = forms.EmailField(
        label="Tell the person",
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text="An email address of theirs: told of the outcome, and kept until then.",
    )

    class Meta:
        model = ErasureRequest
        fields = ("reason", "reference", "identity_proof", "due_at")

    def clean_people(self) -> list[dict[str, str]]:
        lines = [line.strip() for line in self.cleaned_data["people"].splitlines()]
        return [_person(line) for line in lines if line]


def _person(line: str) -> dict[str, str]:
    person = {}
    for part in line.split(","):
        name, separator, value = part.partition("=")
        if not separator:
            message = "Write each identifier as name=value."
            raise forms.ValidationError(message, code="person_invalid")
        person[name.strip()] = value.strip()
    return person
