"""What the admin's forms ask for, in the words of the person who fills them in."""

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from usage_limits.domain import quantities
from usage_limits.domain.breaches import AlertEvent
from usage_limits.domain.channels import CHOOSABLE
from usage_limits.domain.features import MEASURES, FeatureType
from usage_limits.domain.quantities import LIMIT_PLACES, AmountInvalid
from usage_limits.domain.rules import MOST_PREDICATES, Metric, Operator, Predicate
from usage_limits.models import AlertChannel, UsageLimit, WorkloadRule

NOT_CHOSEN = ("", "none")
PREDICATE_ROWS = tuple(
    (f"metric_{number}", f"operator_{number}", f"value_{number}")
    for number in range(1, MOST_PREDICATES + 1)
)
METRIC_LABELS = {
    Metric.QUERY_EXECUTION_TIME: "query_execution_time (seconds)",
    Metric.QUERY_QUEUE_TIME: "query_queue_time (seconds)",
    Metric.SPECTRUM_SCAN_SIZE_MB: "spectrum_scan_size_mb (MB)",
    Metric.SPECTRUM_SCAN_ROW_COUNT: "spectrum_scan_row_count (rows)",
    Metric.SCAN_ROW_COUNT: "scan_row_count (rows)",
    Metric.RETURN_ROW_COUNT: "return_row_count (rows)",
    Metric.QUERY_CPU_TIME: "query_cpu_time (seconds)",
    Metric.QUERY_TEMP_BLOCKS_TO_DISK: "query_temp_blocks_to_disk (blocks of 1 MB)",
    Metric.QUERY_PRIORITY: "query_priority (LOWEST to HIGHEST)",
}
EVENT_LABELS = {
    AlertEvent.THRESHOLD: "A threshold below 100 % is crossed",
    AlertEvent.REACHED: "A limit is reached",
    AlertEvent.DISABLED: "A limit disables its feature",
    AlertEvent.REFUSED: "A query is refused",
    AlertEvent.RULE: "A workload rule aborts a query",
}


class AmountFormField(forms.CharField):
    """An exact decimal, read by the same gate as the REST API's."""

    def to_python(self, value: Any) -> Any:  # noqa: ANN401 - Django's own type
        text = super().to_python(value)
        if not text:
            return text
        try:
            return quantities.parse(text, places=LIMIT_PLACES)
        except AmountInvalid as refused:
            raise forms.ValidationError(refused.errors[0].detail, code=refused.code) from refused

    def prepare_value(self, value: Any) -> Any:  # noqa: ANN401 - Django's own type
        return quantities.text(value) if isinstance(value, Decimal) else value


class PercentagesFormField(forms.CharField):
    """Whole percentages, with commas between them."""

    def to_python(self, value: Any) -> Any:  # noqa: ANN401 - Django's own type
        if isinstance(value, list):
            return value
        text = super().to_python(value) or ""
        parts = [part.strip().removesuffix("%").strip() for part in text.split(",") if part.strip()]
        if not all(part.isascii() and part.isdecimal() and len(part) <= 4 for part in parts):  # noqa: PLR2004 - digits of 1000
            message = "Write whole percentages with commas between them, such as 80, 100."
            raise forms.ValidationError(message)
        return [int(part) for part in parts]

    def prepare_value(self, value: Any) -> Any:  # noqa: ANN401 - Django's own type
        return ", ".join(str(part) for part in value) if isinstance(value, list) else value


class UsageLimitForm(forms.ModelForm[UsageLimit]):
    explained_by_service = True
    amount = AmountFormField(
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
        help_text="TB (2^40 bytes) for spectrum, minutes for concurrency scaling.",
    )
    thresholds = PercentagesFormField(
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Per cent at which to log and alert, such as 50, 80, 100. 100 is always watched.",
    )

    class Meta:
        model = UsageLimit
        fields = ("feature_type", "amount", "period", "breach_action", "thresholds")

    def _post_clean(self) -> None:
        if self.instance.limit_type == "" and self.cleaned_data.get("feature_type"):
            feature = FeatureType(self.cleaned_data["feature_type"])
            self.instance.limit_type = MEASURES[feature].limit_type.value
        super()._post_clean()  # type: ignore[misc]


def _metric() -> forms.ChoiceField:
    choices = [NOT_CHOSEN, *((metric.value, METRIC_LABELS[metric]) for metric in Metric)]
    return forms.ChoiceField(
        choices=choices, required=False, label="Metric", widget=UnfoldAdminSelectWidget()
    )


def _operator() -> forms.ChoiceField:
    choices = [(operator.value, operator.value) for operator in reversed(Operator)]
    return forms.ChoiceField(
        choices=choices, required=False, label="Operator", widget=UnfoldAdminSelectWidget()
    )


def _value() -> forms.CharField:
    return forms.CharField(
        required=False,
        label="Value",
        widget=UnfoldAdminTextInputWidget(),
        help_text="A whole number in the metric's unit, or a priority.",
    )


class WorkloadRuleForm(forms.ModelForm[WorkloadRule]):
    """Predicates as up to three rows of metric, operator and value."""

    explained_by_service = True
    metric_1, operator_1, value_1 = _metric(), _operator(), _value()
    metric_2, operator_2, value_2 = _metric(), _operator(), _value()
    metric_3, operator_3, value_3 = _metric(), _operator(), _value()

    class Meta:
        model = WorkloadRule
        fields = ("name", "action", "priority", "position")

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's
        super().__init__(*args, **options)
        for number, item in enumerate(self.instance.predicates or [], start=1):
            self.initial[f"metric_{number}"] = item["metric"]
            self.initial[f"operator_{number}"] = item["operator"]
            self.initial[f"value_{number}"] = item["value"]

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        found = []
        self.numbers: list[int] = []
        for number in range(1, MOST_PREDICATES + 1):
            metric, value = values.get(f"metric_{number}"), values.get(f"value_{number}", "")
            if not metric:
                continue
            text = str(value).strip()
            plain = text.isascii() and text.isdecimal() and len(text) <= 18  # noqa: PLR2004 - digits
            found.append(
                Predicate(
                    metric=Metric(metric),
                    operator=Operator(values.get(f"operator_{number}") or ">"),
                    value=int(text) if plain else text.upper(),
                )
            )
            self.numbers.append(number)
        values["predicates"] = tuple(found)
        return values

    def field_of(self, pointer: str) -> str:
        """`/predicates/0/value` is the first row that was filled in."""
        parts = pointer.strip("/").split("/")
        if parts[0] != "predicates":
            return parts[0]
        if len(parts) < 3:  # noqa: PLR2004 - the list itself
            return "metric_1"
        return f"{parts[2]}_{self.numbers[int(parts[1])]}"


class AlertChannelForm(forms.ModelForm[AlertChannel]):
    explained_by_service = True
    events = forms.MultipleChoiceField(
        choices=[(event.value, EVENT_LABELS[event]) for event in CHOOSABLE],
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text="Nothing chosen means everything.",
    )

    class Meta:
        model = AlertChannel
        fields = ("kind", "target", "secret", "events", "enabled")
        widgets: ClassVar[dict[str, Any]] = {"target": UnfoldAdminTextInputWidget()}
