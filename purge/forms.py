"""What an officer writes on the decision page."""

from django import forms


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
