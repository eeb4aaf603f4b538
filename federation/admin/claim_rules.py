"""Claim rules as an Entra administrator writes them."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from federation.domain.transformations import PARAMETERS, Function
from federation.models import ClaimRule
from federation.selectors import identity_providers
from federation.services import claim_rules
from governance.adminsite.options import NamespacedModelAdmin
from governance.kernel.actions import Action
from governance.kernel.arns import ROLE, role_arn
from governance.tenancy.models import Role

NOT_CHOSEN = ("", "none")
FUNCTIONS = [
    NOT_CHOSEN,
    *((one.value, f"{one.value} ({', '.join(PARAMETERS[one][1])})") for one in Function),
]


def _lines(rows: int) -> UnfoldAdminTextareaWidget:
    return UnfoldAdminTextareaWidget(attrs={"rows": rows, "class": "lw-code"})


class ClaimRuleForm(forms.ModelForm[ClaimRule]):
    """Transformations as two rows of a function and its parameters, one a line."""

    position = forms.IntegerField(
        required=False,
        min_value=0,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="Rows run top down, and the last match wins. Empty: at the end.",
    )
    groups = forms.CharField(
        required=False,
        widget=_lines(3),
        help_text="One a line, exactly as the provider sends them. Empty: everybody.",
    )
    role: forms.ModelChoiceField[Role] = forms.ModelChoiceField(
        queryset=None,
        required=False,
        widget=UnfoldAdminSelectWidget(),
        help_text="For the claim Role: writes the pair of ARNs into the value.",
    )
    first_function = forms.ChoiceField(
        choices=FUNCTIONS, required=False, widget=UnfoldAdminSelectWidget()
    )
    first_parameters = forms.CharField(
        required=False,
        widget=_lines(3),
        help_text='One a line: user.userprincipalname, an attribute\'s name or a "constant".',
    )
    second_function = forms.ChoiceField(
        choices=FUNCTIONS, required=False, widget=UnfoldAdminSelectWidget()
    )
    second_parameters = forms.CharField(
        required=False,
        widget=_lines(3),
        help_text="One a line, without the input: that is the output of the first.",
    )

    class Meta:
        model = ClaimRule
        # Not the provider: its choices may be asked for in a scope only, and the admin adds it.
        fields = ("claim", "position", "user_type", "source", "value")
        widgets: ClassVar[dict[str, Any]] = {"value": UnfoldAdminTextInputWidget()}

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's
        super().__init__(*args, **options)
        if "role" in self.fields:
            self.fields["role"].queryset = Role.objects.order_by("name")  # type: ignore[attr-defined]
        self.initial["groups"] = "\n".join(self.instance.groups)
        for name, step in zip(("first", "second"), self.instance.transformations, strict=False):
            self.initial[f"{name}_function"] = step.get("function", "")
            self.initial[f"{name}_parameters"] = "\n".join(_in_order(step))

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        groups = values.get("groups", "").splitlines()
        values["groups"] = [name.strip() for name in groups if name.strip()]
        values["transformations"] = [
            _step(values, name, skip=skip)
            for skip, name in enumerate(("first", "second"))
            if values.get(f"{name}_function")
        ]
        role, provider = values.get("role"), values.get("identity_provider")
        if role is not None and provider is not None:
            account = provider.namespace.account_id
            arn = role_arn(account_id=account, name=role.name)
            values["value"] = f"{arn},{identity_providers.arn(provider)}"
        return values


def _in_order(step: dict[str, Any]) -> list[str]:
    """A stored step's parameters, one a line. Those of RegexReplace's own are `name=value`."""
    written = step.get("parameters", {})
    if not isinstance(written, dict):
        return [str(value) for value in written]
    names = PARAMETERS[Function(step["function"])][1]
    known = [str(written[name]) for name in names if name in written]
    return known + [f"{name}={value}" for name, value in written.items() if name not in names]


def _step(values: dict[str, Any], which: str, *, skip: int) -> dict[str, Any]:
    function = Function(values[f"{which}_function"])
    names = PARAMETERS[function][1][skip:]
    lines = values.get(f"{which}_parameters", "").splitlines()
    parameters = dict(zip(names, lines, strict=False))
    for extra in lines[len(names) :]:
        name, _, value = extra.partition("=")
        parameters[name.strip()] = value
    return {"function": function.value, "parameters": parameters}


@admin.register(ClaimRule)
class ClaimRuleAdmin(NamespacedModelAdmin):
    read_action = Action.READ_FEDERATION
    write_action = Action.MANAGE_IDENTITY_PROVIDERS
    form = ClaimRuleForm
    list_display = ("claim", "position", "identity_provider", "condition", "gives")
    list_filter = ("identity_provider", "source")
    search_fields = ("claim", "value")
    ordering: Any = ("identity_provider", "claim", "position")
    empty_state = "No claim rule yet. Without one, nobody gets a role by their group."

    def get_queryset(self, request: HttpRequest) -> QuerySet[ClaimRule]:
        rows: QuerySet[ClaimRule] = super().get_queryset(request)
        return rows.select_related("identity_provider__namespace")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ANN401 - Django's
        del request, obj
        steps = ("first_function", "first_parameters", "second_function", "second_parameters")
        return (
            (None, {"fields": ("identity_provider", "claim", "position")}),
            ("For whom", {"fields": ("user_type", "groups")}),
            ("What they get", {"fields": ("source", "role", "value")}),
            ("Transformation", {"fields": steps}),
        )

    @display(description="For")
    def condition(self, row: ClaimRule) -> str:
        who = row.get_user_type_display()
        return f"{who} in {', '.join(row.groups)}" if row.groups else f"{who}, everybody"

    @display(description="Gives")
    def gives(self, row: ClaimRule) -> str:
        if row.source == ClaimRule.Source.ATTRIBUTE:
            role = ROLE.fullmatch(row.value.rpartition(",arn:")[0])
            return row.value if role is None else f"the role {role['name']}"
        return " then ".join(
            f"{step.get('function')}({', '.join(_in_order(step))})" for step in row.transformations
        )

    def perform_save(self, request: HttpRequest, row: Any, form: Any, change: bool) -> ClaimRule:  # noqa: ANN401, FBT001
        names = ("identity_provider", "claim", "user_type", "groups", "source", "value")
        values = {name: form.cleaned_data[name] for name in (*names, "transformations")}
        if form.cleaned_data.get("position") is not None:
            values["position"] = form.cleaned_data["position"]
        actor, now = self.actor(request), timezone.now()
        if change:
            return claim_rules.change(rule=row, values=values, actor=actor, now=now)  # type: ignore[arg-type]
        return claim_rules.create(values=values, actor=actor, now=now)  # type: ignore[arg-type]

    def perform_delete(self, request: HttpRequest, row: ClaimRule) -> None:
        claim_rules.remove(rule=row, actor=self.actor(request), now=timezone.now())
