"""Forms of the admin: an engine's options as fields of their own, SQL in a fixed-width editor."""

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from governance.analytics.domain import hive_options
from governance.analytics.domain.dashboards import PanelSpec
from governance.analytics.domain.engines import (
    OF_THIS_MACHINE,
    RANGES,
    EngineKind,
    EngineOptions,
)
from governance.analytics.models import Dashboard, DashboardPanel, Engine, LakeView
from governance.analytics.services import dashboards
from governance.kernel.refusals import Refusal

HINTS = {
    "memory_megabytes": "What one query may use before it is stopped.",
    "threads": "For one query.",
    "timeout_seconds": "A query that runs longer is stopped.",
    "slots": "How many queries run at the same time.",
    "max_result_rows": "A larger result is refused, with the advice to add a LIMIT.",
    "max_result_megabytes": "The same, by size.",
}


def _option(name: str) -> forms.IntegerField:
    least, most = RANGES[name]
    return forms.IntegerField(
        min_value=least,
        max_value=most,
        initial=getattr(EngineOptions(), name),
        help_text=HINTS[name],
        widget=UnfoldAdminIntegerFieldWidget(),
    )


def sql_widget(rows: int = 8) -> UnfoldAdminTextareaWidget:
    return UnfoldAdminTextareaWidget(
        attrs={"rows": rows, "class": "lw-code", "spellcheck": "false"}
    )


HIVE_HINTS = {
    "host": "Of the Spark Thrift Server or HiveServer2, such as spark.company.example.",
    "ca_certificates": "PEM. Empty: the authorities that this machine trusts.",
    "username": "The service's own account on the server: everybody's queries run as it.",
    "lake_url": (
        "The namespace's folder as the server sees it, such as s3a://company-lake/acme. Empty "
        "where the operator has set it (HIVE_SERVERS)."
    ),
    "server_databases": "Where names differ: ours=theirs, comma-separated, such as default=acme.",
}
HIVE_CHOICES: dict[str, tuple[str, dict[str, str]]] = {
    "product": ("Product", {"spark": "Apache Spark Thrift Server", "hive": "Apache Hive"}),
    "transport": ("Transport security", {"tls": "TLS", "plain": "None (servers named by us)"}),
    "authentication": (
        "Authentication",
        {"plain": "User name and password", "none": "None (SASL)", "nosasl": "None (no SASL)"},
    ),
    "tables": ("Tables are", {"files": "Files of the lake", "server": "Tables of the server"}),
    "sizes": ("Sizes are told by", {"server": "The server", "lake": "The lake, as we see it"}),
}
ONLY_HIVE, ONLY_DUCKDB = "kind == 'hiveserver2'", "kind == 'duckdb'"
ENGINE_CONDITIONS = {
    **dict.fromkeys(("port", "credentials", *HIVE_HINTS, *HIVE_CHOICES), ONLY_HIVE),
    **dict.fromkeys(OF_THIS_MACHINE, ONLY_DUCKDB),
}
"""When each field is shown, for Unfold. Without scripts all of them are."""
SERVER_FIELDS = (
    *("product", "host", "port", "transport", "ca_certificates", "authentication", "username"),
    *("credentials", "tables", "lake_url", "server_databases", "sizes"),
)


def _text(name: str) -> forms.CharField:
    label = "Certificate authority" if name == "ca_certificates" else None
    widget = sql_widget(4) if name == "ca_certificates" else UnfoldAdminTextInputWidget()
    return forms.CharField(required=False, label=label, help_text=HIVE_HINTS[name], widget=widget)


def _choice(name: str) -> forms.ChoiceField:
    label, words = HIVE_CHOICES[name]
    return forms.ChoiceField(
        label=label, choices=list(words.items()), required=False, widget=UnfoldAdminSelectWidget()
    )


class EngineForm(forms.ModelForm[Engine]):
    """`options` is put together from its fields; kinds without an adapter are not offered."""

    memory_megabytes = _option("memory_megabytes")
    threads = _option("threads")
    timeout_seconds = _option("timeout_seconds")
    slots = _option("slots")
    max_result_rows = _option("max_result_rows")
    max_result_megabytes = _option("max_result_megabytes")
    host = _text("host")
    port = forms.IntegerField(
        required=False, min_value=1, max_value=65_535, widget=UnfoldAdminIntegerFieldWidget()
    )
    product = _choice("product")
    transport = _choice("transport")
    ca_certificates = _text("ca_certificates")
    authentication = _choice("authentication")
    username = _text("username")
    tables = _choice("tables")
    lake_url = _text("lake_url")
    server_databases = _text("server_databases")
    sizes = _choice("sizes")

    class Meta:
        model = Engine
        fields = ("name", "kind", "pool", "databases", "credentials", "enabled")
        widgets: ClassVar[dict[str, Any]] = {"databases": UnfoldAdminTextInputWidget()}

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's
        super().__init__(*args, **options)
        if "kind" in self.fields:
            kinds = [
                choice
                for choice in Engine._meta.get_field("kind").choices or ()  # noqa: SLF001 - Django's name
                if choice[0] in settings.ANALYTICS_ENGINES
            ]
            self.fields["kind"].choices = kinds  # type: ignore[attr-defined]
        for name, value in (self.instance.options or {}).items():
            if name in self.fields:
                shown = _pairs_shown(value) if isinstance(value, dict) else value
                self.fields[name].initial = shown

    def clean_server_databases(self) -> dict[str, str]:
        """`ours=theirs` pairs. What is wrong with a name is said by the service."""
        words = [word.strip() for word in self.cleaned_data["server_databases"].split(",")]
        pairs = [word.partition("=") for word in words if word]
        return {ours.strip(): theirs.strip() for ours, _, theirs in pairs}

    def values(self) -> dict[str, Any]:
        """For the service: the options in one, of this kind alone; what is empty is left out."""
        cleaned = dict(self.cleaned_data)
        options = {name: cleaned.pop(name) for name in (*RANGES, *hive_options.NAMES)}
        is_hive = cleaned.get("kind") == EngineKind.HIVESERVER2
        foreign = OF_THIS_MACHINE if is_hive else hive_options.NAMES
        cleaned["options"] = {
            name: value
            for name, value in options.items()
            if name not in foreign and value not in ("", None, {})
        }
        return cleaned

    def field_of(self, pointer: str) -> str:
        """`/options/host` is the field `host`."""
        return pointer.rsplit("/", 1)[-1]


def _pairs_shown(pairs: dict[str, str]) -> str:
    return ", ".join(f"{ours}={theirs}" for ours, theirs in pairs.items())


class LakeViewForm(forms.ModelForm[LakeView]):
    class Meta:
        model = LakeView
        fields = ("database", "name", "sql", "description")
        widgets: ClassVar[dict[str, Any]] = {"sql": sql_widget()}


class PanelForm(forms.ModelForm[DashboardPanel]):
    class Meta:
        model = DashboardPanel
        fields = ("position", "title", "chart", "sql")
        widgets: ClassVar[dict[str, Any]] = {"sql": sql_widget(6)}


class PanelFormSet(forms.BaseInlineFormSet[DashboardPanel, Dashboard, PanelForm]):
    """Refuses SQL that could never run, at its own field."""

    def clean(self) -> None:
        super().clean()
        for form in self.forms:
            cleaned = getattr(form, "cleaned_data", {})
            sql = cleaned.get("sql")
            if not sql or cleaned.get("DELETE"):
                continue
            try:
                dashboards.check_panels([PanelSpec(title="", sql=sql)])
            except Refusal as refusal:
                form.add_error("sql", refusal.errors[0].detail)
