"""API tokens: made by area, shown once, revoked at once."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminIntegerFieldWidget

from governance.adminsite.actions import detail_action
from governance.adminsite.options import NamespacedModelAdmin
from governance.adminsite.results import shown_once
from governance.kernel.actions import Action, Area
from governance.tenancy.models import ApiToken
from governance.tenancy.services import tokens

SCOPES = [
    (f"{area.value}:{mode}", f"{area.value}:{mode}") for area in Area for mode in ("read", "write")
]


class TokenForm(forms.ModelForm[ApiToken]):
    scopes = forms.MultipleChoiceField(
        choices=SCOPES,
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text="Writing includes reading. No token approves an erasure.",
    )
    days = forms.IntegerField(
        initial=tokens.DEFAULT_DAYS,
        min_value=1,
        max_value=tokens.MAX_DAYS,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="It stops working after so many days.",
    )

    class Meta:
        model = ApiToken
        fields = ("name", "scopes")


@admin.register(ApiToken)
class ApiTokenAdmin(NamespacedModelAdmin):
    read_action = Action.READ_TOKENS
    write_action = Action.MANAGE_TOKENS
    can_change = can_delete = False
    across_namespaces = True
    form = TokenForm
    list_display = ("name", "prefix", "scope_list", "state_pill", "expires_at", "last_used_at")
    search_fields = ("name", "prefix")
    empty_state = "No token yet. Add one for each script, with the fewest scopes that do."
    add_fieldsets = ((None, {"fields": ("name", "scopes", "days")}),)
    fields = (
        "name",
        "prefix",
        "scope_list",
        "state_pill",
        "created_by",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
    )

    @display(description="Scopes")
    def scope_list(self, row: ApiToken) -> str:
        return ", ".join(row.scopes)

    @display(
        description="State", label={"Live": "success", "Revoked": "danger", "Expired": "warning"}
    )
    def state_pill(self, row: ApiToken) -> str:
        if row.revoked_at is not None:
            return "Revoked"
        return "Live" if row.is_live(at=timezone.now()) else "Expired"

    def perform_save(self, request: HttpRequest, row: Any, form: Any, change: bool) -> ApiToken:  # noqa: ANN401, FBT001
        del row, change
        values = form.cleaned_data
        token, text = tokens.create(
            name=values["name"],
            scopes=values["scopes"],
            days=values["days"],
            actor=self.actor(request),
            now=timezone.now(),
        )
        request.token_text = text  # type: ignore[attr-defined]  # for response_add alone
        return token

    def response_add(
        self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        del post_url_continue
        return shown_once(
            request=request,
            context=self.admin_site.each_context(request),
            title=f"Token {obj.name}",
            label="Copy it now. Only its fingerprint is kept, so it is not shown again.",
            secret=request.token_text,  # type: ignore[attr-defined]
            back=self.change_url(obj.pk),
        )

    @detail_action(
        label="Revoke",
        action=Action.MANAGE_TOKENS,
        icon="block",
        danger=True,
        shown=lambda row: row.revoked_at is None,
    )
    def revoke(self, request: HttpRequest, row: ApiToken, values: dict[str, Any]) -> str:
        del values
        tokens.revoke(token=row, actor=self.actor(request), now=timezone.now())
        return "Revoked: the next request with this token is refused."
