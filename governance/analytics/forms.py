"""Forms of the admin: an engine's options as fields of their own, SQL in a fixed-width editor."""

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from governance.analytics.domain.dashboards import PanelSpec
from governance.analytics.domain.engines import RANGES, EngineOptions
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


class EngineForm(forms.ModelForm[Engine]):
    """`options` is put together from its fields; kinds without an adapter are not offered."""

    memory_megabytes = _option("memory_megabytes")
    threads = _option("threads")
    timeout_seconds = _option("timeout_seconds")
    slots = _option("slots")
    max_result_rows = _option("max_result_rows")
    max_result_megabytes = _option("max_result_megabytes")

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
                self.fields[name].initial = value

    def values(self) -> dict[str, Any]:
        """For the service: the options in one."""
        cleaned = dict(self.cleaned_data)
        cleaned["options"] = {name: cleaned.pop(name) for name in RANGES}
        return cleaned


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
