"""A storage layer's form: what its kind needs, as fields, where REST takes options as an object."""

import json
from typing import Any, ClassVar

from django import forms
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from governance.adminsite.forms import SecretFormField
from purge.models import StorageLayer
from purge.ports import LayerKind

OPTIONS: dict[str, tuple[str, ...]] = {
    LayerKind.FILESYSTEM.value: ("path",),
    LayerKind.S3.value: (
        *("bucket", "path", "region", "endpoint_url", "addressing_style", "requester_pays"),
    ),
    LayerKind.POSTGRESQL.value: ("rewrite",),
    LayerKind.TABLE.value: ("engine", "path", "catalog", "catalog_name"),
}
OF_ICEBERG = ("catalog", "catalog_name")
KEYS = ("access_key_id", "secret_access_key", "session_token")
LAYER_FIELDS = (
    *("name", "kind", "engine", "bucket", "path", "region", "endpoint_url", "addressing_style"),
    *("requester_pays", "catalog", "catalog_name", *KEYS, "address", "rewrite"),
)
ONLY_S3, ONLY_ICEBERG = "kind == 's3'", "kind == 'table' && engine == 'iceberg'"
LAYER_CONDITIONS = {
    **dict.fromkeys(("bucket", "region", "endpoint_url", "addressing_style"), ONLY_S3),
    **dict.fromkeys(("requester_pays", *KEYS), ONLY_S3),
    **dict.fromkeys(OF_ICEBERG, ONLY_ICEBERG),
    "path": "kind != 'postgresql'",
    "engine": "kind == 'table'",
    "address": "kind == 'postgresql'",
    "rewrite": "kind == 'postgresql'",
}
"""When each field is shown, for Unfold. Without scripts all of them are."""


def _text(label: str, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label, required=False, help_text=help_text, widget=UnfoldAdminTextInputWidget()
    )


def _switch(label: str, help_text: str) -> forms.BooleanField:
    return forms.BooleanField(
        label=label, required=False, help_text=help_text, widget=UnfoldBooleanSwitchWidget()
    )


def _choice(label: str, choices: list[tuple[str, str]], help_text: str = "") -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        choices=choices,
        required=False,
        help_text=help_text,
        widget=UnfoldAdminSelectWidget(),
    )


def _secret(label: str, help_text: str = "") -> SecretFormField:
    return SecretFormField(stored=False, required=False, label=label, help_text=help_text)


class StorageLayerForm(forms.ModelForm):  # type: ignore[type-arg]
    """`cleaned_data` has `options` and `credentials` as the service takes them."""

    engine = _choice("Table format", [("delta", "Delta Lake"), ("iceberg", "Apache Iceberg")])
    bucket = _text("Bucket", "Its name, such as company-lake.")
    path = _text(
        "Folder",
        "Below the namespace's part of the lake; in S3, how the names begin. Empty: all of it.",
    )
    region = _text("Region", "Of the bucket, such as eu-central-1.")
    endpoint_url = _text(
        "Address of the store", "Only for another store than Amazon's: https, and public."
    )
    addressing_style = _choice(
        "Addressing style",
        [("auto", "Automatic"), ("path", "Bucket in the path"), ("virtual", "Bucket in the host")],
        "Most stores of one's own want the bucket in the path.",
    )
    requester_pays = _switch("Requester pays", "Requests to this bucket are paid by who asks.")
    catalog = _text("Catalog file", "Below the folder. Empty: catalog.db.")
    catalog_name = _text("Catalog name", "Empty: default.")
    access_key_id = _secret(
        "Access key ID",
        "Without keys the machine's own are used, where the operator allows it (S3_ROOTS).",
    )
    secret_access_key = _secret("Secret access key")
    session_token = _secret("Session token", "Only with temporary keys.")
    address = _secret(
        "Address with account",
        "postgresql://user:password@host/database?sslmode=verify-full&sslrootcert=system",
    )
    rewrite = _switch(
        "Rewrite tables after erasing",
        "VACUUM FULL: the bytes are gone at once, and the table is locked meanwhile.",
    )

    class Meta:
        model = StorageLayer
        fields = ("name", "kind")
        help_texts: ClassVar[dict[str, str]] = {"name": "What reports call it."}

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's
        super().__init__(*args, **options)
        stored = self.instance.options if isinstance(self.instance.options, dict) else {}
        for name in OPTIONS.get(self.instance.kind, ()):
            if name in stored:
                self.initial[name] = stored[name]
        kept = KEYS if self.instance.kind == LayerKind.S3 else ("address",)
        for name in kept if self.instance.credentials else ():
            if name in self.fields:
                plain = self.fields[name]
                self.fields[name] = SecretFormField(
                    stored=True, required=False, label=plain.label, help_text=plain.help_text
                )

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        kind = values.get("kind") or ""
        values["options"] = self._options(kind, values)
        values["credentials"] = self._credentials(kind, values)
        return values

    def _options(self, kind: str, values: dict[str, Any]) -> dict[str, Any]:
        """What is empty is left out, unless it was written down before."""
        before = self.instance.options if self.instance.kind == kind else {}
        names = OPTIONS.get(kind, ())
        if values.get("engine") != "iceberg":
            names = tuple(name for name in names if name not in OF_ICEBERG)
        told = {name: values.get(name) for name in names}
        if told.get("addressing_style") == "auto" and "addressing_style" not in before:
            del told["addressing_style"]
        return {name: value for name, value in told.items() if value or name in before}

    def _credentials(self, kind: str, values: dict[str, Any]) -> str | None:
        """None keeps what is stored. Keys come in pairs."""
        if kind == LayerKind.POSTGRESQL:
            return values.get("address") or None
        keys = {name: values.get(name) for name in KEYS if values.get(name)}
        if kind != LayerKind.S3 or not keys:
            return None
        for name in ("access_key_id", "secret_access_key"):
            if name not in keys:
                self.add_error(name, "Give the key's ID and its secret together.")
        return json.dumps(keys)

    def field_of(self, pointer: str) -> str:
        """`/options/bucket` is the field `bucket`."""
        return pointer.rsplit("/", 1)[-1]
