"""What the buttons of an identity provider ask first."""

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from federation.domain.captures import LONGEST_RESPONSE
from federation.domain.metadata import LARGEST_METADATA
from federation.models import IdentityProvider
from governance.adminsite.fields import PrettyJSONField

EXAMPLE_NAME = "joe@customer.example"
NAME = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"
GROUPS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"


def example(provider: IdentityProvider) -> dict[str, object]:
    """Somebody whom one of its own rules knows: in the first group of the last rule for a role.

    A provider without such rules is tried with nobody's group, which says what is missing.
    """
    rules = provider.claim_rules.filter(claim="Role").exclude(groups=[])
    groups = [rule.groups[0] for rule in rules.order_by("-position", "-id")[:1]]
    attribute = provider.groups_attribute or GROUPS
    return {"attributes": {NAME: EXAMPLE_NAME, **({attribute: groups} if groups else {})}}


class MetadataForm(forms.Form):
    """Pasted or uploaded. An uploaded file's text goes on in the box, to be seen and saved."""

    metadata_xml = forms.CharField(
        label="Metadata XML",
        required=False,
        max_length=LARGEST_METADATA,
        strip=False,
        widget=UnfoldAdminTextareaWidget(
            attrs={"rows": 12, "class": "lw-code", "spellcheck": "false"}
        ),
    )
    file = forms.FileField(label="Or its file", required=False, widget=UnfoldAdminFileFieldWidget())
    entity_id = forms.CharField(
        label="Entity ID",
        required=False,
        max_length=1024,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Which one is meant, where the document describes several.",
    )
    save = forms.BooleanField(
        label="Save it",
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
        help_text="Without this the document is only read, and you see what it holds.",
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        upload = values.get("file")
        if upload is not None:
            if upload.size > LARGEST_METADATA:
                self.add_error("file", "The file is larger than one million bytes.")
                return values
            try:
                values["metadata_xml"] = upload.read().decode("utf-8")
            except UnicodeDecodeError:
                self.add_error("file", "The file is not text in UTF-8.")
                return values
            self.data = {**self.data.dict(), "metadata_xml": values["metadata_xml"]}  # type: ignore[attr-defined] # a QueryDict
        if not values.get("metadata_xml"):
            self.add_error("metadata_xml", "Paste the metadata, or choose its file.")
        return values


class TryRulesForm(forms.Form):
    name_id = forms.CharField(
        label="NameID",
        initial=EXAMPLE_NAME,
        max_length=1024,
        widget=UnfoldAdminTextInputWidget(),
    )
    attributes = PrettyJSONField(
        rows=10,
        required=False,
        help_text="What the provider would send: names, each with a value or a list of values.",
    )
    saml_response = forms.CharField(
        label="Or a captured response",
        required=False,
        max_length=LONGEST_RESPONSE,
        widget=UnfoldAdminTextareaWidget(
            attrs={"rows": 4, "class": "lw-code", "spellcheck": "false"}
        ),
        help_text="The base64 text that a browser posted as SAMLResponse. It is read without any "
        "proof, in place of the attributes above.",
    )

    def clean_attributes(self) -> dict[str, list[str]]:
        written = self.cleaned_data["attributes"] or {}
        if not isinstance(written, dict):
            message = "Write an object of names and values."
            raise forms.ValidationError(message)
        return {
            str(name): [str(each) for each in (value if isinstance(value, list) else [value])]
            for name, value in written.items()
        }
