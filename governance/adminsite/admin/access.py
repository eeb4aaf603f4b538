"""Roles and policies, with a box to try out what they would decide."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from governance.adminsite.actions import detail_action
from governance.adminsite.attention import Urgency
from governance.adminsite.fields import ManyOf, PrettyJSONField
from governance.adminsite.options import NamespacedModelAdmin
from governance.adminsite.results import Result
from governance.kernel import policies as evaluator
from governance.kernel.actions import Action
from governance.tenancy.models import Policy, Role
from governance.tenancy.services import policies, roles

ACTION_CHOICES = [(action.value, action.value) for action in Action]


class SimulateForm(forms.Form):
    action = forms.ChoiceField(choices=ACTION_CHOICES, widget=UnfoldAdminSelectWidget())
    resource = forms.CharField(
        initial="*",
        widget=UnfoldAdminTextInputWidget(),
        help_text="* for no particular thing, or an ARN: arn:aws:lakewarden::…:dashboard/sales",
    )
    context = PrettyJSONField(
        rows=4,
        required=False,
        initial=dict,
        help_text='What conditions look at, for example {"aws:PrincipalTag/department": "sales"}',
    )


def result_of(decided: evaluator.Decision) -> Result:
    by = f"Decided by {decided.statement}." if decided.statement else "No statement applies."
    if decided.allowed:
        return Result(urgency=None, word="Allowed", sentence=by)
    return Result(urgency=Urgency.DANGER, word="Denied", sentence=by)


class RoleForm(forms.ModelForm[Role]):
    """`attached` are the policies: the model's own relation would be saved behind the service."""

    attached = ManyOf(label="Policies")
    trust_policy = PrettyJSONField(
        rows=6,
        required=False,
        help_text="Empty {}: the claim rules of any identity provider of the namespace may give "
        "this role. A provider that names roles itself must be named here.",
    )
    storage_prefixes = PrettyJSONField(
        rows=3, required=False, help_text='Folders of the lake, for example ["sales/"]. Empty: all.'
    )

    class Meta:
        model = Role
        fields = ("name", "description", "max_session_seconds", "trust_policy", "storage_prefixes")

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's
        super().__init__(*args, **options)
        if "attached" not in self.fields:
            return
        choices: Any = self.fields["attached"]
        choices.queryset = Policy.objects.order_by("name")
        if self.instance._state.db:  # noqa: SLF001 - Django's name for: it is saved
            self.initial["attached"] = self.instance.policies.all()

    def clean_trust_policy(self) -> object:
        return self.cleaned_data["trust_policy"] or {}

    def clean_storage_prefixes(self) -> object:
        prefixes = self.cleaned_data["storage_prefixes"] or []
        if not isinstance(prefixes, list) or not all(isinstance(each, str) for each in prefixes):
            message = 'Write a list of folders, such as ["sales/"].'
            raise forms.ValidationError(message)
        return prefixes


@admin.register(Role)
class RoleAdmin(NamespacedModelAdmin):
    read_action = Action.READ_ROLES
    write_action = Action.MANAGE_ROLES
    form = RoleForm
    list_display = ("name", "description", "policy_names", "people", "max_session_seconds")
    search_fields = ("name", "description")
    ordering = ("name",)
    readonly_fields = ("arn_text",)
    empty_state = "No role yet. A role holds policies, and claim rules give it to people."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Role]:
        rows: QuerySet[Role] = super().get_queryset(request).select_related("namespace")
        return rows.prefetch_related("policies").annotate(
            people_count=Count("bindings__user", distinct=True)
        )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ANN401 - Django's
        del request
        named = ("name", "description") if obj is None else ("name", "arn_text", "description")
        return (
            (None, {"fields": (*named, "max_session_seconds")}),
            ("What it may", {"fields": ("attached", "storage_prefixes")}),
            ("Who may assume it", {"fields": ("trust_policy",)}),
        )

    @display(description="ARN")
    def arn_text(self, row: Role) -> str:
        return row.arn

    @display(description="Policies")
    def policy_names(self, row: Role) -> str:
        return ", ".join(sorted(policy.name for policy in row.policies.all())) or "none"

    @display(description="People", ordering="people_count")
    def people(self, row: Any) -> int:  # noqa: ANN401 - annotated above
        count: int = row.people_count
        return count

    def perform_save(self, request: HttpRequest, row: Any, form: Any, change: bool) -> Role:  # noqa: ANN401, FBT001
        actor, now = self.actor(request), timezone.now()
        values = {**form.cleaned_data, "policies": list(form.cleaned_data["attached"])}
        del values["attached"]
        if change:
            return roles.change(role=row, values=values, actor=actor, now=now)  # type: ignore[arg-type]
        return roles.create(values=values, actor=actor, now=now)  # type: ignore[arg-type]

    def perform_delete(self, request: HttpRequest, row: Role) -> None:
        roles.remove(role=row, actor=self.actor(request), now=timezone.now())

    @detail_action(
        label="Try it out",
        action=Action.READ_ROLES,
        icon="rule",
        form=SimulateForm,
        intro="What would this role's policies decide? Nothing is changed.",
    )
    def simulate(self, request: HttpRequest, row: Role, values: dict[str, Any]) -> Result:
        del request
        return result_of(roles.simulate(role=row, **_question(values)))


class PolicyForm(forms.ModelForm[Policy]):
    document = PrettyJSONField(help_text="IAM JSON: Version and Statement. Checked when saved.")

    class Meta:
        model = Policy
        fields = ("name", "description", "document")


@admin.register(Policy)
class PolicyAdmin(NamespacedModelAdmin):
    read_action = Action.READ_ROLES
    write_action = Action.MANAGE_ROLES
    form = PolicyForm
    fields = ("name", "description", "document")
    list_display = ("name", "description", "role_names", "updated_at")
    search_fields = ("name", "description")
    ordering = ("name",)
    empty_state = "No policy yet. Start from one of the presets, such as lakewarden-reader."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Policy]:
        rows: QuerySet[Policy] = super().get_queryset(request)
        return rows.prefetch_related("roles")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        statement = {"Effect": "Allow", "Action": ["lakewarden:ReadUsage"], "Resource": "*"}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        return {"document": document, **super().get_changeform_initial_data(request)}

    @display(description="Roles")
    def role_names(self, row: Policy) -> str:
        return ", ".join(sorted(role.name for role in row.roles.all())) or "none"

    def perform_save(self, request: HttpRequest, row: Any, form: Any, change: bool) -> Policy:  # noqa: ANN401, FBT001
        actor, now = self.actor(request), timezone.now()
        if change:
            return policies.change(policy=row, values=form.cleaned_data, actor=actor, now=now)
        return policies.create(values=form.cleaned_data, actor=actor, now=now)

    def perform_delete(self, request: HttpRequest, row: Policy) -> None:
        policies.remove(policy=row, actor=self.actor(request), now=timezone.now())

    @detail_action(
        label="Try it out",
        action=Action.READ_ROLES,
        icon="rule",
        form=SimulateForm,
        intro="What would this policy alone decide? Nothing is changed.",
    )
    def simulate(self, request: HttpRequest, row: Policy, values: dict[str, Any]) -> Result:
        del request
        parsed = evaluator.Policy.parse(name=row.name, document=row.document)
        return result_of(evaluator.decide(policies=(parsed,), **_question(values)))


def _question(values: dict[str, Any]) -> dict[str, Any]:
    return {
        "action": values["action"],
        "resource": values["resource"],
        "context": values["context"] or {},
    }
